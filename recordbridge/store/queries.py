"""The reads, as Core statements: filters of the lists become WHERE clauses here."""

from __future__ import annotations

from sqlalchemy import Column, ColumnElement, Executable, Table, func, select

from recordbridge.ports.lists import CallFilter, RecordingFilter, RequestFilter, Span
from recordbridge.store.tables import attempts, calls, is_open, recordings, requests

Wanted = CallFilter | RecordingFilter | RequestFilter

_UNFINISHED = ("waiting", "sending")
_OLDEST_FIRST = (requests.c.created_at, requests.c.due_at, requests.c.request_id)
_NOT_COLUMNS = {"added", "created", "entered"}


def by_key(table: Table, key: str) -> Executable:
    """The one row under the primary key."""
    return select(table).where(next(iter(table.primary_key)) == key)


def open_calls(asterisk: str) -> Executable:
    """Calls of that Asterisk whose machine is not done, oldest first."""
    return (
        select(calls)
        .where(calls.c.asterisk == asterisk, is_open)
        .order_by(calls.c.entered_at, calls.c.call_uuid)
    )


def unfinished_requests() -> Executable:
    """Requests still to be sent, oldest first."""
    return select(requests).where(requests.c.state.in_(_UNFINISHED)).order_by(*_OLDEST_FIRST)


def requests_of(call_uuid: str) -> Executable:
    """All requests of a call, oldest first."""
    return select(requests).where(requests.c.call_uuid == call_uuid).order_by(*_OLDEST_FIRST)


def attempts_of(request_id: str) -> Executable:
    """All attempts of a request, in order."""
    wanted = select(attempts).where(attempts.c.request_id == request_id)
    return wanted.order_by(attempts.c.number)


def page(wanted: Wanted, limit: int, offset: int) -> Executable:
    """One page of what the filter lets through, newest first."""
    table, instant, _ = _of(wanted)
    key = next(iter(table.primary_key))
    rows = select(table).where(*_conditions(wanted)).order_by(instant.desc(), key.desc())
    return rows.limit(limit).offset(offset)


def count(wanted: Wanted) -> Executable:
    """How many rows the filter lets through."""
    table, _, _ = _of(wanted)
    return select(func.count()).select_from(table).where(*_conditions(wanted))


def _of(wanted: Wanted) -> tuple[Table, Column[int], Span]:
    """The table, the instant that orders it, and the filter's bounds of that instant."""
    if isinstance(wanted, CallFilter):
        return calls, calls.c.entered_at, wanted.entered
    if isinstance(wanted, RecordingFilter):
        return recordings, recordings.c.added_at, wanted.added
    return requests, requests.c.created_at, wanted.created


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    table, instant, span = _of(wanted)
    conditions: list[ColumnElement[bool]] = []
    for name in wanted.__struct_fields__:
        value = getattr(wanted, name)
        if name not in _NOT_COLUMNS and value is not None:
            conditions.append(table.c[name] == value)
    if span.after is not None:
        conditions.append(instant > span.after)
    if span.since is not None:
        conditions.append(instant >= span.since)
    if span.before is not None:
        conditions.append(instant < span.before)
    if span.until is not None:
        conditions.append(instant <= span.until)
    return conditions
