"""What REST asks of a call, on the pure machine: E-1, E-2, E-5."""

from __future__ import annotations

import json

import msgspec
import pytest

from recordbridge.machine import call as machine
from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine import life
from recordbridge.machine.state import Profile
from recordbridge.plivo.elements import Callee, Dial, Document, Play, Wait
from tests.unit.machine.asking import ELSEWHERE, REST, asked, now, talking
from tests.unit.machine.drive import ACTION, SEED, START, Drive, voicemail
from tests.unit.machine.test_background import close, connect, run, session

# -- start and stop


@pytest.mark.rule("E-1")
def test_it_is_answered_with_the_commit_and_by_what_it_is_recognised() -> None:
    drive = talking()
    recording = asked(drive, key="body:1")
    reply, kept = drive.last(i.Reply), drive.last(i.Recognise)
    assert reply == i.Reply(asked_id="api1", recording_ids=(recording.recording_id,))
    assert kept == i.Recognise(
        key="body:1", digest="d", recording_id=recording.recording_id, api_id="api1"
    )
    assert not reply.early
    assert not kept.early
    assert recording.mode == "rest"


@pytest.mark.rule("E-1")
@pytest.mark.parametrize(("stereo", "directions"), [(False, ["both"]), (True, ["in", "out"])])
def test_both_directions_mono_unless_asked_otherwise(stereo: bool, directions: list[str]) -> None:
    drive = talking()
    asked(drive, msgspec.structs.replace(REST, stereo=stereo))
    assert [s.direction for s in drive.of(i.BeginSnoop)] == directions


@pytest.mark.rule("E-1")
def test_the_flow_does_not_notice_it() -> None:
    drive = talking()
    before = drive.state.flow
    recording = run(drive, asked(drive))
    assert recording.phase == "running"
    assert drive.state.flow == before
    assert not drive.requests("action")


@pytest.mark.rule("E-1")
def test_an_unanswered_call_is_recorded_and_not_answered() -> None:
    drive = Drive(Wait(length_s=600))
    recording = asked(drive)
    drive.feed(f.SnoopEntered(snoop_id=recording.taps[0].snoop_id))
    drive.feed(f.CaptureBegan(name=life.capture_name(recording.taps[0]), at=drive.now))
    assert now(drive, recording).phase == "running"
    assert not drive.of(i.Answer)


@pytest.mark.rule("E-1")
def test_the_callback_says_it_in_fields_and_in_response() -> None:
    drive = talking()
    recording = run(drive, asked(drive))
    drive.wait(2000)
    drive.feed(f.StopAsked(asked_id="api2"))
    close(drive, recording)
    drive.store(frames=16_000, recording=recording)
    told = drive.requests("callback")[0].parameters
    assert told["record_url"] == f"recording:{recording.recording_id}.wav"
    assert (told["api_id"], told["call_uuid"]) == ("api1", drive.state.call_uuid)
    assert told["recording_id"] == recording.recording_id
    assert (told["recording_duration"], told["recording_duration_ms"]) == ("2", "2000")
    assert int(told["recording_end_ms"]) - int(told["recording_start_ms"]) == 2000
    assert told["recording_end_reason"] == "stopped"
    response = json.loads(told["response"])
    assert response == {name: told[name] for name in response}
    assert {"record_url", "api_id", "recording_id", "recording_duration_ms"} <= response.keys()
    assert told["CallUUID"] == drive.state.call_uuid
    assert "RecordingID" not in told


@pytest.mark.rule("E-1")
@pytest.mark.rule("P-6")
def test_its_time_limit_ends_it() -> None:
    drive = talking()
    run(drive, asked(drive, msgspec.structs.replace(REST, max_length_s=5)))
    drive.wait(6000)
    assert drive.recording.reason == "maxLength"


@pytest.mark.rule("E-1")
def test_a_call_that_is_over_is_not_recorded() -> None:
    drive = talking()
    drive.feed(f.HangupRequested(at=drive.now))
    drive.feed(f.RecordAsked(asked_id="api1", element=REST, key="k"))
    assert drive.last(i.Reply) == i.Reply(asked_id="api1", refusal="gone")
    assert not drive.of(i.Recognise)
    assert not drive.state.recordings


