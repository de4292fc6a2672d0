"""Transcripts: what was said in recordings, and those of which it is to be found out (T-1)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "transcripts",
        sa.Column("recording_id", sa.Text, primary_key=True),
        sa.Column("call_uuid", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("file_format", sa.Text, nullable=False),
        sa.Column("channels", sa.Integer, nullable=False),
        sa.Column("duration_ms", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("added_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("done_at", sa.BigInteger),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("spoken", sa.LargeBinary, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("engine", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
    )
    op.create_index("transcripts_due", "transcripts", ["state", "due_at"])
    op.create_index("transcripts_call", "transcripts", ["call_uuid"])
