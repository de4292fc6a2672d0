"""N-6: which worker's calls and requests they are, and whether that worker lives.

A worker beats before it owns anything, and then every two seconds; LEASE_S after its last beat, by
the database's clock, what it owns may be adopted. A call gets a higher fence with each owner, also
when its own worker comes back, and a commit under an older fence fails. All of it is work for the
writer thread.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TypeVar, cast

from sqlalchemy import Boolean, Executable, Table
from sqlalchemy.sql.compiler import SQLCompiler

from recordbridge.instant import Instant
from recordbridge.ports.rows import CallRow, Due, Queue, RequestRow, TranscriptRow
from recordbridge.ports.store import Neighbour
from recordbridge.store import lease_statements as wanted
from recordbridge.store.backend import Backend
from recordbridge.store.batch import Piece
from recordbridge.store.compiled import Rendered, compiled, rendered
from recordbridge.store.statements import Cursor, Statements
from recordbridge.store.tables import calls, requests, transcripts

LEASE_S = 6.0
NOWHERE: Mapping[str, str] = MappingProxyType({})
AT_ONCE = 100
"""How many rows are adopted in one transaction."""

_Row = TypeVar("_Row", CallRow, RequestRow, TranscriptRow)
_Rows = list[tuple[object, ...]]


class Leases:
    """What `worker` owns. Every method raises StorageError."""

    def __init__(
        self,
        run: Callable[[Piece], asyncio.Future[object]],
        fetch: Callable[[Executable], Awaitable[_Rows]],
        backend: Backend,
        worker: str,
    ) -> None:
        self._run = run
        self._fetch = fetch
        self._dialect = backend.dialect
        self._compiled: dict[Executable, SQLCompiler] = {}
        self.worker = worker
        self.shared = backend.shared
        self.lease_s = LEASE_S

    async def beat(self, apps: Mapping[str, str] = NOWHERE) -> None:
        """We live, for another LEASE_S; `apps` is our application on each Asterisk that we have."""
        values = {"lease_ms": int(LEASE_S * 1000), "apps": json.dumps(dict(apps))}
        await self._rows((wanted.beat(self._dialect), values))

    async def resign(self) -> None:
        """We stop: what is ours may be adopted at once."""
        await self._rows((wanted.resign(self._dialect), {}))

    async def neighbours(self) -> list[Neighbour]:
        """The other workers that ever were."""
        found = await self._fetch(wanted.neighbours(self.worker, self._dialect))
        return [
            Neighbour(str(worker), json.loads(str(apps)), str(heir), bool(lives))
            for worker, apps, heir, lives in found
        ]

    async def inherit(self, dead: str) -> bool:
        """Become the one who looks after what a dead worker has left that is in no row."""
        return bool(await self._rows((wanted.inherit(self._dialect), {"dead": dead})))

    async def any_open(self) -> bool:
        """Whether a call of ours is open."""
        return bool(await self._fetch(wanted.any_open(self.worker)))

    async def anything_left(self) -> bool:
        """Whether there is something to adopt."""
        ((of_calls, of_requests),) = await self._fetch(wanted.left(self.worker, self._dialect))
        return bool(of_calls or of_requests)

    async def hand_over(self, call_uuids: Iterable[str]) -> None:
        """Give these calls of ours to whoever takes them first."""
        give = wanted.calls_hand_over()
        values: list[dict[str, object]] = [{"call": each} for each in call_uuids]
        if values:
            await self._rows(*((give, each) for each in values))

    async def take_call(self, call_uuid: str) -> CallRow | None:
        """A call whose channel is back, under a new fence; None while it is open elsewhere."""
        values: dict[str, object] = {"call": call_uuid}
        found = await self._rows((wanted.call_take(), values), (wanted.call_taken(), values))
        return next(iter(_made(CallRow, calls, found)), None)

    async def lost_calls(self, since: Instant) -> set[str]:
        """Those that have entered since then and are not ours any more."""
        found = await self._fetch(wanted.lost_calls(self.worker, since))
        return {str(call_uuid) for (call_uuid,) in found}

    async def unfinished(self) -> set[str]:
        """The ids of our unfinished requests."""
        found = await self._fetch(wanted.unfinished(self.worker))
        return {str(request_id) for (request_id,) in found}

    async def take_calls(self, asterisk: str) -> list[CallRow]:
        """At the start: our open calls of that Asterisk, or nobody's, oldest first."""
        values: dict[str, object] = {"asterisk": asterisk}
        take = wanted.calls_take(shared=self.shared)
        found = await self._rows((take, values), (wanted.calls_ours(), values))
        return _made(CallRow, calls, found)

    async def adopt_calls(self, asterisk: str, most: int = AT_ONCE) -> list[CallRow]:
        """Open calls whose worker is dead, under a fence that is higher than its own."""
        values: dict[str, object] = {"asterisk": asterisk, "most": most}
        found = _made(CallRow, calls, await self._rows((wanted.calls_adopt(self._dialect), values)))
        return sorted(found, key=lambda row: row.entered_at)

    async def take_requests(self) -> list[RequestRow]:
        """At the start: ours, or nobody's; those that are not settled, oldest first."""
        take = wanted.requests_take(shared=self.shared)
        found = await self._rows((take, {}), (wanted.requests_unsettled(), {}))
        return _made(RequestRow, requests, found)

    async def queues(self) -> list[Queue]:
        """What waits in each lane, settled or not."""
        found = await self._rows((wanted.requests_queued(), {}))
        return [Queue(*row) for row in found]  # type: ignore[arg-type]  # the columns are the fields

    async def due_requests(self, lane: str, until: Instant, most: int) -> Due:
        """At most `most` settled ones of ours in that lane, after all units given so far."""
        values: dict[str, object] = {"lane": lane, "until": until}
        due = self._rendered(wanted.requests_due(), values | {"most": most})
        later = self._rendered(wanted.request_next(), values)

        def work(cursor: Cursor, _sql: Statements) -> object:
            cursor.execute(*due)
            rows = cursor.fetchall()
            cursor.execute(*later)
            return rows, cursor.fetchone()

        found, first = cast("tuple[_Rows, tuple[Instant | None]]", await self._run(work))
        rows = tuple(_made(RequestRow, requests, found))
        return Due(rows, rows[-1].due_at if len(rows) == most else first[0])

    async def replay_requests(self, ids: list[str], now: Instant) -> None:
        """These are due again, from the first step on (E-5); requests for documents are not."""
        statement = wanted.requests_replay(ids, now, self.worker)
        text, values = rendered(compiled(statement, self._dialect, lists=True))

        def work(cursor: Cursor, _sql: Statements) -> object:
            cursor.execute(text, values)
            return None

        await self._run(work)

    async def adopt_requests(self, most: int = AT_ONCE) -> list[RequestRow]:
        """Unfinished requests of dead workers, of calls that are over or ours, those due first."""
        found = await self._rows((wanted.requests_of_our_calls(), {}))
        found += await self._rows((wanted.requests_adopt(self._dialect), {"most": most}))
        return sorted(_made(RequestRow, requests, found), key=lambda row: row.due_at)

    async def take_transcripts(self, most: int) -> list[TranscriptRow]:
        """Waiting ones of ours, of nobody and of dead workers, in their order."""
        values: dict[str, object] = {"most": most}
        take = wanted.transcripts_take(self._dialect, shared=self.shared)
        found = await self._rows((take, values), (wanted.transcripts_ours(), values))
        return _made(TranscriptRow, transcripts, found)

    async def calls_left(self) -> dict[str, int]:
        """How many open calls each dead worker has left."""
        found = await self._rows((wanted.calls_left(self._dialect), {}))
        return {str(owner): cast("int", number) for owner, number in found}

    async def _rows(self, *steps: tuple[Executable, dict[str, object]]) -> _Rows:
        """Do the steps in one transaction; the rows of the last one."""
        rendered = [self._rendered(statement, values) for statement, values in steps]

        def work(cursor: Cursor, _sql: Statements) -> object:
            for text, values in rendered:
                cursor.execute(text, values)
            return cursor.fetchall() if cursor.description else []

        return cast("_Rows", await self._run(work))

    def _rendered(self, statement: Executable, values: dict[str, object]) -> Rendered:
        known = self._compiled.get(statement)
        if known is None:
            known = self._compiled[statement] = compiled(statement, self._dialect)
        return rendered(known, {**values, "worker": self.worker})


def _made(make: type[_Row], table: Table, found: _Rows) -> list[_Row]:
    """Rows from the driver; SQLite's truth values are numbers."""
    flags = [isinstance(column.type, Boolean) for column in table.columns]
    return [
        make(*(bool(value) if flag else value for flag, value in zip(flags, row, strict=True)))  # type: ignore[arg-type]  # the columns are the fields
        for row in found
    ]