@pytest.mark.rule("E-2", "S-8")
def test_a_stop_ends_all_that_rest_began_and_nothing_else() -> None:
    drive = Drive(session(), Wait(length_s=600), answered=True)
    kept = run(drive)
    first = run(drive, asked(drive))
    second = run(drive, asked(drive, asked_id="api2"))
    drive.feed(f.StopAsked(asked_id="api3"))
    assert drive.last(i.Reply).recording_ids == (first.recording_id, second.recording_id)
    assert [now(drive, r).phase for r in (kept, first, second)] == ["running", "ending", "ending"]
    assert now(drive, first).reason == "stopped"


@pytest.mark.rule("E-2", "P-4")
def test_a_stop_of_one_ends_that_one_whatever_began_it() -> None:
    drive = Drive(voicemail(), answered=True)
    drive.record()
    rest = run(drive, asked(drive))
    plain = drive.state.recordings[0]
    drive.feed(f.StopAsked(asked_id="api3", recording_id=plain.recording_id))
    assert [now(drive, r).phase for r in (plain, rest)] == ["ending", "running"]


@pytest.mark.rule("E-2")
def test_a_stop_without_anything_to_stop_is_fine_and_of_a_stranger_not() -> None:
    drive = talking()
    drive.feed(f.StopAsked(asked_id="api1"))
    assert drive.last(i.Reply) == i.Reply(asked_id="api1")
    drive.feed(f.StopAsked(asked_id="api2", recording_id="stranger"))
    assert drive.last(i.Reply).refusal == "idle"


# -- outside of Stasis


def overheard(*, answered: bool = True) -> Drive:
    """A channel in the dialplan that is to be recorded."""
    drive = Drive()
    drive.sent.clear()
    found = f.CallEntered(
        at=START - 60_000, channel_id="c9", caller="1", dialled="9196", answered=answered
    )
    profile = Profile(account="M", application="")
    drive._take(machine.overhear("pbx", found, profile, SEED, START))
    return drive


@pytest.mark.rule("E-1")
def test_a_channel_outside_is_followed_and_otherwise_left_alone() -> None:
    drive = overheard()
    assert drive.of(i.Follow) == [i.Follow(channel_id="c9")]
    recording = run(drive, asked(drive))
    drive.wait(70_000)
    assert now(drive, recording).reason == "maxLength"
    close(drive, recording)
    drive.store(recording=recording)
    drive.wait(600_000)
    assert not drive.of(i.HangUp)
    assert not drive.of(i.LoadFlow)
    assert not drive.of(i.Release)
    drive.feed(f.CallDestroyed(at=drive.now, cause=16))
    assert drive.of(i.Release)


@pytest.mark.rule("E-1", "P-10")
def test_its_end_ends_the_recording() -> None:
    drive = overheard()
    recording = run(drive, asked(drive))
    drive.wait(2000)
    drive.feed(f.HangupRequested(at=drive.now))
    assert now(drive, recording).phase == "running", "the dialplan may go on without the caller"
    close(drive, recording)
    drive.feed(f.CallDestroyed(at=drive.now, cause=16))
    assert now(drive, recording).reason == "hangup"
    drive.store(recording=recording)
    assert drive.requests("callback")[0].parameters["CallStatus"] == "completed"
    assert not drive.requests("hangup")


@pytest.mark.rule("E-1")
def test_a_channel_that_is_gone_when_it_shall_be_followed_is_over() -> None:
    drive = overheard()
    refused = f.CommandRefused(object_id="c9", command="Follow", reason="no source", gone=True)
    drive.feed(refused)
    assert drive.state.over
    drive.feed(f.RecordAsked(asked_id="a", element=REST))
    assert drive.last(i.Reply).refusal == "gone"


@pytest.mark.rule("E-1", "N-3")
def test_after_a_gap_it_is_followed_again_or_gone() -> None:
    drive = overheard()
    drive.feed(f.PbxSeen(at=drive.now, channel=False, exists=True))
    assert len(drive.of(i.Follow)) == 2
    assert not drive.state.over
    drive.feed(f.PbxSeen(at=drive.now, channel=False, exists=False))
    assert drive.state.over


@pytest.mark.rule("E-1", "E-6")
def test_when_it_enters_stasis_its_application_takes_over() -> None:
    drive = overheard()
    recording = run(drive, asked(drive))
    profile = Profile(account="OTHER", application="sales")
    drive.feed(f.CallEntered(at=drive.now, channel_id="c9", answered=True, profile=profile))
    assert drive.of(i.LoadFlow)
    assert not drive.state.outside
    assert drive.state.profile == profile
    assert now(drive, recording).account == "M", "what was recorded before stays where it was"
    assert now(drive, recording).phase == "running"


