"""The tables of the Record element's document: who is told what, exactly that, and when.

`test_document.py` has the other sentences; its `Call` runs the XML.
"""

from __future__ import annotations

import pytest

from recordbridge.machine import intents as i
from recordbridge.machine.state import Profile
from recordbridge.plivo.elements import RecordDefaults
from recordbridge.plivo.parser import parse
from tests.unit.machine.asterisk import Asterisk
from tests.unit.machine.drive import Drive
from tests.unit.machine.test_document import ARMED, DIAL, FLAGS, QUIET, SESSION, A, C, Call, T

TABLE = {
    *("RecordUrl", "RecordingDuration", "RecordingDurationMs"),
    *("RecordingStartMs", "RecordingEndMs", "RecordingID"),
}
TRANSCRIPTION = {
    *("transcription_charge", "transcription", "duration", "call_uuid"),
    *("transcription_rate", "recording_id", "error"),
}
OURS = {"RecordFile", "RecordingEndReason", "RecordingStoppedMs"}
"""Q-2, and the older name of RecordUrl: nothing else is added about a recording."""
REST = f'{DIAL}<Wait length="900"/>'
IDS = pytest.mark.parametrize("flags", ["", *FLAGS])


def about(request: i.Request) -> set[str]:
    """The parameters of a request that are about the recording."""
    return {name for name in request.parameters if name.startswith("Record") or name == "Digits"}


def ended(flags: str, *, key: bool = False) -> Call:
    """A recording with everything asked for, that has ended."""
    call = Call(f"{QUIET} {A} {C} {T} {flags}", rest=REST)
    if flags:
        call.callee_answers()
    if key:
        call.key()
        call.run(9_000)
    call.hang_up()
    return call


@pytest.mark.rule("D-20", "D-22", "D-23", "D-24", "D-25", "D-26", "D-27")
@IDS
def test_the_action_carries_its_table_and_the_callback_its_own(flags: str) -> None:
    call = ended(flags)
    said = about(call.asked("action"))
    assert said == (TABLE | {"RecordFile"} if flags else TABLE | OURS)
    assert about(call.asked("callback")) == TABLE | OURS


@pytest.mark.rule("D-21")
def test_digits_are_in_the_table_of_the_action_alone() -> None:
    call = ended("", key=True)
    assert about(call.asked("action")) == TABLE | OURS | {"Digits"}
    assert about(call.asked("callback")) == TABLE | OURS


@pytest.mark.rule("D-31")
@IDS
def test_the_transcription_carries_its_table(flags: str) -> None:
    said = ended(flags).asked("transcription").parameters
    assert {name for name in said if name.islower()} == TRANSCRIPTION
    assert not {name for name in said if name.startswith("Record")}


@pytest.mark.rule("D-27")
@pytest.mark.parametrize("flags", FLAGS)
def test_the_initial_request_is_made_as_soon_as_the_recording_has_started(flags: str) -> None:
    """In the very step in which it begins to run."""
    document = parse(f"<Response><Record {A} {flags}/>{REST}</Response>".encode(), RecordDefaults())
    drive = Drive(*document.elements)
    asterisk = Asterisk(drive)
    if ARMED in flags:
        assert asterisk.run(5_000, lambda: bool(asterisk.legs))
        asterisk.answer_leg(next(iter(asterisk.legs)))
    assert not drive.requests("action")
    assert asterisk.run(
        5_000, lambda: any(each.phase == "running" for each in drive.state.recordings)
    )
    (action,) = drive.requests("action")
    assert action.parameters["RecordingStartMs"] == "-1"
    assert drive.recording.start_at is not None
    assert drive.now - drive.recording.start_at <= 60


@pytest.mark.rule("D-27")
@pytest.mark.parametrize("flags", [ARMED, f"{SESSION} {ARMED}"])
def test_no_request_is_made_before_the_callee_has_answered(flags: str) -> None:
    call = Call(f"{A} {C} {flags}", rest=REST)
    call.run(30_000)
    assert not call.drive.of(i.Request)


@pytest.mark.rule("D-6", "D-30")
@IDS
def test_silence_that_we_measure_ourselves_completes_a_plain_recording_alone(flags: str) -> None:
    """With another threshold than Asterisk's, our own timer decides; talking sets it back."""
    document = parse(
        f'<Response><Record {QUIET} {C} {flags} timeout="4"/>{REST}</Response>'.encode(),
        RecordDefaults(),
    )
    profile = Profile(account="M", application="a", silence_threshold=300)
    drive = Drive(*document.elements, profile=profile)
    asterisk = Asterisk(drive)
    asterisk.run(500)
    if flags:
        asterisk.answer_leg(next(iter(asterisk.legs)))
        asterisk.run(500)
    asterisk.run(3_000)
    assert drive.recording.phase == "running"
    asterisk.run(2_500)
    told = [each.parameters["RecordingEndReason"] for each in drive.requests("callback")]
    assert told == ([] if flags else ["silence"])


@pytest.mark.rule("D-5", "D-28")
@pytest.mark.parametrize("flags", ["", *FLAGS])
def test_redirect_false_never_takes_the_reply(flags: str) -> None:
    """The elements that follow run to their end, whatever the reply says."""
    call = Call(f'{QUIET} {A} redirect="false" {flags}', rest=f"{DIAL}<Play>sound:next</Play>" * 2)
    if not flags:
        call.key()
    for _ in range(2):
        call.callee_answers()
        call.callee_hangs_up()
    call.run(5_000)
    heard = [each.media for each in call.drive.of(i.BeginPlayback)]
    assert heard == ["sound:next"] * 2
    assert call.drive.of(i.HangUp), "the end of the document"
    assert len(call.drive.requests("action")) == 1
    assert not call.drive.requests("action")[0].wants_document
