"""What the REST API needs: pauses, deleted recordings, counted attempts, starts to recognise.

New columns have defaults, so that level 1 can still write beside them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("recordings", sa.Column("pauses", sa.Text, nullable=False, server_default=""))
    op.add_column("recordings", sa.Column("deleted_at", sa.BigInteger))
    op.add_column("requests", sa.Column("attempts", sa.Integer, nullable=False, server_default="0"))
    op.create_index("requests_account", "requests", ["account", "created_at"])
    op.create_index("calls_account", "calls", ["account", "entered_at"])
    op.create_table(
        "starts",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("call_uuid", sa.Text, nullable=False),
        sa.Column("recording_id", sa.Text, nullable=False),
        sa.Column("api_id", sa.Text, nullable=False),
        sa.Column("added_at", sa.BigInteger, nullable=False),
    )
    op.create_index("starts_added", "starts", ["added_at"])
