"""The machine's state as rows."""

from __future__ import annotations

import msgspec

from recordbridge.instant import Instant
from recordbridge.machine import reports
from recordbridge.machine.intents import Recognise, Reply, Request, Transcribe
from recordbridge.machine.state import Call, Recording
from recordbridge.machine.transcription import Again
from recordbridge.plivo.lanes import lane_of
from recordbridge.plivo.retry import Target
from recordbridge.ports.http import Outcome
from recordbridge.ports.rows import (
    AnswerRow,
    AttemptRow,
    CallRow,
    RecordingRow,
    RecordingStatus,
    RequestRow,
    StartRow,
    TranscriptRow,
)

KEPT_REPLY = 2048
"""H-6: how much of a reply is kept."""

_state = msgspec.msgpack.Encoder()
_retry = msgspec.msgpack.Encoder()
_body = msgspec.json.Encoder()
_decode_call = msgspec.msgpack.Decoder(Call)
_target = msgspec.json.Decoder(Target)


def decode(state: bytes) -> Call:
    """The call that `call_row` encoded."""
    return _decode_call.decode(state)


def call_row(call: Call, version: int, fence: int, *, open_: bool) -> CallRow:
    """The row of a call at that version, under that fence."""
    return CallRow(
        call_uuid=call.call_uuid,
        asterisk=call.asterisk,
        channel_id=call.channel_id,
        account=call.profile.account,
        application=call.profile.application,
        caller=call.caller,
        dialled=call.dialled,
        direction="inbound",
        status=reports.call_status(call),
        entered_at=call.entered_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        hangup_cause=reports.hangup_cause(call),
        open=open_,
        state=_state.encode(call),
        version=version,
        fence=fence,
    )


def recording_row(call: Call, recording: Recording) -> RecordingRow:
    """The row of a recording; times as in section 2.4 of the rules."""
    times = reports.times(recording)
    return RecordingRow(
        recording_id=recording.recording_id,
        call_uuid=call.call_uuid,
        account=recording.account or call.profile.account,
        application=call.profile.application,
        mode=recording.mode,
        status=_status(recording),
        file_format=recording.element.file_format,
        channels=len(recording.taps),
        caller=call.caller,
        dialled=call.dialled,
        added_at=recording.added_at,
        start_ms=times.start_ms if times else recording.start_at,
        end_ms=times.end_ms if times else None,
        duration_ms=times.duration_ms if times else None,
        stopped_ms=recording.stopped_at,
        end_reason=recording.reason,
        digits=recording.key,
        error=recording.error,
        size=recording.size,
        digest=recording.digest,
        pauses=_pauses(recording) if recording.pauses else "",
    )


def _pauses(recording: Recording) -> str:
    return ",".join(f"{each.since}-{each.until or ''}" for each in recording.pauses)


def _status(recording: Recording) -> RecordingStatus:
    if recording.phase == "done":
        return "failed" if recording.given_up or recording.size is None else "ready"
    return "processing" if recording.phase == "collecting" else "recording"


def request_row(call: Call, request: Request, now: Instant) -> RequestRow:
    """The outbox row of a request."""
    return RequestRow(
        request_id=request.request_id,
        kind=request.kind,
        call_uuid=call.call_uuid,
        recording_id=request.recording_id,
        account=_account(call, request.recording_id),
        method=request.target.method,
        url=request.target.url,
        retry=_retry.encode(request.target.retry),
        body=_body.encode(request.parameters),
        wants_document=request.wants_document,
        durable=request.durable,
        after=request.after,
        state="waiting",
        created_at=now,
        due_at=now,
        lane=lane_of(request.target.url),
    )


def _account(call: Call, recording_id: str | None) -> str:
    """Whose tokens sign the request, and whose the file is."""
    own = (r.account for r in call.recordings if r.recording_id == recording_id)
    return next(own, "") or call.profile.account


def start_row(call: Call, start: Recognise, now: Instant) -> StartRow:
    """E-1: by what a repeat of a REST request is recognised."""
    return StartRow(
        account=_account(call, start.recording_id),
        key=start.key,
        digest=start.digest,
        call_uuid=call.call_uuid,
        recording_id=start.recording_id,
        api_id=start.api_id,
        added_at=now,
    )


def answer_row(command_id: str, reply: Reply, now: Instant) -> AnswerRow:
    """N-6: the answer to another worker's command."""
    return AnswerRow(command_id, now, _state.encode(reply))


def transcript_row(call: Call, wanted: Transcribe) -> TranscriptRow:
    """T-1: a recording that shall be turned into text. A short one goes before a long one, unless
    that has waited for longer than it would take to listen to it.
    """
    (recording,) = (r for r in call.recordings if r.recording_id == wanted.recording_id)
    length_ms = reports.length_ms(recording)
    return TranscriptRow(
        recording_id=recording.recording_id,
        call_uuid=call.call_uuid,
        account=_account(call, recording.recording_id),
        file_format=recording.element.file_format,
        channels=len(recording.taps),
        duration_ms=length_ms,
        state="waiting",
        added_at=wanted.at,
        due_at=wanted.at + length_ms,
    )


def asked_again(row: TranscriptRow) -> Again | None:
    """E-5: under which id, and to whom, REST wants a text told; None when it has not asked."""
    if not row.request_id:
        return None
    target = _target.decode(row.target) if row.target else None
    return Again(row.request_id, target)


def target_text(target: Target | None) -> str:
    """As `asked_again` reads it."""
    return "" if target is None else msgspec.json.encode(target).decode()


def attempt_row(request_id: str, number: int, started_at: Instant, outcome: Outcome) -> AttemptRow:
    """H-6: one attempt."""
    return AttemptRow(
        request_id=request_id,
        number=number,
        started_at=started_at,
        connect_ms=outcome.connect_ms,
        first_byte_ms=outcome.first_byte_ms,
        total_ms=outcome.total_ms,
        status=outcome.status,
        error=outcome.error,
        sent=outcome.sent,
        reply=outcome.body[:KEPT_REPLY],
    )
