"""Turns recordings into text, one at a time, and reports it (T-1, M-5).

The rows in the database are the queue; what is in memory is its beginning. A row waits until its
result is committed, together with the request that tells of it: whoever is killed meanwhile, the
work is done again, and told under the id that the call's machine gave it. What fails for a reason
that may pass stays a waiting row, and is found again at the next look.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import structlog

from recordbridge import failpoints
from recordbridge.engine import rows
from recordbridge.errors import (
    ListenerAwayError,
    ListenerError,
    ListenerRefusedError,
    MediaError,
    StorageError,
)
from recordbridge.instant import Clock, Instant
from recordbridge.machine import transcription
from recordbridge.machine.transcription import Outcome
from recordbridge.ports.audio import Blobs
from recordbridge.ports.rows import RequestRow, TranscriptRow, TranscriptState, Unit
from recordbridge.ports.store import Store
from recordbridge.ports.transcripts import Listener
from recordbridge.telemetry.metrics import Metrics

log = structlog.get_logger()

QUEUE = 1000
"""Most rows in memory; the others are found when these are done."""
LOOK_S = 15.0
"""How often the database is asked for what failed before, and for what dead workers left."""
PAUSE_S = 1.0
"""After a file or row that could not be had: the next one probably cannot either."""
BREAKDOWNS = 3
"""How often the engine may break down over a recording before that is its result."""
PATIENCE_MS = 86_400_000
"""How long a file that cannot be read now is waited for."""

_RESULTS = (
    (StorageError, transcription.UNREACHABLE),
    (ListenerAwayError, transcription.AWAY),
    (ListenerRefusedError, transcription.REFUSED),
    (MediaError, transcription.UNHEARD),
)


class Transcriber:
    """`submit` takes the row of a request that is committed."""

    def __init__(
        self,
        *,
        store: Store,
        blobs: Blobs,
        listener: Listener,
        work: Path,
        rate: Decimal,
        clock: Clock,
        submit: Callable[[RequestRow], None],
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._listener = listener
        self._work = work
        self._rate = rate
        self._clock = clock
        self._submit = submit
        self._metrics = metrics
        self._queue: list[tuple[int, str, TranscriptRow]] = []
        self._held: set[str] = set()
        """In the queue, or under way."""
        self._broken: dict[str, int] = {}
        """How often the engine broke down over it."""
        self._more = False
        """The database has some that are not in the queue."""
        self._wake = asyncio.Event()
        self._looked_at = float("-inf")
        metrics.transcripts_waiting.set_function(lambda: len(self._held))

    def add(self, row: TranscriptRow) -> None:
        """Its row is committed."""
        if row.recording_id in self._held:
            return
        if len(self._queue) >= QUEUE:
            self._more = True
            last = max(self._queue)
            if last[0] <= row.due_at:
                return
            self._queue.remove(last)
            heapq.heapify(self._queue)
            self._held.discard(last[1])
        self._held.add(row.recording_id)
        heapq.heappush(self._queue, (row.due_at, row.recording_id, row))
        self._wake.set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work until the block ends; what is under way then is done after the next start."""
        if trouble := self._listener.trouble(""):
            log.info("transcription_unavailable", reason=trouble)
        task = asyncio.create_task(self._run(), name="transcriber")
        task.add_done_callback(_tell_broken)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self._listener.rest()

    async def _run(self) -> None:
        while True:
            row = await self._next()
            if await self._guarded(row):
                self._held.discard(row.recording_id)

    async def _guarded(self, row: TranscriptRow) -> bool:
        """Do one; False when that is not possible before the next start: its result cannot be
        kept for a fault of ours, which must not keep the others from their texts.
        """
        try:
            if await self._transcribe(row):
                self._broken.pop(row.recording_id, None)
        except (StorageError, ListenerAwayError) as error:
            self._told(row, "transcription_delayed", reason=str(error))
            await asyncio.sleep(PAUSE_S)
        except Exception:
            log.exception("transcript_not_kept", recording_id=row.recording_id)
            return False
        return True

    async def _next(self) -> TranscriptRow:
        """The row that is due first; waits for one."""
        loop = asyncio.get_running_loop()
        while True:
            if loop.time() - self._looked_at >= LOOK_S or (self._more and not self._queue):
                self._looked_at = loop.time()
                await self._look()
            if self._queue:
                return heapq.heappop(self._queue)[2]
            self._wake.clear()
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._wake.wait()
            except TimeoutError:
                await self._listener.rest()

    async def _look(self) -> None:
        try:
            found = await self._store.take_transcripts(QUEUE)
        except StorageError as error:
            log.warning("transcripts_not_read", reason=str(error))
            return
        self._more = len(found) >= QUEUE
        for row in found:
            self.add(row)

    async def _transcribe(self, row: TranscriptRow) -> bool:
        """Do one; False when it is to be tried again. Raises StorageError, ListenerAwayError."""
        begun = self._clock()
        outcome = await self._outcome(row)
        if outcome is None:
            return False
        if failpoints.ON:
            failpoints.reach("transcript.heard")
        await self._keep(row, outcome)
        took_ms = max(1, self._clock() - begun)
        self._metrics.transcriptions.labels("failed" if outcome.error else "done").inc()
        self._told(
            row,
            "transcribed",
            error=outcome.error,
            duration_ms=row.duration_ms,
            took_ms=took_ms,
            times_real_time=round(row.duration_ms / took_ms, 1),
        )
        return True

    async def _outcome(self, row: TranscriptRow) -> Outcome | None:
        """What came of it; None when it is to be tried again. Raises what time may mend."""
        try:
            return await self._heard(row)
        except (StorageError, ListenerAwayError) as error:
            if self._clock() - row.added_at < PATIENCE_MS:
                raise
            return self._given_up(row, error)
        except (MediaError, ListenerRefusedError) as error:
            return self._given_up(row, error)
        except ListenerError as error:
            return self._broke_down(row, str(error))
        except Exception:
            log.exception("transcription_broke", recording_id=row.recording_id)
            return self._broke_down(row, "an error of the service")

    async def _heard(self, row: TranscriptRow) -> Outcome:
        if self._listener.trouble(row.model):
            return Outcome(error=transcription.UNAVAILABLE)
        copy = self._work / f"{row.recording_id}.listen.{row.file_format}"
        try:
            file = await self._blobs.fetch(f"{row.recording_id}.{row.file_format}", copy)
            if file is None:
                return Outcome(error=transcription.DELETED)
            spoken = await self._listener.listen(
                file, stereo=row.channels == 2, duration_ms=row.duration_ms, model=row.model
            )
            return Outcome(spoken=tuple(spoken))
        finally:
            copy.unlink(missing_ok=True)

    def _given_up(self, row: TranscriptRow, error: Exception) -> Outcome:
        self._told(row, "transcription_failed", reason=str(error))
        return Outcome(error=next(said for kind, said in _RESULTS if isinstance(error, kind)))

    def _broke_down(self, row: TranscriptRow, reason: str) -> Outcome | None:
        times = self._broken[row.recording_id] = self._broken.get(row.recording_id, 0) + 1
        self._told(row, "transcription_failed", reason=reason, attempt=times)
        if times < BREAKDOWNS:
            self._looked_at = float("-inf")
            return None
        return Outcome(error=transcription.BROKEN)

    async def _keep(self, row: TranscriptRow, outcome: Outcome) -> None:
        """The text and the request that tells of it, in one transaction."""
        recording = await self._store.recording(row.recording_id)
        if recording is not None and recording.deleted_at is not None:
            outcome = Outcome(error=transcription.DELETED)
        call = await self._store.call(row.call_uuid)
        now = self._clock()
        request = None
        if call is not None:
            state = rows.decode(call.state)
            held = next(r for r in state.recordings if r.recording_id == row.recording_id)
            again = rows.asked_again(row)
            wanted = transcription.request(state, held, outcome, self._rate, now, again)
            request = None if wanted is None else rows.request_row(state, wanted, now)
        done = self._done(row, outcome, now)
        requests = () if request is None else (request,)
        await self._store.commit(Unit(transcribed=(done,), requests=requests))
        if failpoints.ON:
            failpoints.reach("transcript.kept")
        for each in requests:
            self._submit(each)

    def _done(self, row: TranscriptRow, outcome: Outcome, now: Instant) -> TranscriptRow:
        """The row with its result. A text that could not be made anew stays as it was."""
        state: TranscriptState = "failed" if outcome.error else "done"
        row = msgspec.structs.replace(row, state=state, done_at=now, error=outcome.error)
        if outcome.error and outcome.error != transcription.DELETED and row.text:
            return row
        return msgspec.structs.replace(
            row,
            text=transcription.compact(outcome.spoken),
            spoken=msgspec.json.encode(outcome.spoken),
            engine=self._listener.name(row.model),
        )

    def _told(self, row: TranscriptRow, event: str, **fields: object) -> None:
        level = log.info if event == "transcribed" else log.warning
        level(event, recording_id=row.recording_id, call_uuid=row.call_uuid, **fields)


def _tell_broken(task: asyncio.Task[None]) -> None:
    """It ends only when it is told to; any other end would go unnoticed."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("transcriber_broke", exc_info=error)
