"""Transcriptions: get, delete, make again (E-5). Each has the id of its recording."""

from __future__ import annotations

from decimal import Decimal

from aiohttp import web

from recordbridge.engine import texts
from recordbridge.instant import to_text
from recordbridge.machine import transcription
from recordbridge.machine.transcription import Spoken
from recordbridge.plivo.retry import Target
from recordbridge.ports.rows import RecordingRow, TranscriptRow
from recordbridge.web.api import checks, recordings, shapes
from recordbridge.web.api.asking import Asking, Operation, nothing, reply
from recordbridge.web.api.checks import METHOD, URL
from recordbridge.web.api.fields import Field

PATH = "/v1/Account/{auth_id}/Transcription/{recording_id}/"
KINDS = ("transcription", "raw", "diarized")
LONGEST_MODEL = 100
STATUS: dict[str, shapes.TextStatus] = {
    "done": "success",
    "failed": "failed",
    "waiting": "in-progress",
}


async def get(asking: Asking) -> web.StreamResponse:
    recording, row = await _row(asking)
    free, rate = Decimal(0), asking.api.texts.rate
    cost = transcription.cost(rate, row.duration_ms) if row.state == "done" else free
    return reply(
        shapes.Transcription(
            api_id=asking.api_id,
            add_time=to_text(row.added_at),
            cost=float(cost),
            engine=row.engine,
            error=row.error,
            rate=float(rate),
            recording_duration_ms=row.duration_ms,
            recording_id=row.recording_id,
            recording_start_ms=recording.start_ms or recording.added_at,
            resource_uri=asking.uri("Transcription", row.recording_id),
            status=STATUS[row.state],
            transcription=_text(row, asking.values.get("type", "transcription")),
        )
    )


def _text(row: TranscriptRow, kind: str) -> str | list[shapes.Utterance]:
    if kind == "transcription":
        return row.text
    said = texts.spoken(row)
    return transcription.full(said) if kind == "diarized" else [_utterance(each) for each in said]


def _utterance(each: Spoken) -> shapes.Utterance:
    return shapes.Utterance(start_ms=each.at_ms, speaker=each.side, text=each.text)


async def delete(asking: Asking) -> web.StreamResponse:
    _, row = await _row(asking)
    if not await asking.api.texts.erase(row.recording_id):
        raise web.HTTPConflict(text=texts.BUSY)
    return nothing()


async def create(asking: Asking) -> web.StreamResponse:
    recording = await recordings.ended(asking)
    values = asking.values
    target: Target | None = values.get("transcription_callback_url")
    if target is not None:
        method = values.get("transcription_callback_method", "POST")
        target = Target(target.url, method, target.retry)
    refused = await asking.api.texts.again(recording, values.get("model", ""), target)
    if refused is not None:
        kind = web.HTTPBadRequest if refused.lasting else web.HTTPConflict
        raise kind(text=refused.sentence)
    begun = shapes.TranscriptionBegun(
        api_id=asking.api_id,
        message="transcription in progress",
        transcription_id=recording.recording_id,
    )
    return reply(begun, 202)


async def _row(asking: Asking) -> tuple[RecordingRow, TranscriptRow]:
    """The recording of the path and its transcription. Raises 404."""
    recording = await recordings.found(asking)
    row = await asking.api.texts.find(recording.recording_id)
    if row is None:
        raise web.HTTPNotFound(text="the recording has no transcription")
    return recording, row


def model(value: str) -> str:
    """A name; whether there is such a model the engine knows."""
    if not value or len(value) > LONGEST_MODEL or not value.isprintable():
        raise ValueError(f"must be the name of a model, 1 to {LONGEST_MODEL} printable characters")
    return value


def kind(value: str) -> str:
    """Empty counts as absent: the Go SDK always sends it."""
    return checks.one_of(*KINDS)(value or KINDS[0])


_TYPE = Field(
    "type",
    kind,
    {"type": "string", "enum": ["", *KINDS]},
    "transcription (by default): the text in one paragraph; diarized: a line for each utterance,"
    " with its speaker where the recording is stereo; raw: the utterances as objects",
)
_NAME = {"type": "string", "minLength": 1, "maxLength": LONGEST_MODEL}

OPERATIONS = (
    Operation(
        "GET",
        PATH,
        "getTranscription",
        "What was said in a recording, or that it is not known yet (in-progress).",
        get,
        replies=(shapes.Transcription,),
        query=(_TYPE,),
    ),
    Operation(
        "POST",
        PATH,
        "createTranscription",
        "Has a recording transcribed, for the first time or again, by another model for instance."
        " 409 while it is being transcribed otherwise.",
        create,
        status=202,
        replies=(shapes.TranscriptionBegun,),
        body=(
            Field("transcription_callback_url", checks.target, URL, "Gets the transcription"),
            Field(
                "transcription_callback_method",
                checks.one_of("GET", "POST"),
                METHOD,
                "POST by default",
            ),
            Field("model", model, _NAME, "Instead of the configured one"),
        ),
        errors=(409,),
    ),
    Operation(
        "DELETE",
        PATH,
        "deleteTranscription",
        "Deletes the text; the recording stays. 409 while it is being transcribed.",
        delete,
        status=204,
        errors=(409,),
    ),
)