@pytest.mark.rule("E-1")
def test_a_call_that_left_for_the_dialplan_can_be_recorded_there() -> None:
    drive = talking()
    drive.feed(f.CallLeft(at=drive.now))
    drive.wait(2000)
    assert drive.state.over
    drive.feed(f.Overheard(at=drive.now, answered=True))
    assert drive.of(i.Follow)
    recording = run(drive, asked(drive))
    assert recording.phase == "running"
    drive.wait(1000)
    assert not drive.of(i.HangUp)


# -- transfer and hangup


@pytest.mark.rule("E-5")
def test_a_transfer_stops_what_is_heard_and_asks_for_the_document() -> None:
    drive = Drive(Play(source="sound:x"), Wait(length_s=9), answered=True)
    drive.feed(f.TransferAsked(asked_id="t", target=ELSEWHERE))
    assert drive.of(i.EndPlayback)
    request = drive.requests("transfer")[0]
    assert (request.target, request.wants_document) == (ELSEWHERE, True)
    assert drive.last(i.Reply) == i.Reply(asked_id="t")
    drive.document(Play(source="sound:y"))
    assert drive.last(i.BeginPlayback).media == "sound:y"


@pytest.mark.rule("E-5")
def test_a_transfer_ends_a_plain_recording_and_not_the_others() -> None:
    drive = Drive(session(), voicemail(action=ACTION), answered=True)
    kept = run(drive)
    drive.record()
    rest = run(drive, asked(drive))
    plain = drive.state.recordings[1]
    drive.feed(f.TransferAsked(asked_id="t", target=ELSEWHERE))
    assert [now(drive, r).phase for r in (kept, plain, rest)] == ["running", "ending", "running"]
    drive.feed(f.CaptureEnded(name=life.capture_name(plain.taps[0]), at=drive.now))
    drive.store(recording=plain)
    action = drive.requests("action")[-1]
    assert not action.wants_document, "nobody waits for its reply any more"
    drive.document(Wait(length_s=1))
    assert drive.state.flow.doing is not None


@pytest.mark.rule("E-5")
def test_a_transfer_out_of_a_dial_ends_it_and_its_action_decides_nothing() -> None:
    drive = Drive(Dial(callees=(Callee(address="1"),), action=ACTION), answered=True)
    leg = connect(drive)
    drive.feed(f.TransferAsked(asked_id="t", target=ELSEWHERE))
    assert i.EndLeg(channel_id="c1", leg_id=leg.leg_id) in drive.of(i.EndLeg)
    action = drive.requests("action")[0]
    assert (action.wants_document, action.durable) == (False, True)
    drive.feed(f.DocumentArrived(action.request_id, Document()))
    drive.document(Play(source="sound:y"))
    assert drive.of(i.BeginPlayback)
    assert not drive.of(i.HangUp)


@pytest.mark.rule("E-5", "F-6")
@pytest.mark.parametrize(("reached", "code"), [(False, 7013), (True, 8013)])
def test_a_transfer_without_a_usable_document_hangs_up(reached: bool, code: int) -> None:
    drive = talking()
    drive.feed(f.TransferAsked(asked_id="t", target=ELSEWHERE))
    request = drive.requests("transfer")[0]
    drive.feed(f.DocumentFailed(request_id=request.request_id, reached=reached, reason="x"))
    assert drive.of(i.HangUp)
    assert drive.state.ending.code == code


@pytest.mark.rule("E-5")
def test_what_is_over_or_outside_is_not_transferred() -> None:
    drive = overheard()
    drive.feed(f.TransferAsked(asked_id="t", target=ELSEWHERE))
    assert drive.last(i.Reply).refusal == "conflict"
    drive = talking()
    drive.feed(f.HangupRequested(at=drive.now))
    drive.feed(f.TransferAsked(asked_id="t", target=ELSEWHERE))
    assert drive.last(i.Reply).refusal == "gone"


@pytest.mark.rule("E-5")
def test_a_hangup_is_answered_and_may_be_repeated() -> None:
    drive = talking()
    for _ in range(2):
        drive.feed(f.HangupAsked("API Request", asked_id="h"))
        assert drive.last(i.Reply) == i.Reply(asked_id="h")
    assert drive.state.ending.source == "API Request"
    drive = overheard()
    drive.feed(f.HangupAsked("API Request", asked_id="h"))
    assert drive.of(i.HangUp)
