"""The statements of `leases`, as Core constructs that both dialects render.

Rows of a dead worker are taken `FOR UPDATE SKIP LOCKED`, so that several workers that look at the
same time share them out instead of waiting for each other; SQLite has one worker and no such words.
Each is built once: what is asked for every few seconds is then compiled once, too (`leases`).
"""

from __future__ import annotations

from functools import cache

from sqlalchemy import (
    ColumnElement,
    Executable,
    Select,
    Table,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from recordbridge.store.tables import calls, is_open, is_waiting, requests, transcripts, workers

_NOW = {
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
    "postgresql": "CAST(extract(epoch FROM statement_timestamp()) * 1000 AS BIGINT)",
}
"""The database's clock, because the clocks of workers differ."""
HANDED_OVER = "*"
"""The owner of calls that their worker gave away; no worker can be called that."""


def _me() -> ColumnElement[str]:
    return bindparam("worker")


@cache
def beat(dialect: Dialect) -> Executable:
    """`worker` lives for another `lease` milliseconds."""
    now: ColumnElement[int] = literal_column(_NOW[dialect.name])
    build = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
    insert = build(workers).values(
        worker=_me(),
        beat_at=now,
        expires_at=now + bindparam("lease_ms"),
        apps=bindparam("apps"),
        heir="",
    )
    names = ("beat_at", "expires_at", "apps", "heir")
    return insert.on_conflict_do_update(
        index_elements=["worker"], set_={name: insert.excluded[name] for name in names}
    )


@cache
def resign(dialect: Dialect) -> Executable:
    """Our lease ends now."""
    now: ColumnElement[int] = literal_column(_NOW[dialect.name])
    return update(workers).values(expires_at=now).where(workers.c.worker == _me())


def neighbours(worker: str, dialect: Dialect) -> Executable:
    """The other workers: name, applications, heir, and whether they live."""
    lives = workers.c.expires_at > literal_column(_NOW[dialect.name])
    wanted = workers.c.worker != worker
    return select(workers.c.worker, workers.c.apps, workers.c.heir, lives).where(wanted)


@cache
def inherit(dialect: Dialect) -> Executable:
    """A dead worker that has no heir gets us; a row if it did."""
    dead = workers.c.expires_at <= literal_column(_NOW[dialect.name])
    wanted = (workers.c.worker == bindparam("dead"), workers.c.heir == "", dead)
    return update(workers).values(heir=_me()).where(*wanted).returning(workers.c.worker)


def left(worker: str, dialect: Dialect) -> Executable:
    """Whether dead workers have left open calls, or requests of calls that are over."""
    open_calls = select(calls.c.call_uuid).where(is_open, _dead(calls, dialect, worker))
    unsent = select(requests.c.request_id).where(is_waiting, _dead(requests, dialect, worker))
    return select(open_calls.exists(), unsent.exists())


def any_open(worker: str) -> Executable:
    """An open call of ours."""
    return select(calls.c.call_uuid).where(is_open, calls.c.owner == worker).limit(1)


def lost_calls(worker: str, since: int) -> Executable:
    """Calls since then that are others' now."""
    return select(calls.c.call_uuid).where(calls.c.entered_at >= since, calls.c.owner != worker)


def unfinished(worker: str) -> Executable:
    """The ids of our unfinished requests."""
    return select(requests.c.request_id).where(is_waiting, requests.c.owner == worker)


def _dead(table: Table, dialect: Dialect, worker: str = "") -> ColumnElement[bool]:
    """Handed over, or of another owner, whose lease has ended. Who never had one is not known to
    be dead.
    """
    ended = select(workers.c.worker).where(
        workers.c.expires_at <= literal_column(_NOW[dialect.name])
    )
    free = or_(table.c.owner == HANDED_OVER, table.c.owner.in_(ended))
    return and_(table.c.owner != (worker or _me()), free)


def _ours(table: Table, *, shared: bool) -> ColumnElement[bool]:
    """What a starting worker goes on with; the only worker of a database, with everything."""
    return table.c.owner.in_((_me(), "", HANDED_OVER)) if shared else true()


def _of_our_calls() -> ColumnElement[bool]:
    """A request goes with its call while that is open."""
    ours = select(calls.c.call_uuid).where(is_open, calls.c.owner == _me())
    return requests.c.call_uuid.in_(ours)


@cache
def calls_hand_over() -> Executable:
    """An open call of ours becomes that of whoever takes it first."""
    wanted = (calls.c.call_uuid == bindparam("call"), is_open, calls.c.owner == _me())
    return update(calls).values(owner=HANDED_OVER).where(*wanted)


@cache
def call_take() -> Executable:
    """A call that is over, or ours, under a new fence: its channel is back."""
    free = or_(calls.c.open.is_(False), calls.c.owner == _me())
    return (
        update(calls)
        .values(owner=_me(), fence=calls.c.fence + 1)
        .where(calls.c.call_uuid == bindparam("call"), free)
    )


@cache
def call_taken() -> Executable:
    """That call, if it is ours now."""
    return select(calls).where(calls.c.call_uuid == bindparam("call"), calls.c.owner == _me())


@cache
def requests_of_our_calls() -> Executable:
    """Unfinished requests of calls that became ours."""
    wanted = (is_waiting, requests.c.owner != _me(), _of_our_calls())
    return update(requests).values(owner=_me()).where(*wanted).returning(*requests.columns)


@cache
def calls_take(*, shared: bool) -> Executable:
    """A new fence for each of our open calls of `asterisk`."""
    wanted = (calls.c.asterisk == bindparam("asterisk"), is_open, _ours(calls, shared=shared))
    return update(calls).values(owner=_me(), fence=calls.c.fence + 1).where(*wanted)


@cache
def calls_ours() -> Executable:
    """Our open calls of `asterisk`, oldest first."""
    wanted = (calls.c.asterisk == bindparam("asterisk"), is_open, calls.c.owner == _me())
    return select(calls).where(*wanted).order_by(calls.c.entered_at, calls.c.call_uuid)


@cache
def calls_adopt(dialect: Dialect) -> Executable:
    """At most `most` open calls of `asterisk` whose worker is dead become ours."""
    found = (
        select(calls.c.call_uuid)
        .where(calls.c.asterisk == bindparam("asterisk"), is_open, _dead(calls, dialect))
        .order_by(calls.c.entered_at)
    )
    return (
        update(calls)
        .values(owner=_me(), fence=calls.c.fence + 1)
        .where(calls.c.call_uuid.in_(_some(found)))
        .returning(*calls.columns)
    )


@cache
def requests_take(*, shared: bool) -> Executable:
    """Our unfinished requests."""
    ours = or_(_ours(requests, shared=shared), _of_our_calls())
    wanted = (is_waiting, ours, requests.c.owner != _me())
    return update(requests).values(owner=_me()).where(*wanted)


@cache
def requests_unsettled() -> Executable:
    """Ours that calls wait for, oldest first."""
    oldest = (requests.c.created_at, requests.c.due_at, requests.c.request_id)
    return select(requests).where(*_waits(), ~requests.c.settled).order_by(*oldest)


@cache
def requests_due() -> Executable:
    """At most `most` settled ones of ours in that lane that are due at `until`."""
    wanted = (requests.c.lane == bindparam("lane"), requests.c.due_at <= bindparam("until"))
    found = select(requests).where(*_waits(), *wanted, requests.c.settled)
    return found.order_by(requests.c.due_at).limit(bindparam("most"))


@cache
def request_next() -> Executable:
    """When the first one of ours in that lane is due that is not due at `until`."""
    wanted = (requests.c.lane == bindparam("lane"), requests.c.due_at > bindparam("until"))
    return select(func.min(requests.c.due_at)).where(*_waits(), *wanted)


@cache
def requests_queued() -> Executable:
    """How many of ours wait in each lane, and the instant of the first."""
    what = (requests.c.lane, func.count(), func.min(requests.c.due_at))
    return select(*what).where(*_waits()).group_by(requests.c.lane)


def requests_replay(ids: list[str], due_at: int, worker: str) -> Executable:
    """These, however they ended, are due at `due_at` and begin their schedule anew."""
    again = {"state": "waiting", "step": 0, "settled": True, "durable": True}
    return (
        update(requests)
        .values(owner=worker, due_at=due_at, **again)
        .where(requests.c.request_id.in_(ids), ~requests.c.wants_document)
    )


def _waits() -> tuple[ColumnElement[bool], ...]:
    return (is_waiting, requests.c.owner == _me())


@cache
def requests_adopt(dialect: Dialect) -> Executable:
    """At most `most` unfinished requests of calls that are over and whose worker is dead.

    Those of an open call go with the call.
    """
    goes_on = exists().where(calls.c.call_uuid == requests.c.call_uuid, is_open)
    found = (
        select(requests.c.request_id)
        .where(is_waiting, _dead(requests, dialect), ~goes_on)
        .order_by(requests.c.due_at)
    )
    return (
        update(requests)
        .values(owner=_me())
        .where(requests.c.request_id.in_(_some(found)))
        .returning(*requests.columns)
    )


@cache
def transcripts_take(dialect: Dialect, *, shared: bool) -> Executable:
    """At most `most` waiting ones that are nobody's, or of a dead worker, become ours."""
    free = or_(_ours(transcripts, shared=shared), _dead(transcripts, dialect))
    wanted = (transcripts.c.state == "waiting", transcripts.c.owner != _me(), free)
    found = select(transcripts.c.recording_id).where(*wanted).order_by(transcripts.c.due_at)
    return (
        update(transcripts).values(owner=_me()).where(transcripts.c.recording_id.in_(_some(found)))
    )


@cache
def transcripts_ours() -> Executable:
    """At most `most` waiting ones that are ours, in their order."""
    wanted = (transcripts.c.state == "waiting", transcripts.c.owner == _me())
    order = (transcripts.c.due_at, transcripts.c.recording_id)
    return select(transcripts).where(*wanted).order_by(*order).limit(bindparam("most"))


@cache
def calls_left(dialect: Dialect) -> Executable:
    """Open calls of dead workers: worker and number."""
    wanted = (is_open, _dead(calls, dialect))
    return select(calls.c.owner, func.count()).where(*wanted).group_by(calls.c.owner)


def _some(found: Select[tuple[str]]) -> Select[tuple[str]]:
    return found.limit(bindparam("most")).with_for_update(skip_locked=True)
