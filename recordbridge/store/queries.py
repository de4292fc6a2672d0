"""The reads, as Core statements: filters of the lists become WHERE clauses here."""

from __future__ import annotations

from sqlalchemy import Column, ColumnElement, Executable, Table, func, or_, select

from recordbridge.ports.lists import CallFilter, RecordingFilter, RequestFilter, Span
from recordbridge.store.tables import attempts, calls, recordings, requests, starts

Wanted = CallFilter | RecordingFilter | RequestFilter

_OLDEST_FIRST = (requests.c.created_at, requests.c.due_at, requests.c.request_id)
_SPANS = {
    "added": recordings.c.added_at,
    "created": requests.c.created_at,
    "entered": calls.c.entered_at,
    "ended": calls.c.ended_at,
}
"""Filters that are bounds of an instant."""


def by_key(table: Table, key: str) -> Executable:
    """The one row under the primary key."""
    return select(table).where(next(iter(table.primary_key)) == key)


def requests_of(call_uuid: str) -> Executable:
    """All requests of a call, oldest first."""
    return select(requests).where(requests.c.call_uuid == call_uuid).order_by(*_OLDEST_FIRST)


def attempts_of(request_id: str) -> Executable:
    """All attempts of a request, in order."""
    wanted = select(attempts).where(attempts.c.request_id == request_id)
    return wanted.order_by(attempts.c.number)


def start(account: str, key: str) -> Executable:
    """The start with that key."""
    return select(starts).where(starts.c.account == account, starts.c.key == key)


def page(wanted: Wanted, limit: int, offset: int) -> Executable:
    """One page of what the filter lets through, newest first."""
    table, instant = _of(wanted)
    key = next(iter(table.primary_key))
    rows = select(table).where(*_conditions(wanted)).order_by(instant.desc(), key.desc())
    return rows.limit(limit).offset(offset)


def request_ids(wanted: RequestFilter) -> Executable:
    """The ids of all that the filter lets through, oldest first."""
    found = select(requests.c.request_id).where(*_conditions(wanted))
    return found.order_by(requests.c.created_at, requests.c.request_id)


def count(wanted: Wanted) -> Executable:
    """How many rows the filter lets through."""
    table, _ = _of(wanted)
    return select(func.count()).select_from(table).where(*_conditions(wanted))


def _of(wanted: Wanted) -> tuple[Table, Column[int]]:
    """The table, and the instant that orders it."""
    if isinstance(wanted, CallFilter):
        return calls, calls.c.entered_at
    if isinstance(wanted, RecordingFilter):
        return recordings, recordings.c.added_at
    return requests, requests.c.created_at


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    table, _ = _of(wanted)
    conditions: list[ColumnElement[bool]] = []
    for name in wanted.__struct_fields__:
        value = getattr(wanted, name)
        if isinstance(value, Span):
            conditions += _within(_SPANS[name], value)
        elif isinstance(value, tuple):
            conditions.append(table.c[name].in_(value))
        elif value is not None:
            conditions.append(_equal(table, name, value))
    return conditions


def _equal(table: Table, name: str, value: str | bool) -> ColumnElement[bool]:
    match name:
        case "deleted":
            return recordings.c.deleted_at.is_not(None) == value
        case "over":
            return calls.c.ended_at.is_not(None) == value
        case "host":
            return _at_host(str(value))
        case _:
            return table.c[name] == value


def _at_host(host: str) -> ColumnElement[bool]:
    """The authority of the URL, with or without a port when the host names none."""
    url = func.lower(requests.c.url)
    starts_with = [f"{scheme}://{host.lower()}" for scheme in ("http", "https")]
    ends = ("/", ":", "?")
    return or_(
        *(url == start for start in starts_with),
        *(url.startswith(start + end, autoescape=True) for start in starts_with for end in ends),
    )


def _within(instant: Column[int], span: Span) -> list[ColumnElement[bool]]:
    bounds = (
        (span.after, instant.__gt__),
        (span.since, instant.__ge__),
        (span.before, instant.__lt__),
        (span.until, instant.__le__),
    )
    return [compare(bound) for bound, compare in bounds if bound is not None]
