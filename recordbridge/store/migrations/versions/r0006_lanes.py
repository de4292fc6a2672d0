"""Lanes (H-4): where a request goes, so that those that are due are found by an index.

Level 5 writes rows without a lane; whoever takes them up gives them theirs. Its index of what is
due is replaced: it held every request ever made.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from recordbridge.plivo.lanes import lane_of

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("requests", sa.Column("lane", sa.Text, nullable=False, server_default=""))
    connection = op.get_bind()
    unfinished = "SELECT request_id, url FROM requests WHERE state IN ('waiting', 'sending')"
    for request_id, url in connection.exec_driver_sql(unfinished).fetchall():
        connection.execute(
            sa.text("UPDATE requests SET lane = :lane, state = 'waiting' WHERE request_id = :id"),
            {"lane": lane_of(url), "id": request_id},
        )
    op.drop_index("requests_due", "requests")
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "requests_waiting",
        "requests",
        ["owner", "lane", "due_at"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
