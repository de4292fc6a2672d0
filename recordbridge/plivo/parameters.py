"""What requests carry: the standard parameters (F-3), those of a recording (section 2.4), of a
Dial (F-4) and of GetDigits.

All values are strings, in wire order, and none is blank: some verifiers drop blank ones and
then reject the signature (H-2). The exception is what the Record document itself calls empty:
a transcription request has all its fields, always (`transcription`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from recordbridge.instant import Instant
from recordbridge.plivo.hangup_causes import DialStatus, HangupCause

Event = Literal[
    "StartApp", "Redirect", "Record", "Hangup", "DialAnswer", "DialHangup", "DialDigitsMatch"
]
EndReason = Literal[
    "finishOnKey", "silence", "maxLength", "hangup", "dialEnded", "stopped", "failed"
]
DialAction = Literal["answer", "connected", "hangup", "digits"]
DIAL_EVENTS: Mapping[DialAction, Event] = {
    "answer": "DialAnswer",
    "connected": "DialAnswer",
    "hangup": "DialHangup",
    "digits": "DialDigitsMatch",
}
"""`Event` of a Dial's callbackUrl request, by its `DialAction`."""
ANONYMOUS = "anonymous"
"""`From` of a caller without a number."""

NO_CHARGE = "0.00000"
"""What a transcription costs that was not made, and a started minute of one that is free."""

_HEADER_PREFIX = "x-ph-"


class CallEnd(msgspec.Struct, frozen=True):
    """Why and after how long a call ended; `bill_duration_s` counts from the answer."""

    cause: HangupCause
    duration_s: int = 0
    bill_duration_s: int = 0


class RecordingEnd(msgspec.Struct, frozen=True):
    """A recording that has ended, with the true values (Q-1, Q-2).

    `url` None: nothing was saved; then `duration_ms` is 0 and `start_ms` the moment it should
    have begun. `stopped_ms` is when recording stopped, before trimming.
    """

    recording_id: str
    url: str | None
    start_ms: Instant
    duration_ms: int
    stopped_ms: Instant
    reason: EndReason
    error: str = ""


