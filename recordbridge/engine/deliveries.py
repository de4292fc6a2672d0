"""Sends requests: at once when their row is committed, again as `machine.delivery` says.

Every attempt is a row (H-6). A request of a recording waits for the one it comes `after` (Q-4).
A lane is scheme, host and port: at most 32 at once, so that a slow one never delays another.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Sequence
from functools import cache
from urllib.parse import urlsplit

import msgspec
import structlog

from recordbridge import failpoints
from recordbridge.engine import rows
from recordbridge.engine.commits import Commits
from recordbridge.instant import Clock
from recordbridge.machine import delivery
from recordbridge.machine.reports import FILE
from recordbridge.plivo import unlogged
from recordbridge.plivo.retry import Retry, Target
from recordbridge.ports.http import Outcome, Sender
from recordbridge.ports.rows import AttemptRow, RequestRow, RequestUpdate, Unit
from recordbridge.ports.store import Store
from recordbridge.telemetry.metrics import Metrics

log = structlog.get_logger()

LANE = 32
"""H-4: requests at once to one scheme, host and port."""
HOPS = 5
"""F-6: HTTP redirects followed for a document."""
HEADER = "X-Recordbridge-Delivery"
FILE_NAMES = ("RecordUrl", "RecordFile", "record_url", "response")
"""Carry the same URL (section 2.4, E-1), which is made when the request is sent."""

_retry = msgspec.msgpack.Decoder(Retry)
_body = msgspec.json.Decoder(dict[str, str])

FileUrl = Callable[[str, str], str]
"""(account, `{recording id}.{ext}`) -> the signed URL of the file."""
Settled = Callable[[RequestRow, Outcome | None], None]
"""Told once when a request is answered or has used up its fragment; None: it was dropped."""


class Delivery:
    """A request on its way."""

    __slots__ = (
        "attempts",
        "durable",
        "hurry",
        "progress",
        "row",
        "settled",
        "task",
        "wants_document",
    )

    def __init__(self, row: RequestRow) -> None:
        self.row = row
        self.durable = row.durable
        self.wants_document = row.wants_document
        self.progress = delivery.Progress(step=row.step)
        self.attempts = row.attempts
        self.settled = asyncio.Event()
        self.hurry = asyncio.Event()
        """Somebody wants it sent now, not when it is due."""
        self.task: asyncio.Task[None] | None = None
        if row.settled:
            self.settled.set()


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
    ) -> None:
        self._store = store
        self._sender = sender
        self._clock = clock
        self._tokens = tokens
        self._file_url = file_url
        self._told = settled
        self._schedule_s = schedule_s
        self._attempted = cache(metrics.request_attempts.labels)
        self._commits = commits
        self._updates: list[RequestUpdate] = []
        self._attempts: list[AttemptRow] = []
        self._open: dict[str, Delivery] = {}
        self._lanes: dict[str, asyncio.Semaphore] = {}
        self._in_flight = 0
        """Attempts that are being made."""
        self._chance = random.Random().random  # noqa: S311 - it only spreads repeats
        self._stopping = False

    @property
    def backlog(self) -> int:
        """How many requests are not done."""
        return len(self._open)

    async def resume(self) -> int:
        """Take up what the database holds unfinished; returns how many."""
        unfinished = await self._store.take_requests()
        for row in unfinished:
            self.submit(row)
        return len(unfinished)

    def submit(self, row: RequestRow) -> None:
        """Send the request of a committed row."""
        if row.request_id in self._open or self._stopping:
            return
        request = Delivery(row)
        self._open[row.request_id] = request
        request.task = asyncio.create_task(self._run(request), name=f"request {row.request_id}")
        request.task.add_done_callback(lambda task: self._ended(request, task))

    async def replay(self, wanted: Sequence[RequestRow]) -> None:
        """Send these again, under their ids and at once (E-5); their schedule begins anew.

        Raises StorageError when that cannot be kept; then none that is done is sent.
        """
        now = self._clock()
        done = [row for row in wanted if row.request_id not in self._open]
        if done:
            updates = tuple(
                RequestUpdate(request_id=row.request_id, state="waiting", due_at=now, step=0)
                for row in done
            )
            await self._store.commit(Unit(updates=updates))
        for row in wanted:
            if (request := self._open.get(row.request_id)) is not None:
                request.hurry.set()
            else:
                self.submit(
                    msgspec.structs.replace(row, state="waiting", due_at=now, step=0, durable=True)
                )

    def make_durable(self, request_id: str) -> None:
        """Nobody waits for the reply any more, but it shall arrive (H-3)."""
        request = self._open.get(request_id)
        if request is not None:
            request.durable = True
            request.wants_document = False

    def abandon(self, request_id: str) -> None:
        """Stop trying; the row says so already."""
        request = self._open.get(request_id)
        if request is not None and request.task is not None:
            request.task.cancel()

    async def close(self, grace_s: float) -> None:
        """Finish attempts in flight for at most `grace_s`; the rest goes on after a restart."""
        self._stopping = True
        tasks = [r.task for r in self._open.values() if r.task is not None]
        if tasks:
            _, pending = await asyncio.wait(tasks, timeout=grace_s if self._in_flight else 0)
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
        self._flush()

    def _ended(self, request: Delivery, task: asyncio.Task[None]) -> None:
        self._open.pop(request.row.request_id, None)
        if not request.settled.is_set():
            request.settled.set()
        if not task.cancelled() and task.exception() is not None:
            log.error(
                "delivery_broke",
                request_id=request.row.request_id,
                call_uuid=request.row.call_uuid,
                exc_info=task.exception(),
            )

    async def _run(self, request: Delivery) -> None:
        row = request.row
        if row.after is not None and (before := self._open.get(row.after)) is not None:
            await before.settled.wait()
        target = Target(url=row.url, method=row.method, retry=_retry.decode(row.retry))
        wait_ms = row.due_at - self._clock()
        while True:
            if wait_ms > 0:
                await _until_due(request, wait_ms / 1000)
            async with self._lane(row.url):
                started = self._clock()
                self._in_flight += 1
                try:
                    outcome = await self._attempt(request, target)
                finally:
                    self._in_flight -= 1
            verdict = self._judge(request, target.retry, outcome, started)
            self._record(request, outcome, verdict, started)
            if verdict.settled and not request.settled.is_set():
                request.settled.set()
                self._told(
                    msgspec.structs.replace(row, wants_document=request.wants_document), outcome
                )
            if verdict.due_at is None:
                return
            wait_ms = verdict.due_at - self._clock()

    async def _attempt(self, request: Delivery, target: Target) -> Outcome:
        if failpoints.ON:
            failpoints.reach(f"sending.{request.row.kind}")
        outcome = await self._send(request, target)
        if failpoints.ON:
            failpoints.reach(f"answered.{request.row.kind}")
        return outcome

    async def _send(self, request: Delivery, target: Target) -> Outcome:
        row = request.row
        parameters = _body.decode(row.body)
        file = parameters.get("RecordUrl") or parameters.get("record_url", "")
        if file.startswith(FILE):
            url = self._file_url(row.account, file.removeprefix(FILE))
            parameters |= {
                name: parameters[name].replace(file, url)
                for name in FILE_NAMES
                if name in parameters
            }
        spent = self._clock() - request.progress.first_at if request.progress.attempts else 0
        in_burst = request.progress.step == 0
        outcome = await self._sender.send(
            target,
            unlogged.sent(parameters),
            {HEADER: row.request_id},
            tokens=self._tokens(row.account),
            follow=HOPS if request.wants_document else 0,
            budget_ms=target.retry.total_ms - spent if in_burst else None,
        )
        if not unlogged.is_marked(parameters):
            return outcome
        return msgspec.structs.replace(outcome, sent=unlogged.masked(outcome.sent))

    def _judge(
        self, request: Delivery, retry: Retry, outcome: Outcome, started: int
    ) -> delivery.Verdict:
        progress = request.progress
        request.attempts += 1
        request.progress = progress = delivery.Progress(
            attempts=progress.attempts + (not outcome.stale),
            first_at=progress.first_at or started,
            step=progress.step,
        )
        verdict = delivery.judge(
            retry,
            progress,
            failure=outcome.failure,
            status=outcome.status,
            retry_after_s=outcome.retry_after_s,
            durable=request.durable,
            stale=outcome.stale,
            schedule_s=self._schedule_s,
            chance=self._chance(),
            now=self._clock(),
        )
        request.progress = delivery.Progress(progress.attempts, progress.first_at, verdict.step)
        return verdict

    def _record(
        self, request: Delivery, outcome: Outcome, verdict: delivery.Verdict, started: int
    ) -> None:
        row = request.row
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
            settled=verdict.settled or request.settled.is_set(),
            attempts=request.attempts,
        )
        attempt = rows.attempt_row(row.request_id, request.attempts, started, outcome)
        self._updates.append(update)
        self._attempts.append(attempt)
        self._commits.soon(self._flush, last=True)

    def _flush(self) -> None:
        """Keep the attempts made meanwhile; what a crash forgets is sent once more.

        After whatever the replies came to: else a call could wait for a reply that was given (N-1).
        """
        updates, self._updates = self._updates, []
        attempts, self._attempts = self._attempts, []
        if attempts:
            unit = Unit(updates=tuple(updates), attempts=tuple(attempts))
            kept = self._store.commit(unit, quiet=True)
            kept.add_done_callback(_told)

    def _lane(self, url: str) -> asyncio.Semaphore:
        parts = urlsplit(url)
        lane = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        return self._lanes.setdefault(lane, asyncio.Semaphore(LANE))


async def _until_due(request: Delivery, seconds: float) -> None:
    """Unless somebody is in a hurry."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(request.hurry.wait(), seconds)
    request.hurry.clear()


def _told(kept: asyncio.Future[None]) -> None:
    if not kept.cancelled() and kept.exception() is not None:
        log.error("attempts_not_kept", reason=str(kept.exception()))
