"""What requests say about a call and its recordings: state in, parameters out (F-3, 2.4)."""

from __future__ import annotations

from typing import Literal

import msgspec

from recordbridge import ids
from recordbridge.instant import Instant
from recordbridge.machine.progress import Dialing, Leg
from recordbridge.machine.state import LAG_MS, Call, Recording
from recordbridge.plivo import hangup_causes, parameters
from recordbridge.plivo.elements import Dial
from recordbridge.plivo.hangup_causes import DialStatus
from recordbridge.plivo.parameters import DialAction, Event

FILE = "recording:"
"""Begins a parameter value that stands for the URL of a file: `recording:{id}.{ext}`."""

NORMAL_CLEARING = 16
NO_ANSWER = 19
UNCONFIRMED = 9110
_DELIBERATE = frozenset({0, NORMAL_CLEARING, 17, 21, 31, 127})
"""Q.850 causes of somebody who hung up: the others tell by themselves what happened."""


class Times(msgspec.Struct, frozen=True):
    """Q-1: the first sample in the file, the end of the last one, and the length between."""

    start_ms: Instant
    end_ms: Instant
    duration_ms: int


def times(recording: Recording) -> Times | None:
    """The true values, once they are known: exact samples, halves rounded up."""
    frames, rate = recording.frames, recording.rate
    if frames is None:
        return None
    start = recording.start_at or recording.added_at
    if frames and recording.captured_at is not None:
        start = recording.captured_at - LAG_MS + _ms(recording.skipped_frames, rate)
    duration = _ms(frames, rate)
    return Times(start, start + duration, duration)


def _ms(frames: int, rate: int) -> int:
    return (frames * 2000 + rate) // (2 * rate)


def call_status(call: Call) -> str:
    """CallStatus of F-3."""
    if call.present:
        return "ringing" if call.answered_at is None else "in-progress"
    return "completed"


def _hangup(call: Call) -> hangup_causes.HangupCause:
    ending = call.ending
    return hangup_causes.hangup_cause(
        ending.source, ending.cause, ending.code or None, answered=call.answered_at is not None
    )


def ending(call: Call) -> hangup_causes.HangupCause | None:
    """Why a call ended that is over."""
    return _hangup(call) if call.over else None


def hangup_cause(call: Call) -> str:
    """HangupCause of a call that is over, else empty."""
    return _hangup(call).cause if call.over else ""


def _end(call: Call, now: Instant) -> parameters.CallEnd | None:
    if call.present:
        return None
    ended = call.ended_at or call.hangup_at or now
    answered = ended if call.answered_at is None else call.answered_at
    return parameters.CallEnd(
        cause=_hangup(call),
        duration_s=parameters.whole_seconds(ended - call.entered_at),
        bill_duration_s=parameters.whole_seconds(ended - answered),
    )


def standard(call: Call, event: Event, now: Instant) -> dict[str, str]:
    """F-3 of the call as it stands."""
    return parameters.standard(
        call_uuid=call.call_uuid,
        from_number=call.caller,
        to_number=call.dialled,
        direction="inbound",
        status=call_status(call),
        event=event,
        end=_end(call, now),
        headers=call.headers,
    )


def _recording(recording: Recording) -> parameters.RecordingEnd:
    found = times(recording)
    saved = found is not None and (not recording.given_up or recording.size is not None)
    if recording.reason == "failed" and found is not None and not found.duration_ms:
        saved = False
    start = recording.start_at or recording.added_at
    stopped = recording.stopped_at or start
    file = f"{FILE}{recording.recording_id}.{recording.element.file_format}"
    return parameters.RecordingEnd(
        recording_id=recording.recording_id,
        url=file if saved else None,
        start_ms=found.start_ms if saved and found else start,
        duration_ms=found.duration_ms if saved and found else 0,
        stopped_ms=stopped,
        reason=recording.reason or "failed",
        error=recording.error,
    )


def ended(recording: Recording) -> parameters.RecordingEnd:
    """The values of a recording that has ended, as requests tell them."""
    return _recording(recording)


def action(call: Call, recording: Recording, now: Instant) -> dict[str, str]:
    """P-8: the `action` request. `Event` is Redirect when the reply is to be a document (F-3)."""
    event: Event = "Redirect" if recording.element.redirect else "Record"
    return standard(call, event, now) | parameters.recording(
        _recording(recording), digits=recording.key
    )


