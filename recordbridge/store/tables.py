"""The tables, once for SQLite and PostgreSQL; columns stand in the order of the rows' fields.

No foreign keys: retention and erasure remove rows in pieces while attempts of theirs are in
flight, and a late attempt row must never fail a whole unit. Instants are epoch milliseconds.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

metadata = MetaData()


def _text(name: str, *, null: bool = False, key: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null, primary_key=key)


def _instant(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null)


def _number(name: str, *, null: bool = False, key: bool = False) -> Column[int]:
    return Column(name, Integer, nullable=null, primary_key=key, autoincrement=False)


def _bytes(name: str) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=False)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


calls = Table(
    "calls",
    metadata,
    _text("call_uuid", key=True),
    _text("asterisk"),
    _text("channel_id"),
    _text("account"),
    _text("application"),
    _text("caller"),
    _text("dialled"),
    _text("direction"),
    _text("status"),
    _instant("entered_at"),
    _instant("answered_at", null=True),
    _instant("ended_at", null=True),
    _text("hangup_cause"),
    _flag("open"),
    _bytes("state"),
    _number("version"),
    Column("fence", BigInteger, nullable=False),
    Column("owner", Text, nullable=False, server_default=""),
)
is_open = calls.c.open == text("true")
"""Literal, because a partial index serves only the very condition that it was made with."""
Index("calls_open", calls.c.asterisk, sqlite_where=is_open, postgresql_where=is_open)
Index("calls_entered", calls.c.entered_at)
Index("calls_channel", calls.c.channel_id)
Index("calls_account", calls.c.account, calls.c.entered_at)

recordings = Table(
    "recordings",
    metadata,
    _text("recording_id", key=True),
    _text("call_uuid"),
    _text("account"),
    _text("application"),
    _text("mode"),
    _text("status"),
    _text("file_format"),
    _number("channels"),
    _text("caller"),
    _text("dialled"),
    _instant("added_at"),
    _instant("start_ms", null=True),
    _instant("end_ms", null=True),
    _instant("duration_ms", null=True),
    _instant("stopped_ms", null=True),
    _text("end_reason"),
    _text("digits"),
    _text("error"),
    Column("size", BigInteger, nullable=True),
    _text("digest"),
    Column("pauses", Text, nullable=False, server_default=""),
    _instant("deleted_at", null=True),
)
Index("recordings_account", recordings.c.account, recordings.c.added_at)
Index("recordings_call", recordings.c.call_uuid)
Index("recordings_caller", recordings.c.caller)
Index("recordings_dialled", recordings.c.dialled)

requests = Table(
    "requests",
    metadata,
    _text("request_id", key=True),
    _text("kind"),
    _text("call_uuid"),
    _text("recording_id", null=True),
    _text("account"),
    _text("method"),
    _text("url"),
    _bytes("retry"),
    _bytes("body"),
    _flag("wants_document"),
    _flag("durable"),
    _text("after", null=True),
    _text("state"),
    _instant("created_at"),
    _instant("due_at"),
    _number("step"),
    _flag("settled"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("lane", Text, nullable=False, server_default=""),
    Column("owner", Text, nullable=False, server_default=""),
)
is_waiting = requests.c.state == text("'waiting'")
"""Literal, like `is_open`."""
Index(
    "requests_waiting",
    requests.c.owner,
    requests.c.lane,
    requests.c.due_at,
    sqlite_where=is_waiting,
    postgresql_where=is_waiting,
)
Index("requests_call", requests.c.call_uuid)
Index("requests_recording", requests.c.recording_id)
Index("requests_account", requests.c.account, requests.c.created_at)

attempts = Table(
    "attempts",
    metadata,
    _text("request_id", key=True),
    _number("number", key=True),
    _instant("started_at"),
    _number("connect_ms"),
    _number("first_byte_ms"),
    _number("total_ms"),
    _number("status"),
    _text("error"),
    _bytes("sent"),
    _bytes("reply"),
)

starts = Table(
    "starts",
    metadata,
    _text("account", key=True),
    _text("key", key=True),
    _text("digest"),
    _text("call_uuid"),
    _text("recording_id"),
    _text("api_id"),
    _instant("added_at"),
)
"""Recordings begun through REST, by what a repeat of the request is recognised by (E-1)."""
Index("starts_added", starts.c.added_at)

transcripts = Table(
    "transcripts",
    metadata,
    _text("recording_id", key=True),
    _text("call_uuid"),
    _text("account"),
    _text("file_format"),
    _number("channels"),
    _instant("duration_ms"),
    _text("state"),
    _instant("added_at"),
    _instant("due_at"),
    _instant("done_at", null=True),
    _text("text"),
    _bytes("spoken"),
    _text("error"),
    _text("engine"),
    *(Column(name, Text, nullable=False, server_default="") for name in ("model", "request_id")),
    Column("target", Text, nullable=False, server_default=""),
    _text("owner"),
)
"""What was said in recordings, and those of which it is still to be found out (T-1)."""
Index("transcripts_due", transcripts.c.state, transcripts.c.due_at)
Index("transcripts_call", transcripts.c.call_uuid)

secrets = Table("secrets", metadata, _text("name", key=True), _text("value"))

commits = Table("commits", metadata, _text("worker", key=True), _text("mark"))
"""The mark of each worker's last transaction: tells whether an unknown commit was kept."""

workers = Table(
    "workers",
    metadata,
    _text("worker", key=True),
    _instant("beat_at"),
    _instant("expires_at"),
    Column("apps", Text, nullable=False, server_default="{}"),
    Column("heir", Text, nullable=False, server_default=""),
)
"""N-6: who lives, by the database's clock. A worker's lease on its calls ends with `expires_at`.

`apps` is JSON: its application on each Asterisk that it is connected to. `heir` is who looks after
the channels that a dead one has left there.
"""

commands = Table(
    "commands",
    metadata,
    _text("command_id", key=True),
    _text("call_uuid"),
    _bytes("asked"),
    _instant("added_at"),
    _instant("answered_at", null=True),
    _bytes("answer"),
)
"""N-6: what was asked of a call through a worker that does not own it, and the owner's answer."""
Index("commands_call", commands.c.call_uuid)
Index("commands_added", commands.c.added_at)

schema_floor = Table(
    "schema_floor",
    metadata,
    Column("level", Integer, nullable=False),
    comment="M-3: the oldest schema level whose release can still use this database",
)
