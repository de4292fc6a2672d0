"""Transcriptions that REST asks for: by which model, told to whom and under which id.

New columns have defaults, so that level 4 can still write beside them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    for name in ("model", "request_id", "target"):
        op.add_column("transcripts", sa.Column(name, sa.Text, nullable=False, server_default=""))
