"""Several workers (N-6): where each is, who looks after a dead one, what is asked across them.

Level 6 beats without telling its applications: channels that it leaves without a call are found by
itself, when it is back.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("workers", sa.Column("apps", sa.Text, nullable=False, server_default="{}"))
    op.add_column("workers", sa.Column("heir", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "commands",
        sa.Column("command_id", sa.Text, primary_key=True),
        sa.Column("call_uuid", sa.Text, nullable=False),
        sa.Column("asked", sa.LargeBinary, nullable=False),
        sa.Column("added_at", sa.BigInteger, nullable=False),
        sa.Column("answered_at", sa.BigInteger),
        sa.Column("answer", sa.LargeBinary, nullable=False),
    )
    op.create_index("commands_call", "commands", ["call_uuid"])
    op.create_index("commands_added", "commands", ["added_at"])
