"""Sends requests: at once when their row is committed, again as `machine.delivery` says.

Every attempt is a row (H-6). A request of a recording waits for the one it comes `after` (Q-4), and
for another one of it that is being sent. What is not due for a while, and what a lane has no room
for, waits in the database (`engine.backlog`).
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import structlog

from recordbridge.engine import rows
from recordbridge.engine.attempts import Attempts, FileUrl, Made
from recordbridge.engine.backlog import Backlog
from recordbridge.engine.commits import Commits
from recordbridge.engine.lanes import Delivery
from recordbridge.engine.results import Results
from recordbridge.engine.turns import Turns
from recordbridge.instant import Clock, Instant
from recordbridge.plivo.lanes import lane_of
from recordbridge.ports.http import Outcome, Sender
from recordbridge.ports.rows import RequestRow, RequestState, RequestUpdate
from recordbridge.ports.store import Store
from recordbridge.telemetry.metrics import Metrics

log = structlog.get_logger()

NEAR_MS = 1000
"""What is due so soon is not left to the database."""
MOST = 512
"""A lane with so many in memory leaves what nobody waits for to the database."""
BROKEN_MS = 300_000
"""When a mistake of ours ended an attempt: until the next one."""
REPLAYED = 500
"""Rows that are made due again in one transaction."""
Settled = Callable[[RequestRow, Outcome | None], None]
"""Told once when a request is answered or has used up its fragment; None: it was dropped."""


class Deliveries:
    """All requests that are not done. `settled` is called on the event loop."""

    def __init__(
        self,
        *,
        store: Store,
        sender: Sender,
        clock: Clock,
        tokens: Callable[[str], tuple[str, ...]],
        file_url: FileUrl,
        settled: Settled,
        schedule_s: tuple[int, ...],
        metrics: Metrics,
        commits: Commits,
        sure: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._sure = sure  # waits while our requests may be another worker's (N-6)
        self._store = store
        self._clock = clock
        self._trying = Attempts(sender, clock, tokens, file_url, schedule_s)
        self._told = settled
        self._attempted = functools.cache(metrics.request_attempts.labels)
        self._results = Results(store, commits)
        self._open: dict[str, Delivery] = {}
        self._backlog = Backlog(store, clock, self._admit, self._known, self._elsewhere)
        self._turns = Turns(clock, self._start, self._backlog.tend)
        self._loop = asyncio.get_running_loop()
        self._stopping = False

    @property
    def backlog(self) -> int:
        """How many requests are not done."""
        return len(self._open) + self._backlog.left

    async def resume(self) -> int:
        """Take up what the database holds unfinished; returns how many."""
        unsettled = await self._store.take_requests()
        for row in unsettled:
            self._admit(row)
        await self._backlog.look()
        return len(unsettled) + self._backlog.left

    def submit(self, row: RequestRow) -> None:
        """Send the request of a committed row."""
        if row.request_id in self._open or self._stopping:
            return
        lane = self._backlog.lane(row.lane or lane_of(row.url))
        behind = lane.due_at is not None and lane.due_at <= self._clock()
        if row.settled and (behind or len(lane) >= MOST or self._is_later(row.due_at)):
            self._backlog.leave(lane, row.due_at)
        else:
            self._admit(row)

    def _admit(self, row: RequestRow) -> None:
        """Into memory, to be sent when it is due and nothing is in its way."""
        if row.request_id in self._open or self._stopping:
            return
        lane = self._backlog.lane(row.lane or lane_of(row.url))
        lane.open += 1
        request = self._open[row.request_id] = Delivery(row, lane)
        before = None if row.after is None else self._open.get(row.after)
        if before is not None and not before.settled:
            before.followers.append(request)
        else:
            self._turns.at(request, row.due_at)

    async def replay(self, wanted: Sequence[str]) -> None:
        """Send these again, under their ids and at once (E-5); their schedule begins anew.

        Raises StorageError when that cannot be kept; then those so far are sent.
        """
        self._results.now()
        done = [each for each in wanted if each not in self._open]
        for each in wanted:
            if (request := self._open.get(each)) is not None and request.timer is not None:
                self._turns.at(request, self._clock())
        for first in range(0, len(done), REPLAYED):
            await self._store.replay_requests(done[first : first + REPLAYED], self._clock())
        if done:
            await self._backlog.look()

    def keep_only(self, request_ids: set[str]) -> int:
        """The others are another worker's now; how many they were."""
        for each in (lost := {*self._open} - request_ids):
            self.abandon(each)
        return len(lost)

    def trying(self) -> set[str]:
        """The calls of which a request is on its way."""
        return {each.row.call_uuid for each in self._open.values() if each.task is not None}

    async def settle(self, grace_s: float) -> None:
        """N-7: begin nothing more, and wait for the attempts in flight for at most `grace_s`.

        A document that comes later would find its call put down: it is asked for again.
        """
        self._stopping = True
        self._turns.stop()
        await _settled({e.task: e for e in self._open.values() if e.task is not None}, grace_s)

    def make_durable(self, request_id: str) -> None:
        """Nobody waits for the reply any more, but it shall arrive (H-3)."""
        request = self._open.get(request_id)
        if request is not None:
            request.durable = True
            request.wants_document = False

    def abandon(self, request_id: str) -> None:
        """Stop trying; the row says so already."""
        request = self._open.get(request_id)
        if request is not None:
            self._forget(request)
            if request.task is not None:
                request.task.cancel()

    async def close(self, grace_s: float) -> None:
        """Finish attempts in flight for at most `grace_s`; the rest goes on after a restart."""
        self._stopping = True
        self._turns.stop()
        await self._backlog.close()
        for request in self._open.values():
            if request.timer is not None:
                request.timer.cancel()
        tasks = [r.task for r in self._open.values() if r.task is not None]
        if tasks:
            _, pending = await asyncio.wait(tasks, timeout=grace_s)
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
        self._results.close()

    def _start(self, request: Delivery) -> None:
        name = f"request {request.row.request_id}"
        request.task = self._loop.create_task(self._run(request), name=name)
        request.task.add_done_callback(functools.partial(self._ended, request))

    def _ended(self, request: Delivery, task: asyncio.Task[Instant | None]) -> None:
        request.task = None
        if not task.cancelled():
            if (error := task.exception()) is not None:
                self._broke(request, error)
            elif not request.dropped:
                self._go_on(request, task.result())
        self._turns.ended(request)

    def _go_on(self, request: Delivery, due_at: Instant | None) -> None:
        if due_at is None:
            self._forget(request)
        elif request.settled and request.progress.step and self._is_later(due_at):
            self._leave(request, due_at)
        else:
            self._turns.at(request, due_at)

    def _broke(self, request: Delivery, error: BaseException) -> None:
        """A mistake of ours must neither be repeated at once nor hold up a call."""
        row = request.row
        log.error(
            "delivery_broke", request_id=row.request_id, call_uuid=row.call_uuid, exc_info=error
        )
        state: RequestState = "parked" if request.wants_document else "waiting"
        due_at = None if request.wants_document else self._clock() + BROKEN_MS
        self._results.add(RequestUpdate(row.request_id, state=state, due_at=due_at, settled=True))
        self._settle(request, None)
        if due_at is None:
            self._forget(request)
        else:
            self._leave(request, due_at)

    def _is_later(self, due_at: Instant) -> bool:
        return due_at > self._clock() + NEAR_MS

    def _leave(self, request: Delivery, due_at: Instant) -> None:
        self._forget(request)
        self._backlog.leave(request.lane, due_at)

    def _forget(self, request: Delivery) -> None:
        """It is done, or the database's alone."""
        if request.dropped:
            return
        request.dropped = True
        del self._open[request.row.request_id]
        request.lane.open -= 1
        if request.timer is not None:
            request.timer.cancel()
        self._let_followers_go(request)

    def _settle(self, request: Delivery, outcome: Outcome | None) -> None:
        """Q-4: it was answered, or has used up its fragment."""
        if not request.settled:
            self._let_followers_go(request)
            row = msgspec.structs.replace(request.row, wants_document=request.wants_document)
            self._told(row, outcome)

    def _let_followers_go(self, request: Delivery) -> None:
        request.settled = True
        followers, request.followers = request.followers, []
        for follower in followers:
            self._turns.at(follower, follower.row.due_at)

    def _known(self) -> set[str]:
        """In memory, or its last word is not in the writer's queue yet."""
        return {*self._open, *(update.request_id for update in self._results)}

    def _elsewhere(self) -> int:
        done = {each.request_id for each in self._results if each.state != "waiting"}
        return len(self._open) + len(done.difference(self._open))

    # One attempt, and what follows.

    async def _run(self, request: Delivery) -> Instant | None:
        """One attempt; when the next one is due."""
        if self._sure is not None:
            await self._sure()
        made = await self._trying.attempt(request)
        self._record(request, made)
        if made.verdict.settled:
            self._settle(request, made.outcome)
        return made.verdict.due_at

    def _record(self, request: Delivery, made: Made) -> None:
        row, outcome, verdict = request.row, made.outcome, made.verdict
        self._attempted(row.kind, outcome.failure or "ok").inc()
        level = log.info if not outcome.failure else log.warning
        level(
            "request_attempted",
            request_id=row.request_id,
            call_uuid=row.call_uuid,
            recording_id=row.recording_id,
            kind=row.kind,
            attempt=request.attempts,
            status=outcome.status,
            error=outcome.error,
            state=verdict.state,
            total_ms=outcome.total_ms,
        )
        update = RequestUpdate(
            request_id=row.request_id,
            state=verdict.state,
            due_at=verdict.due_at,
            step=verdict.step,
            settled=verdict.settled or request.settled,
            attempts=request.attempts,
        )
        attempt = rows.attempt_row(row.request_id, request.attempts, made.started, outcome)
        self._results.add(update, attempt=attempt)


async def _settled(trying: dict[asyncio.Task[Instant | None], Delivery], grace_s: float) -> None:
    """Wait for them; documents that have not come by then are given up."""
    late = (await asyncio.wait(trying, timeout=grace_s))[1] if trying else ()
    for task in late:
        if trying[task].wants_document:
            task.cancel()