def standard(
    *,
    call_uuid: str,
    from_number: str,
    to_number: str,
    direction: str,
    status: str,
    event: Event,
    end: CallEnd | None = None,
    headers: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """F-3: on every request; `end` only once the call is hung up, `headers` by SIP name.

    Of the headers only `X-PH-...` pass, without blank ones.
    """
    values = {
        "CallUUID": call_uuid,
        "From": from_number.strip() or ANONYMOUS,
        "To": to_number.strip(),
        "Direction": direction,
        "CallStatus": status,
        "Event": event,
    }
    if end is not None:
        values |= {
            "HangupCause": end.cause.cause,
            "HangupCauseName": end.cause.name,
            "HangupCauseCode": str(end.cause.code),
            "HangupSource": end.cause.source,
            "Duration": str(end.duration_s),
            "BillDuration": str(end.bill_duration_s),
        }
    for name, value in (headers or {}).items():
        if name.lower().startswith(_HEADER_PREFIX):
            values[name] = value.strip()
    return _present(values)


def initial_recording(recording_id: str, url: str) -> dict[str, str]:
    """S-5: the `action` request of a background recording that has just started."""
    return {
        "RecordingID": recording_id,
        "RecordUrl": url,
        "RecordFile": url,
        "RecordingDuration": "-1",
        "RecordingDurationMs": "-1",
        "RecordingStartMs": "-1",
        "RecordingEndMs": "-1",
    }


def recording(end: RecordingEnd, *, digits: str = "") -> dict[str, str]:
    """Section 2.4 and Q-2: the `action` or callback of a recording that has ended.

    `digits` is the key that ended it, for `action` only; with any other end it is left out.
    """
    values = {"RecordingID": end.recording_id}
    if end.url is not None:
        values |= {"RecordUrl": end.url, "RecordFile": end.url}
    values |= {
        "RecordingDuration": str(whole_seconds(end.duration_ms)),
        "RecordingDurationMs": str(end.duration_ms),
        "RecordingStartMs": str(end.start_ms),
        "RecordingEndMs": str(end.start_ms + end.duration_ms),
    }
    if digits and end.reason == "finishOnKey":
        values["Digits"] = digits
    values |= {"RecordingEndReason": end.reason, "RecordingStoppedMs": str(end.stopped_ms)}
    if end.error:
        values["RecordingError"] = end.error
    return values


def rest_recording(end: RecordingEnd, *, call_uuid: str, api_id: str) -> dict[str, str]:
    """E-1: the callback of a recording that REST began: fields, and all of them as `response`.

    The hosted product has been seen to send either form; an application finds its own.
    """
    values = {"api_id": api_id, "call_uuid": call_uuid, "recording_id": end.recording_id}
    if end.url is not None:
        values["record_url"] = end.url
    values |= {
        "recording_duration": str(whole_seconds(end.duration_ms)),
        "recording_duration_ms": str(end.duration_ms),
        "recording_start_ms": str(end.start_ms),
        "recording_end_ms": str(end.start_ms + end.duration_ms),
        "recording_end_reason": end.reason,
        "recording_stopped_ms": str(end.stopped_ms),
    }
    if end.error:
        values["recording_error"] = end.error
    return values | {"response": msgspec.json.encode(values).decode()}


def transcription(
    *,
    text: str = "",
    charge: str = NO_CHARGE,
    rate: str = NO_CHARGE,
    duration_ms: int,
    call_uuid: str,
    recording_id: str,
    error: str = "",
) -> dict[str, str]:
    """Section 2.4: the request to `transcriptionUrl`; `error` empty = it was transcribed.

    All fields are always there, if empty: applications look at `error` to know which it is.
    """
    return {
        "transcription": text,
        "transcription_charge": charge,
        "transcription_rate": rate,
        "duration": str(whole_seconds(duration_ms)),
        "call_uuid": call_uuid,
        "recording_id": recording_id,
        "error": error,
    }


def whole_seconds(duration_ms: int) -> int:
    """`RecordingDuration`: whole seconds, halves rounded up."""
    return (duration_ms + 500) // 1000


def dial_action(
    *, status: DialStatus, rang: bool, hangup_cause: str, a_leg_uuid: str, b_leg_uuid: str = ""
) -> dict[str, str]:
    """F-4: the `action` request of a Dial that has ended; `hangup_cause` is a token.

    `b_leg_uuid` is the leg that was connected; when nobody answered there is none.
    """
    return _present(
        {
            "DialStatus": status,
            "DialRingStatus": "true" if rang else "false",
            "DialHangupCause": hangup_cause,
            "DialALegUUID": a_leg_uuid,
            "DialBLegUUID": b_leg_uuid,
        }
    )


def dial_event(
    *,
    action: DialAction,
    a_leg_uuid: str,
    b_leg_uuid: str,
    b_leg_from: str = "",
    b_leg_to: str = "",
    duration_s: int | None = None,
    bill_duration_s: int | None = None,
    cause: HangupCause | None = None,
    digits: str = "",
    pressed_by: Literal["ALeg", "BLeg", ""] = "",
) -> dict[str, str]:
    """A Dial's callbackUrl request, of one callee.

    The durations and the cause belong to `hangup`, `digits` (the pattern that matched) and
    `pressed_by` to `digits`. Its `Event` is that of `DIAL_EVENTS`.
    """
    values = {
        "DialAction": action,
        "DialBLegStatus": "answer" if action == "digits" else action,
        "DialALegUUID": a_leg_uuid,
        "DialBLegUUID": b_leg_uuid,
        "DialBLegFrom": b_leg_from,
        "DialBLegTo": b_leg_to,
        "DialBLegDuration": "" if duration_s is None else str(duration_s),
        "DialBLegBillDuration": "" if bill_duration_s is None else str(bill_duration_s),
        "DialDigitsMatch": digits,
        "DialDigitsPressedBy": pressed_by,
    }
    if cause is not None:
        values |= {
            "DialBLegHangupCause": cause.cause,
            "DialBLegHangupCauseName": cause.name,
            "DialBLegHangupCauseCode": str(cause.code),
            "DialBLegHangupSource": cause.source,
        }
    return _present(values)


def _present(values: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}