def initial(call: Call, recording: Recording, now: Instant) -> dict[str, str]:
    """S-5: the initial `action` request of a background recording."""
    event: Event = "Redirect" if recording.element.redirect else "Record"
    file = f"{FILE}{recording.recording_id}.{recording.element.file_format}"
    return standard(call, event, now) | parameters.initial_recording(recording.recording_id, file)


def callback(call: Call, recording: Recording, now: Instant) -> dict[str, str]:
    """Q-3: the `callbackUrl` request, without Digits; of REST in its own words (E-1)."""
    ended = _recording(recording)
    if recording.mode == "rest":
        told = parameters.rest_recording(ended, call_uuid=call.call_uuid, api_id=recording.api_id)
    else:
        told = parameters.recording(ended)
    return standard(call, "Record", now) | told


def length_ms(recording: Recording) -> int:
    """How long the recording is that was delivered; 0 when nothing was saved."""
    return _recording(recording).duration_ms


def transcribed(
    call: Call,
    recording: Recording,
    now: Instant,
    text: str,
    price: tuple[str, str],
    error: str,
) -> dict[str, str]:
    """Section 2.4: the request to `transcriptionUrl`; `price` is charge and rate."""
    return standard(call, "Record", now) | parameters.transcription(
        text=text,
        charge=price[0],
        rate=price[1],
        duration_ms=length_ms(recording),
        call_uuid=call.call_uuid,
        recording_id=recording.recording_id,
        error=error,
    )


def shown_to_callees(call: Call, element: Dial) -> str:
    """The number that callees see: `callerId`, else the caller's own."""
    return call.caller if element.caller_id is None else element.caller_id


def dial(call: Call, dialing: Dialing, status: DialStatus) -> dict[str, str]:
    """F-4: what a Dial's `action` says beside the standard parameters."""
    connected = [leg for leg in dialing.legs if leg.leg_id == dialing.winner]
    told = connected or [leg for leg in dialing.legs if leg.cause]
    cause = told[-1].cause if told else 0
    token = hangup_causes.TOKENS.get(cause or 16, "UNSPECIFIED")
    return parameters.dial_action(
        status=status,
        rang=any(leg.rang or leg.answered_at is not None for leg in dialing.legs),
        hangup_cause=hangup_causes.CANCELED if status == "cancel" else token,
        a_leg_uuid=call.call_uuid,
        b_leg_uuid=ids.call_uuid(call.asterisk, connected[0].first_id) if connected else "",
    )


def _leg_ended_by(call: Call, leg: Leg) -> str:
    """Who hung a callee up, for HangupSource; empty = as the cause tells."""
    if leg.cause not in _DELIBERATE:
        return ""
    if leg.ended_at is not None and not leg.ending:
        return "Callee"
    return "Plivo" if call.present else "Caller"


def _unconfirmed(leg: Leg) -> int | None:
    """The code of a callee who was there and did not press `confirmKey` in time."""
    return UNCONFIRMED if leg.answered_at is not None and leg.cause == NO_ANSWER else None


def dial_event(
    call: Call,
    leg: Leg,
    element: Dial,
    what: DialAction,
    now: Instant,
    *,
    digits: str = "",
    by: Literal["ALeg", "BLeg", ""] = "",
) -> dict[str, str]:
    """F-4: one event of a Dial's `callbackUrl`, about one callee."""
    over = what == "hangup"
    ended = leg.ended_at or now
    answered = leg.answered_at or ended
    seconds = parameters.whole_seconds
    cause = hangup_causes.hangup_cause(
        _leg_ended_by(call, leg), leg.cause or NORMAL_CLEARING, _unconfirmed(leg)
    )
    return standard(call, parameters.DIAL_EVENTS[what], now) | parameters.dial_event(
        action=what,
        a_leg_uuid=call.call_uuid,
        b_leg_uuid=ids.call_uuid(call.asterisk, leg.first_id),
        b_leg_from=shown_to_callees(call, element),
        b_leg_to=leg.callee.address,
        duration_s=seconds(ended - leg.begun_at) if over else None,
        bill_duration_s=seconds(ended - answered) if over else None,
        cause=cause if over else None,
        digits=digits,
        pressed_by=by,
    )
