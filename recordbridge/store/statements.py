"""The hot statements: SQL text compiled once from the tables, with the getter of its values.

Executing a Core construct costs about four times what the driver needs for the same statement
(X-3), so the writer gives the driver these texts. What they say is still told by the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Protocol

from sqlalchemy import Table, Update, bindparam, delete, func, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.elements import ClauseElement

from recordbridge.store.tables import (
    attempts,
    calls,
    commands,
    commits,
    recordings,
    requests,
    secrets,
    starts,
    transcripts,
)

CALL_FIXED = frozenset({"call_uuid", "asterisk", "channel_id", "entered_at", "fence", "owner"})
RECORDING_FIXED = frozenset(
    {"recording_id", "call_uuid", "account", "caller", "dialled", "added_at", "deleted_at"}
)
"""What a row is about never changes: left out of updates, so that its indexes stay clean."""

_WHERE = "at_"
_OWNER = "owner"
"""The last column of what is owned; inserted as the writer's worker, whatever the row says."""


class Cursor(Protocol):
    """What the writer uses of a driver's cursor (PEP 249)."""

    @property
    def rowcount(self) -> int: ...

    def execute(self, sql: str, parameters: Sequence[object] = ..., /) -> object: ...

    @property
    def description(self) -> object:
        """None when there is nothing to fetch."""
        ...

    def fetchall(self) -> list[tuple[object, ...]]: ...

    def fetchone(self) -> tuple[object, ...] | None: ...

    def close(self) -> object: ...


class Hot:
    """One statement: `sql` for the driver; `values(row)` gives its parameters in order."""

    __slots__ = ("sql", "values")

    def __init__(self, statement: ClauseElement, dialect: Dialect, owner: str = "") -> None:
        compiled = statement.compile(dialect=dialect)
        names = [name.removeprefix(_WHERE) for name in getattr(compiled, "positiontup", None) or ()]
        self.sql = str(compiled)
        self.values: Callable[[object], tuple[object, ...]]
        if names and names[-1] == _OWNER:
            values = attrgetter(*names[:-1])
            self.values = lambda row: (*values(row), owner)
        else:
            self.values = attrgetter(*names)


class Statements:
    """All hot statements for one dialect; the dialect's parameters must be positional."""

    def __init__(self, dialect: Dialect, worker: str) -> None:
        self.call_insert = Hot(_insert(dialect, calls), dialect, worker)
        self.call_update = Hot(_call_update(), dialect)
        self.recording = Hot(_insert(dialect, recordings, fixed=RECORDING_FIXED), dialect)
        self.request = Hot(_insert(dialect, requests), dialect, worker)
        self.request_update = Hot(_request_update(), dialect)
        self.attempt_update = Hot(_attempt_update(), dialect, worker)
        self.attempt = Hot(_insert(dialect, attempts), dialect)
        self.start = Hot(_insert(dialect, starts, fixed=frozenset({"account", "key"})), dialect)
        self.transcript = Hot(_insert(dialect, transcripts), dialect, worker)
        self.transcribed = Hot(_transcribed(), dialect)
        self.transcript_again = Hot(_transcript_again(dialect), dialect, worker)
        self.transcript_erase = Hot(_transcript_erase(), dialect).sql
        self.answer = Hot(_answer(), dialect)
        self.transcript_delete = Hot(_transcript_delete(), dialect).sql
        self.start_forget = Hot(_start_forget(), dialect).sql
        self.starts_forget = Hot(_starts_forget(), dialect).sql
        self.recording_delete = Hot(_recording_delete(), dialect).sql
        self.call_at = Hot(_call_at(), dialect).sql
        self.secret_insert = Hot(_insert(dialect, secrets), dialect).sql
        self.secret_set = Hot(_insert(dialect, secrets, fixed=frozenset({"name"})), dialect).sql
        self.secret_get = Hot(_secret_get(), dialect).sql
        self.mark_set = Hot(_insert(dialect, commits, fixed=frozenset({"worker"})), dialect).sql
        self.mark_get = Hot(_mark_get(), dialect).sql


def _insert(
    dialect: Dialect, table: Table, *, fixed: frozenset[str] | None = None
) -> ClauseElement:
    """Insert by key; an existing row stays as it is, or takes the values that are not `fixed`."""
    names = [column.name for column in table.columns]
    keys = [column.name for column in table.primary_key]
    build = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
    insert = build(table).values({name: bindparam(name) for name in names})
    if fixed is None:
        return insert.on_conflict_do_nothing(index_elements=keys)
    return insert.on_conflict_do_update(
        index_elements=keys,
        set_={name: insert.excluded[name] for name in names if name not in fixed},
    )


