"""What steps of a call write, as one unit: rows of what changed, and what intents add to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from recordbridge.engine import rows
from recordbridge.instant import Instant
from recordbridge.machine.intents import (
    Abandon,
    Intent,
    MakeDurable,
    Recognise,
    Reply,
    Request,
    Transcribe,
)
from recordbridge.machine.state import Call, Recording
from recordbridge.ports.rows import (
    AnswerRow,
    RecordingRow,
    RequestRow,
    RequestUpdate,
    StartRow,
    TranscriptRow,
    Unit,
)


def changed(state: Call, known: tuple[Recording, ...]) -> tuple[RecordingRow, ...]:
    """The rows of the recordings that are not as they were known."""
    return tuple(
        [
            rows.recording_row(state, recording)
            for index, recording in enumerate(state.recordings)
            if index >= len(known) or recording is not known[index]
        ]
    )


def asked(
    state: Call, intents: Sequence[Intent], now: Instant, commands: Mapping[str, str]
) -> Unit:
    """What intents write of their own; in one pass, for it is done in every commit."""
    requests: list[RequestRow] = []
    starts: list[StartRow] = []
    transcripts: list[TranscriptRow] = []
    updates: list[RequestUpdate] = []
    answers: list[AnswerRow] = []
    for intent in intents:
        if isinstance(intent, Request):
            requests.append(rows.request_row(state, intent, now))
        elif isinstance(intent, Recognise):
            starts.append(rows.start_row(state, intent, now))
        elif isinstance(intent, Transcribe):
            transcripts.append(rows.transcript_row(state, intent))
        elif isinstance(intent, MakeDurable | Abandon):
            updates.append(_update(intent))
        elif isinstance(intent, Reply) and intent.asked_id in commands:
            answers.append(rows.answer_row(commands[intent.asked_id], intent, now))
    return Unit(
        requests=tuple(requests),
        starts=tuple(starts),
        transcripts=tuple(transcripts),
        updates=tuple(updates),
        answers=tuple(answers),
    )


def _update(intent: MakeDurable | Abandon) -> RequestUpdate:
    """What an intent about an earlier request changes in its row."""
    if isinstance(intent, MakeDurable):
        return RequestUpdate(request_id=intent.request_id, durable=True, wants_document=False)
    return RequestUpdate(request_id=intent.request_id, state="parked", settled=True)
