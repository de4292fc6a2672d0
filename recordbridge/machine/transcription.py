"""Whether a recording is transcribed, and what the application is told of it (T-1, T-3).

The limits apply to the recording as it was delivered; its duration is judged before its size.
Within them the step that settles the recording asks for a transcription (`intents.Transcribe`);
what came of it, hours later perhaps, becomes the request here, of the call as it is then. Its id
was given in that first step, so that every way to the request leads to the same one (H-3).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

import msgspec

from recordbridge.instant import Instant
from recordbridge.machine import reports
from recordbridge.machine.intents import Request
from recordbridge.machine.state import Call, Recording, latest_request
from recordbridge.plivo import parameters
from recordbridge.plivo.retry import Target

SHORTEST_MS = 500
"""A recording must be longer."""
LONGEST_MS = 14_400_000
"""A recording must be shorter: four hours."""
LARGEST_BYTES = 2_000_000_000
"""The file must be smaller."""

TOO_LONG = "Recording duration too long for transcription"
TOO_LARGE = "Recording file size too large for transcription"
TOO_SHORT = "Recording duration too short for transcription"
NOTHING = "The recording failed: there is no file to transcribe"
UNAVAILABLE = "Transcription is not available: no engine is installed on this server"
DELETED = "The recording was deleted before it was transcribed"
BROKEN = "The transcription engine broke down over this recording"
UNHEARD = "The audio of the recording could not be decoded for transcription"
UNREACHABLE = "The recording could not be read for transcription within a day"
REFUSED = "The transcription engine refused this recording"
AWAY = "The transcription engine could not be reached within a day"

Side = Literal["", "Caller", "Callee"]
SIDES: tuple[Side, Side] = ("Caller", "Callee")
"""Who speaks on the left and on the right of a stereo recording (S-7)."""
_PLACES = 5


class Spoken(msgspec.Struct, frozen=True):
    """One utterance; `side` is empty in a mono recording, which does not tell who speaks."""

    at_ms: int
    text: str
    side: Side = ""


class Outcome(msgspec.Struct, frozen=True):
    """What a transcription came to: what was said, in its order, or why there is nothing."""

    spoken: tuple[Spoken, ...] = ()
    error: str = ""


def refusal(duration_ms: int, size: int | None) -> str:
    """Why a recording is not transcribed, empty when it may be; `size` None = nothing was saved."""
    if size is None:
        return NOTHING
    if duration_ms >= LONGEST_MS:
        return TOO_LONG
    if duration_ms <= SHORTEST_MS:
        return TOO_SHORT
    return TOO_LARGE if size >= LARGEST_BYTES else ""


def compact(spoken: Iterable[Spoken]) -> str:
    """The text in one paragraph."""
    return " ".join(each.text for each in spoken)


def full(spoken: Iterable[Spoken]) -> str:
    """A line for each utterance: when, and in stereo by whom."""
    return "\n".join(_line(each) for each in spoken)


def _line(spoken: Spoken) -> str:
    minutes, seconds = divmod(spoken.at_ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    speaker = f"{spoken.side}: " if spoken.side else ""
    return f"[{hours:02}:{minutes:02}:{seconds:02}] {speaker}{spoken.text}"


def price(rate: Decimal, duration_ms: int) -> tuple[str, str]:
    """`transcription_charge` and `transcription_rate`: each started minute costs the rate."""
    return _decimal(cost(rate, duration_ms)), _decimal(rate)


def cost(rate: Decimal, duration_ms: int) -> Decimal:
    """Of each started minute."""
    return rate * -(-duration_ms // 60_000)


def _decimal(amount: Decimal) -> str:
    """Five digits behind the point, or as many more as the operator gave."""
    exponent = amount.as_tuple().exponent
    places = max(_PLACES, -exponent) if isinstance(exponent, int) else _PLACES
    return f"{amount:.{places}f}"


class Again(msgspec.Struct, frozen=True):
    """That REST has asked for the text (E-5): the id under which it is told, and whom."""

    request_id: str
    target: Target | None = None


def request(
    call: Call,
    recording: Recording,
    outcome: Outcome,
    rate: Decimal,
    now: Instant,
    again: Again | None = None,
) -> Request | None:
    """The request to `transcriptionUrl`, or to the URL that REST gave; None when only the type was
    given (T-1), or REST gave none.
    """
    told = again or Again(recording.transcription_id, recording.element.transcription)
    if told.target is None:
        return None
    report = full if recording.element.transcription_report == "full" else compact
    charge = parameters.NO_CHARGE, parameters.NO_CHARGE
    if not outcome.error:
        charge = price(rate, reports.length_ms(recording))
    return Request(
        request_id=told.request_id,
        kind="transcription",
        target=told.target,
        parameters=reports.transcribed(
            call, recording, now, report(outcome.spoken), charge, outcome.error
        ),
        recording_id=recording.recording_id,
        after=latest_request(recording.callback_id, recording.action_id),
    )