def _call_update() -> ClauseElement:
    names = [column.name for column in calls.columns if column.name not in CALL_FIXED]
    return (
        update(calls)
        .values({name: bindparam(name) for name in names})
        .where(calls.c.call_uuid == bindparam(_WHERE + "call_uuid"))
        .where(calls.c.version + literal_column("1") == bindparam(_WHERE + "version"))
        .where(calls.c.fence == bindparam(_WHERE + "fence"))
    )


def _request_update() -> Update:
    """A field that is None leaves its column alone."""
    names = ("state", "due_at", "step", "settled", "durable", "wants_document", "attempts")
    return (
        update(requests)
        .values({name: func.coalesce(bindparam(name), requests.c[name]) for name in names})
        .where(requests.c.request_id == bindparam(_WHERE + "request_id"))
    )


def _attempt_update() -> Update:
    """What an attempt came to; of a request that is another worker's by now, nothing (N-6)."""
    return _request_update().where(requests.c.owner == bindparam(_WHERE + _OWNER))


def _transcribed() -> ClauseElement:
    """Of what was asked for; a text that was deleted does not come back."""
    names = ("state", "done_at", "text", "spoken", "error", "engine")
    return (
        update(transcripts)
        .values({name: bindparam(name) for name in names})
        .where(transcripts.c.recording_id == bindparam(_WHERE + "recording_id"))
    )


def _transcript_again(dialect: Dialect) -> ClauseElement:
    """E-5: asked for anew, unless it waits already; the text stays until there is another."""
    names = [column.name for column in transcripts.columns]
    build = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
    insert = build(transcripts).values({name: bindparam(name) for name in names})
    anew = ("state", "added_at", "due_at", "error", "model", "request_id", "target", "owner")
    return insert.on_conflict_do_update(
        index_elements=["recording_id"],
        set_={name: insert.excluded[name] for name in anew},
        where=transcripts.c.state != literal_column("'waiting'"),
    )


def _transcript_erase() -> ClauseElement:
    """E-5: unless it is asked for and not there yet."""
    return (
        update(transcripts)
        .values(
            state=literal_column("'deleted'"), text=bindparam("text"), spoken=bindparam("spoken")
        )
        .where(transcripts.c.recording_id == bindparam(_WHERE + "recording_id"))
        .where(transcripts.c.state != literal_column("'waiting'"))
    )


def _answer() -> ClauseElement:
    return (
        update(commands)
        .values(answered_at=bindparam("answered_at"), answer=bindparam("answer"))
        .where(commands.c.command_id == bindparam(_WHERE + "command_id"))
        .where(commands.c.answered_at.is_(None))
    )


def _transcript_delete() -> ClauseElement:
    """Its text; that it was asked for stays, for the request must still go out."""
    return (
        update(transcripts)
        .values(text=bindparam("text"), spoken=bindparam("spoken"))
        .where(transcripts.c.recording_id == bindparam(_WHERE + "recording_id"))
    )


def _start_forget() -> ClauseElement:
    return delete(starts).where(
        starts.c.account == bindparam(_WHERE + "account"),
        starts.c.key == bindparam(_WHERE + "key"),
    )


def _starts_forget() -> ClauseElement:
    return delete(starts).where(starts.c.added_at < bindparam(_WHERE + "added_at"))


def _recording_delete() -> ClauseElement:
    """The time of the first deletion stays."""
    return (
        update(recordings)
        .values(deleted_at=func.coalesce(recordings.c.deleted_at, bindparam("deleted_at")))
        .where(recordings.c.recording_id == bindparam(_WHERE + "recording_id"))
    )


def _call_at() -> ClauseElement:
    wanted = calls.c.call_uuid == bindparam(_WHERE + "call_uuid")
    return select(calls.c.version, calls.c.fence, calls.c.state).where(wanted)


def _mark_get() -> ClauseElement:
    """Waits for a lost session's commit that PostgreSQL may still be at; SQLite has no such."""
    wanted = commits.c.worker == bindparam(_WHERE + "worker")
    return select(commits.c.mark).where(wanted).with_for_update()


def _secret_get() -> ClauseElement:
    return select(secrets.c.value).where(secrets.c.name == bindparam(_WHERE + "name"))
