"""Leases (N-6): workers and until when they live, owners of calls and of requests.

Level 2 writes rows without an owner: they are taken by whoever starts next.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    for table in ("calls", "requests"):
        op.add_column(table, sa.Column("owner", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "workers",
        sa.Column("worker", sa.Text, primary_key=True),
        sa.Column("beat_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
