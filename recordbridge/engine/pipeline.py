"""From Asterisk's file to a URL: fetch, measure, encode, store; then delete Asterisk's copy.

One task per recording. Failures that waiting may mend are tried again for a day, long after the
machine has reported the recording as failed: its file is still rescued (P-8).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

import structlog

from recordbridge import failpoints
from recordbridge.errors import (
    MediaError,
    MissingAudioError,
    PbxError,
    PbxGoneError,
    StorageError,
)
from recordbridge.machine.facts import AudioMeasured, Fact, FileDelayed, FileFailed, FileReady
from recordbridge.machine.intents import Collect
from recordbridge.ports.audio import Audio, Blobs, Keep, Measured, Stored
from recordbridge.ports.pbx import Pbx

log = structlog.get_logger()

PAUSES_S = (0.1, 0.3, 1, 2, 5, 10, 30, 60)
"""Between tries; the last one again and again."""
TRIES = 1500
"""With the pauses above, about a day."""
GONE_TRIES = 6
"""A file that is not there is looked for this often (some 20 s) before it is given up."""

STORAGE = "storage"
"""The place, in the words of N-4, where files are made and kept."""
DISCARD = "discard"
DISCARD_S = 1.0
"""How long a copy of Asterisk's that is not needed any more waits for others."""

Tell = Callable[[Fact], None]


class Pipeline:
    """Collects recordings. `work` is a folder of ours for files in the making."""

    def __init__(self, *, audio: Audio, blobs: Blobs, work: Path) -> None:
        self._audio = audio
        self._blobs = blobs
        self._work = work
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._discards: dict[str, tuple[Pbx, list[str]]] = {}
        self._closing = asyncio.Event()

    @property
    def active(self) -> int:
        return len(self._tasks) - (DISCARD in self._tasks)

    def collect(self, pbx: Pbx, intent: Collect, call_uuid: str, tell: Tell) -> None:
        """Start collecting, unless it is under way."""
        if intent.recording_id in self._tasks:
            return
        task = asyncio.create_task(
            self._collect(pbx, intent, call_uuid, tell), name=f"collect {intent.recording_id}"
        )
        self._tasks[intent.recording_id] = task
        task.add_done_callback(lambda done: self._ended(intent.recording_id, call_uuid, done))

    def discard(self, pbx: Pbx, names: tuple[str, ...]) -> None:
        """Delete Asterisk's copies, soon and with others: nobody waits for it."""
        self._discards.setdefault(pbx.name, (pbx, []))[1].extend(names)
        if DISCARD not in self._tasks:
            self._tasks[DISCARD] = asyncio.create_task(self._discard(), name=DISCARD)

    async def close(self, grace_s: float) -> None:
        """Let files in the making be finished for `grace_s`; the rest is done after a restart."""
        self._closing.set()
        tasks = list(self._tasks.values())
        if tasks:
            _, pending = await asyncio.wait(tasks, timeout=grace_s)
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)

    def _ended(self, recording_id: str, call_uuid: str, task: asyncio.Task[None]) -> None:
        self._tasks.pop(recording_id, None)
        if not task.cancelled() and task.exception() is not None:
            log.error(
                "collect_broke",
                recording_id=recording_id,
                call_uuid=call_uuid,
                exc_info=task.exception(),
            )

    async def _collect(self, pbx: Pbx, intent: Collect, call_uuid: str, tell: Tell) -> None:
        for attempt in range(TRIES):
            try:
                await self._file(pbx, intent, tell)
            except (PbxError, StorageError, MediaError) as error:
                reason = str(error)
                log.warning(
                    "collect_failed",
                    recording_id=intent.recording_id,
                    call_uuid=call_uuid,
                    attempt=attempt + 1,
                    reason=reason,
                )
                if isinstance(error, StorageError) and error.full:
                    tell(FileDelayed(recording_id=intent.recording_id, place=STORAGE))
                if _final(error, attempt + 1):
                    tell(FileFailed(recording_id=intent.recording_id, reason=reason))
                    return
                await asyncio.sleep(PAUSES_S[min(attempt, len(PAUSES_S) - 1)])
            else:
                return

    async def _file(self, pbx: Pbx, intent: Collect, tell: Tell) -> None:
        """Measure, encode and keep; tells the values (again after a failure) and the file."""
        name = f"{intent.recording_id}.{intent.file_format}"
        keep = self._blobs.keeper(name) if intent.file_format == "wav" else None
        measured, stored = await self._measure(pbx, intent, keep)
        if failpoints.ON:
            failpoints.reach("pipeline.measured" if stored is None else "pipeline.kept")
        tell(
            AudioMeasured(
                recording_id=intent.recording_id,
                frames=measured.frames,
                rate=measured.rate,
                skipped_frames=measured.skipped_frames,
                torn=measured.torn,
                captured_ms=measured.captured * 1000 // measured.rate,
                quiet_ms=measured.quiet * 1000 // measured.rate,
            )
        )
        if stored is None:
            finished = await self._audio.encode(measured, intent.file_format, self._work / name)
            stored = await self._blobs.put(name, finished)
            measured.pcm.unlink(missing_ok=True)
            if failpoints.ON:
                failpoints.reach("pipeline.kept")
        tell(FileReady(recording_id=intent.recording_id, size=stored.size, digest=stored.digest))

    async def _measure(
        self, pbx: Pbx, intent: Collect, keep: Keep | None
    ) -> tuple[Measured, Stored | None]:
        into = self._work / f"{intent.recording_id}.pcm.wav"
        shared = [pbx.recording_file(name) if name else None for name in intent.names]
        if all(path for path, name in zip(shared, intent.names, strict=True) if name):
            with contextlib.suppress(MissingAudioError):
                return await self._audio.measure(intent, shared, into, keep)
        sources: list[Path | None] = []
        for part, name in enumerate(intent.names):
            place = self._work / f"{intent.recording_id}.{part}.wav"
            sources.append(await pbx.fetch_recording(name, place) if name else None)
        result = await self._audio.measure(intent, sources, into, keep)
        for source in sources:
            if source is not None and source.parent == self._work:
                source.unlink(missing_ok=True)
        return result

    async def _discard(self) -> None:
        """What is left over by an error is deleted with the next ones."""
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), DISCARD_S)
        finally:
            self._tasks.pop(DISCARD, None)
        discards, self._discards = self._discards, {}
        for pbx, names in discards.values():
            if failpoints.ON:
                failpoints.reach("pipeline.deleting")
            try:
                await pbx.delete_recordings(names)
            except PbxError as error:
                log.warning("discard_failed", asterisk=pbx.name, reason=str(error))
                self._discards.setdefault(pbx.name, (pbx, []))[1].extend(names)


def _final(error: Exception, attempts: int) -> bool:
    """Waiting will not help any more."""
    if isinstance(error, PbxGoneError | MissingAudioError):
        return attempts >= GONE_TRIES
    return isinstance(error, MediaError)
