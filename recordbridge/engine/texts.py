"""Transcriptions as the REST API asks for them: there, deleted, or made again (E-5).

A recording has one transcription, which bears its id. What waits is a promise to somebody, so it is
neither deleted nor asked for otherwise until it is kept.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple, Protocol

import msgspec

from recordbridge.engine import rows
from recordbridge.errors import StorageError
from recordbridge.instant import Clock
from recordbridge.machine import transcription
from recordbridge.machine.transcription import Spoken
from recordbridge.plivo.retry import Target
from recordbridge.ports.rows import RecordingRow, TranscriptRow

ANSWER_S = 4.0
"""How long the database is waited for: less than the official SDKs wait for an answer (5 s)."""
BUSY = "the recording is being transcribed: ask again when that is done"
_spoken = msgspec.json.Decoder(tuple[Spoken, ...])


class Keeps(Protocol):
    """What is needed of the database."""

    async def transcript(self, recording_id: str) -> TranscriptRow | None: ...

    def transcribe_again(self, row: TranscriptRow) -> asyncio.Future[bool]: ...

    def erase_transcript(self, recording_id: str) -> asyncio.Future[bool]: ...


class Listens(Protocol):
    """What is needed of the engine (`ports.transcripts.Listener`)."""

    def trouble(self, model: str) -> str: ...


class Refused(NamedTuple):
    """Why a text is not made; `lasting`: asking again is of no use."""

    sentence: str
    lasting: bool


class Texts:
    """`add` is told of what is to be done, once that is committed."""

    def __init__(
        self,
        *,
        store: Keeps,
        listener: Listens,
        add: Callable[[TranscriptRow], None],
        rate: Decimal,
        clock: Clock,
    ) -> None:
        self._store = store
        self._listener = listener
        self._add = add
        self.rate = rate
        self._clock = clock

    async def find(self, recording_id: str) -> TranscriptRow | None:
        """The transcription of a recording, unless it was deleted."""
        row = await self._store.transcript(recording_id)
        return None if row is None or row.state == "deleted" else row

    async def erase(self, recording_id: str) -> bool:
        """Delete it; False while it waits. Raises StorageError."""
        return await _in_time(self._store.erase_transcript(recording_id))

    async def again(
        self, recording: RecordingRow, model: str, target: Target | None
    ) -> Refused | None:
        """Have the recording transcribed by the model (empty: the usual one), and `target` told.

        None when it waits now; so also when the very same was asked for already. Raises
        StorageError when it is not known.
        """
        refusal = transcription.refusal(recording.duration_ms or 0, recording.size)
        if refusal:
            return Refused(refusal, lasting=True)
        if trouble := self._listener.trouble(model):
            return Refused(trouble, lasting=bool(model))
        held = await self._store.transcript(recording.recording_id)
        wanted = self._wanted(recording, held, model, rows.target_text(target))
        if held is not None and held.state == "waiting":
            same = (held.model, held.target) == (wanted.model, wanted.target)
            return None if same and held.request_id else Refused(BUSY, lasting=False)
        if not await _in_time(self._store.transcribe_again(wanted)):
            return Refused(BUSY, lasting=False)
        self._add(wanted)
        return None

    def _wanted(
        self, recording: RecordingRow, held: TranscriptRow | None, model: str, target: str
    ) -> TranscriptRow:
        """The row; what was said according to the last time stays until it is known anew."""
        now, length_ms = self._clock(), recording.duration_ms or 0
        row = held or TranscriptRow(
            recording_id=recording.recording_id,
            call_uuid=recording.call_uuid,
            account=recording.account,
            file_format=recording.file_format,
            channels=recording.channels,
            duration_ms=length_ms,
            state="waiting",
            added_at=now,
            due_at=now,
        )
        return msgspec.structs.replace(
            row,
            state="waiting",
            added_at=now,
            due_at=now + length_ms,
            error="",
            model=model,
            request_id=str(uuid.uuid4()),
            target=target,
        )


def spoken(row: TranscriptRow) -> tuple[Spoken, ...]:
    """The utterances."""
    return _spoken.decode(row.spoken)


async def _in_time(work: asyncio.Future[bool]) -> bool:
    try:
        async with asyncio.timeout(ANSWER_S):
            return await asyncio.shield(work)
    except TimeoutError:
        raise StorageError("the database did not take it in time; ask again") from None
