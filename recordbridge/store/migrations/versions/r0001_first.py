"""Calls, recordings, requests, attempts, secrets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _calls()
    _recordings()
    _requests()
    _attempts()
    op.create_table(
        "secrets",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "commits",
        sa.Column("worker", sa.Text, primary_key=True),
        sa.Column("mark", sa.Text, nullable=False),
    )
    floor = op.create_table(
        "schema_floor",
        sa.Column("level", sa.Integer, nullable=False),
        comment="M-3: the oldest schema level whose release can still use this database",
    )
    op.bulk_insert(floor, [{"level": 1}])


def _calls() -> None:
    op.create_table(
        "calls",
        sa.Column("call_uuid", sa.Text, primary_key=True),
        sa.Column("asterisk", sa.Text, nullable=False),
        sa.Column("channel_id", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("application", sa.Text, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("dialled", sa.Text, nullable=False),
        sa.Column("direction", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("entered_at", sa.BigInteger, nullable=False),
        sa.Column("answered_at", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("hangup_cause", sa.Text, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("state", sa.LargeBinary, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
    )
    is_open = sa.text("open = true")
    op.create_index(
        "calls_open", "calls", ["asterisk"], sqlite_where=is_open, postgresql_where=is_open
    )
    op.create_index("calls_entered", "calls", ["entered_at"])
    op.create_index("calls_channel", "calls", ["channel_id"])


def _recordings() -> None:
    op.create_table(
        "recordings",
        sa.Column("recording_id", sa.Text, primary_key=True),
        sa.Column("call_uuid", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("application", sa.Text, nullable=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("file_format", sa.Text, nullable=False),
        sa.Column("channels", sa.Integer, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("dialled", sa.Text, nullable=False),
        sa.Column("added_at", sa.BigInteger, nullable=False),
        sa.Column("start_ms", sa.BigInteger),
        sa.Column("end_ms", sa.BigInteger),
        sa.Column("duration_ms", sa.BigInteger),
        sa.Column("stopped_ms", sa.BigInteger),
        sa.Column("end_reason", sa.Text, nullable=False),
        sa.Column("digits", sa.Text, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger),
        sa.Column("digest", sa.Text, nullable=False),
    )
    op.create_index("recordings_account", "recordings", ["account", "added_at"])
    op.create_index("recordings_call", "recordings", ["call_uuid"])
    op.create_index("recordings_caller", "recordings", ["caller"])
    op.create_index("recordings_dialled", "recordings", ["dialled"])


def _requests() -> None:
    op.create_table(
        "requests",
        sa.Column("request_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("call_uuid", sa.Text, nullable=False),
        sa.Column("recording_id", sa.Text),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("retry", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("wants_document", sa.Boolean, nullable=False),
        sa.Column("durable", sa.Boolean, nullable=False),
        sa.Column("after", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("settled", sa.Boolean, nullable=False),
    )
    op.create_index("requests_due", "requests", ["state", "due_at"])
    op.create_index("requests_call", "requests", ["call_uuid"])
    op.create_index("requests_recording", "requests", ["recording_id"])


def _attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("request_id", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("connect_ms", sa.Integer, nullable=False),
        sa.Column("first_byte_ms", sa.Integer, nullable=False),
        sa.Column("total_ms", sa.Integer, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("sent", sa.LargeBinary, nullable=False),
        sa.Column("reply", sa.LargeBinary, nullable=False),
    )
