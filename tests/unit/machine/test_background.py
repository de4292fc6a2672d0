"""Background recordings on the pure machine: S-1 to S-8, Q-4."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine import life
from recordbridge.machine.state import Recording
from recordbridge.plivo.elements import (
    Callee,
    Dial,
    Document,
    GetDigits,
    Play,
    Record,
    Wait,
)
from tests.unit.machine.drive import ACTION, CALLBACK, Drive, voicemail

DIAL = Dial(callees=(Callee(address="1"),))


def session(**fields: Any) -> Record:
    """A recordSession Record with action and callback."""
    plain = Record(action=ACTION, callback=CALLBACK, record_session=True)
    return msgspec.structs.replace(plain, **fields)


def run(drive: Drive, recording: Recording | None = None) -> Recording:
    """Asterisk does what the recording wants of it, in the order of a real one."""
    recording = recording or drive.recording
    for tap in recording.taps:
        drive.feed(f.SnoopEntered(snoop_id=tap.snoop_id))
    for tap in recording.taps:
        drive.feed(f.CaptureBegan(name=life.capture_name(tap), at=drive.now))
    if drive.state.answered_at is None:
        drive.feed(f.CallAnswered(at=drive.now + 3), after_ms=3)
    known = {r.recording_id: r for r in drive.state.recordings}
    return known[recording.recording_id]


def close(drive: Drive, recording: Recording) -> None:
    for tap in recording.taps:
        drive.feed(f.CaptureEnded(name=life.capture_name(tap), at=drive.now))


def connect(drive: Drive) -> i.BeginLeg:
    """The first callee answers."""
    leg = drive.of(i.BeginLeg)[0]
    drive.feed(f.LegAnswered(leg_id=leg.leg_id, at=drive.now))
    return leg


@pytest.mark.rule("S-1")
def test_a_session_recording_answers_and_the_flow_goes_on_at_once() -> None:
    drive = Drive(session(), Play(source="sound:x"))
    assert not drive.of(i.BeginPlayback)
    run(drive)
    assert len(drive.of(i.Answer)) == 1
    assert drive.of(i.BeginPlayback)
    assert drive.recording.phase == "running"


@pytest.mark.rule("S-1")
@pytest.mark.rule("S-7")
@pytest.mark.rule("A-12")
@pytest.mark.parametrize(
    ("stereo", "directions"), [(None, ["in", "out"]), (True, ["in", "out"]), (False, ["both"])]
)
def test_both_directions_caller_left(stereo: bool | None, directions: list[str]) -> None:
    drive = Drive(session(stereo=stereo))
    assert [s.direction for s in drive.of(i.BeginSnoop)] == directions


@pytest.mark.rule("S-7")
def test_a_file_that_began_earlier_is_cut_to_the_other() -> None:
    drive = Drive(session(), Wait(length_s=60), answered=True)
    left, right = drive.recording.taps
    for tap in (left, right):
        drive.feed(f.SnoopEntered(snoop_id=tap.snoop_id))
    drive.feed(f.CaptureBegan(name=life.capture_name(left), at=drive.now))
    drive.feed(f.CaptureBegan(name=life.capture_name(right), at=drive.now + 7), after_ms=7)
    drive.now += 1000
    drive.feed(f.HangupRequested(at=drive.now))
    close(drive, drive.recording)
    collect = drive.last(i.Collect)
    assert collect.names == (life.capture_name(left), life.capture_name(right))
    assert collect.lead_ms == (7, 0)


@pytest.mark.rule("S-1")
def test_it_runs_until_hangup_through_documents_and_dials() -> None:
    drive = Drive(session(redirect=False), DIAL, Wait(length_s=1))
    recording = run(drive)
    leg = connect(drive)
    drive.feed(f.LegEnded(leg_id=leg.leg_id, at=drive.now, cause=16), after_ms=5_000)
    drive.wait(500)
    assert drive.recording.phase == "running"
    drive.hang_up()
    close(drive, recording)
    drive.store(recording=recording)
    assert drive.requests("callback")[0].parameters["RecordingEndReason"] == "hangup"


@pytest.mark.rule("S-1")
@pytest.mark.rule("D-17")
def test_max_length_is_60_by_default_in_the_background_too() -> None:
    drive = Drive(session(redirect=False), Wait(length_s=600), answered=True)
    run(drive)
    drive.wait(59_900)
    assert not drive.of(i.EndCapture)
    drive.wait(200)
    assert len(drive.of(i.EndCapture)) == 2
    assert drive.recording.reason == "maxLength"


@pytest.mark.rule("S-4")
def test_timeout_keys_and_beep_have_no_effect() -> None:
    drive = Drive(
        session(play_beep=True, finish_on_key="#", timeout_s=1, redirect=False),
        Wait(length_s=600),
        answered=True,
    )
    run(drive)
    assert not drive.of(i.BeginPlayback)
    assert {c.max_silence_s for c in drive.of(i.BeginCapture)} == {0}
    drive.feed(f.KeyPressed(at=drive.now, key="#"))
    drive.wait(5_000)
    assert drive.recording.phase == "running"


@pytest.mark.rule("S-5")
@pytest.mark.rule("S-6")
def test_one_initial_action_and_the_values_to_the_callback() -> None:
    drive = Drive(session(redirect=False), Wait(length_s=60), answered=True)
    assert not drive.requests("action")
    recording = run(drive)
    (action,) = drive.requests("action")
    for name in ("Duration", "DurationMs", "StartMs", "EndMs"):
        assert action.parameters[f"Recording{name}"] == "-1"
    assert action.parameters["RecordingID"] == recording.recording_id
    assert action.parameters["Event"] == "Record"
    assert action.durable
    drive.hang_up()
    close(drive, recording)
    drive.store(recording=recording)
    assert len(drive.requests("action")) == 1
    (callback,) = drive.requests("callback")
    assert callback.parameters["RecordingDurationMs"] == "2000"
    assert callback.after == action.request_id, "Q-4"


@pytest.mark.rule("S-5")
def test_the_reply_to_the_initial_action_takes_the_flow_over() -> None:
    for running in (
        Wait(length_s=60),
        Play(source="sound:x"),
        GetDigits(prompts=(Play(source="sound:x"),)),
    ):
        drive = Drive(session(), running, answered=True)
        run(drive)
        (action,) = drive.requests("action")
        assert action.wants_document
        assert action.durable
        assert action.parameters["Event"] == "Redirect"
        drive.feed(
            f.DocumentArrived(request_id=action.request_id, document=Document((Wait(length_s=7),)))
        )
        drive.wait(6_000)
        assert not drive.of(i.HangUp)
        drive.wait(1_500)
        assert drive.of(i.HangUp)
        assert len(drive.of(i.EndPlayback)) == len(drive.of(i.BeginPlayback))


@pytest.mark.rule("S-5")
def test_it_stops_a_plain_record_which_is_reported_all_the_same() -> None:
    drive = Drive(session(), voicemail(), answered=True)
    background = run(drive)
    plain = drive.record(ms=1000)
    action = drive.requests("action")[0]
    drive.feed(
        f.DocumentArrived(request_id=action.request_id, document=Document((Wait(length_s=60),)))
    )
    drive.close()
    drive.store(recording=plain)
    mine = [r for r in drive.requests("action") if r.recording_id == plain.recording_id]
    assert mine[0].parameters["RecordingEndReason"] == "stopped"
    assert not mine[0].wants_document
    assert drive.state.recordings[0].recording_id == background.recording_id
    assert drive.state.recordings[0].phase == "running"


@pytest.mark.rule("S-5")
def test_it_waits_for_a_running_dial_and_wins_over_its_action() -> None:
    dial = msgspec.structs.replace(DIAL, action=ACTION)
    drive = Drive(session(), dial, answered=True)
    run(drive)
    initial = drive.requests("action")[0]
    leg = connect(drive)
    drive.feed(
        f.DocumentArrived(request_id=initial.request_id, document=Document((Wait(length_s=9),)))
    )
    assert not drive.of(i.EndLeg)
    drive.feed(f.LegEnded(leg_id=leg.leg_id, at=drive.now, cause=16), after_ms=1_000)
    dialled = drive.requests("action")[1]
    assert not dialled.wants_document
    assert dialled.durable
    drive.wait(8_000)
    assert not drive.of(i.HangUp)


@pytest.mark.rule("S-5")
def test_an_unusable_reply_is_ignored_and_the_call_goes_on() -> None:
    drive = Drive(session(), Wait(length_s=60), answered=True)
    run(drive)
    action = drive.requests("action")[0]
    drive.feed(f.DocumentFailed(request_id=action.request_id, reached=True, reason="not XML"))
    drive.wait(59_000)
    assert not drive.of(i.HangUp)


def replies(drive: Drive, ms: int) -> bool:
    """The application answers the last initial request with the same document so much later;
    whether that began another recording.
    """
    before = len(drive.state.recordings)
    action = drive.requests("action")[-1]
    document = Document((session(), Wait(length_s=60)))
    drive.feed(f.DocumentArrived(request_id=action.request_id, document=document), after_ms=ms)
    if len(drive.state.recordings) == before:
        return False
    run(drive)
    return True


@pytest.mark.rule("S-5", "F-7")
def test_an_application_that_answers_with_the_same_document_does_not_record_for_ever() -> None:
    drive = Drive(session(), Wait(length_s=60), answered=True)
    run(drive)
    begun = 0
    while replies(drive, 5):
        begun += 1
        assert begun <= 50
    assert begun == 50
    drive.wait(59_000)
    assert not drive.of(i.HangUp), "the last document goes on"


@pytest.mark.rule("S-5")
def test_documents_that_take_their_time_are_no_row() -> None:
    drive = Drive(session(), Wait(length_s=60), answered=True)
    run(drive)
    assert all(replies(drive, 1_000) for _ in range(60))


@pytest.mark.rule("S-5")
def test_a_document_without_an_element_is_no_order_to_hang_up() -> None:
    """Applications that have nothing to say often answer so."""
    drive = Drive(session(), Wait(length_s=60), answered=True)
    run(drive)
    action = drive.requests("action")[0]
    drive.feed(f.DocumentArrived(request_id=action.request_id, document=Document()))
    drive.wait(59_000)
    assert not drive.of(i.HangUp)


@pytest.mark.rule("S-2")
def test_an_armed_recording_starts_when_the_callee_is_connected() -> None:
    armed = session(record_session=False, start_on_dial_answer=True, redirect=False)
    drive = Drive(armed, Wait(length_s=1), DIAL, Wait(length_s=60))
    assert not drive.of(i.BeginSnoop)
    assert not drive.of(i.Answer), "arming does not answer (F-2)"
    drive.wait(1_000)
    leg = connect(drive)
    assert len(drive.of(i.BeginSnoop)) == 2
    assert not drive.of(i.JoinBridge), "recording begins before the two hear each other (S-9)"
    recording = run(drive)
    assert drive.of(i.JoinBridge)
    assert drive.requests("action")[0].parameters["RecordingDuration"] == "-1"
    drive.feed(f.LegEnded(leg_id=leg.leg_id, at=drive.now, cause=16), after_ms=3_000)
    assert len(drive.of(i.EndCapture)) == 2
    close(drive, recording)
    drive.store(recording=recording)
    assert drive.requests("callback")[0].parameters["RecordingEndReason"] == "dialEnded"


@pytest.mark.rule("S-2")
def test_it_is_armed_across_documents_and_for_one_dial_only() -> None:
    armed = session(record_session=False, start_on_dial_answer=True, redirect=False)
    drive = Drive(armed, GetDigits(action=ACTION), answered=True)
    drive.feed(f.KeyPressed(at=drive.now, key="1"))
    drive.feed(f.KeyPressed(at=drive.now, key="#"))
    drive.document(DIAL, DIAL, Wait(length_s=60))
    for leg in drive.of(i.BeginLeg):
        drive.feed(f.LegEnded(leg_id=leg.leg_id, at=drive.now, cause=17))
    second = drive.of(i.BeginLeg)[1]
    drive.feed(f.LegAnswered(leg_id=second.leg_id, at=drive.now))
    assert drive.of(i.JoinBridge)
    assert not drive.of(i.BeginSnoop), "used up by the Dial that nobody answered"
    assert not drive.requests("callback")


@pytest.mark.rule("S-3")
def test_both_flags_start_at_the_answer_and_run_until_hangup() -> None:
    both = session(start_on_dial_answer=True, redirect=False)
    drive = Drive(both, DIAL, Wait(length_s=60), answered=True)
    assert not drive.of(i.BeginSnoop)
    leg = connect(drive)
    recording = run(drive)
    drive.feed(f.LegEnded(leg_id=leg.leg_id, at=drive.now, cause=16), after_ms=3_000)
    assert drive.recording.phase == "running"
    drive.hang_up()
    close(drive, recording)
    drive.store(recording=recording)
    assert drive.requests("callback")[0].parameters["RecordingEndReason"] == "hangup"


@pytest.mark.rule("S-8")
def test_a_plain_recording_runs_beside_a_session() -> None:
    drive = Drive(session(redirect=False), voicemail(redirect=False), answered=True)
    background = run(drive)
    plain = drive.record(ms=1000)
    drive.feed(f.KeyPressed(at=drive.now, key="#"))
    drive.close()
    drive.store(recording=plain)
    drive.hang_up()
    close(drive, background)
    drive.store(recording=background)
    assert len(drive.requests("callback")) == 2
    assert len({r.recording_id for r in drive.requests("callback")}) == 2
    assert drive.of(i.Release)


@pytest.mark.rule("Q-2")
def test_a_background_recording_that_cannot_begin_is_reported_once_to_both() -> None:
    drive = Drive(session(redirect=False), Wait(length_s=60), answered=True)
    snoop = drive.recording.taps[0].snoop_id
    drive.feed(f.CommandRefused(object_id=snoop, command="BeginSnoop", reason="no timer"))
    for kind in ("action", "callback"):
        (request,) = drive.requests(kind)
        assert request.parameters["RecordingEndReason"] == "failed"
    assert not drive.of(i.HangUp)
