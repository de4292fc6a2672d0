"""What REST asks of a call, on the pure machine: E-1, E-2, E-5."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from recordbridge.machine import call as machine
from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine import life
from recordbridge.machine.state import Pause, Profile, Recording
from recordbridge.plivo.elements import Callee, Dial, Document, Play, Record, Wait
from recordbridge.plivo.retry import Target
from tests.unit.machine.drive import ACTION, CALLBACK, SEED, START, Drive, voicemail
from tests.unit.machine.test_background import close, connect, run, session

ELSEWHERE = Target(url="https://app.example.com/elsewhere")
REST = Record(record_session=True, stereo=False, callback=CALLBACK, file_format="wav")


def talking(**fields: Any) -> Drive:
    """An answered call that waits."""
    return Drive(Wait(length_s=600), answered=True, **fields)


def asked(drive: Drive, element: Record = REST, asked_id: str = "api1", key: str = "") -> Recording:
    """REST begins a recording."""
    drive.feed(f.RecordAsked(asked_id=asked_id, element=element, key=key, digest="d"))
    return drive.recording


def now(drive: Drive, recording: Recording) -> Recording:
    return next(r for r in drive.state.recordings if r.recording_id == recording.recording_id)


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


# -- pauses


def paused(drive: Drive, recording: Recording, *, closed: bool = True) -> None:
    drive.feed(f.PauseAsked(asked_id="pause"))
    if closed:
        close(drive, recording)


def resumed(drive: Drive, recording: Recording, *, began: bool = True) -> None:
    drive.feed(f.PauseAsked(asked_id="resume", resume=True))
    if began:
        for tap in now(drive, recording).taps:
            drive.feed(f.CaptureBegan(name=life.capture_name(tap), at=drive.now))


@pytest.mark.rule("E-5", "S-7")
@pytest.mark.parametrize("stereo", [False, True])
def test_a_paused_span_is_in_no_file_and_silence_in_the_result(stereo: bool) -> None:
    drive = talking()
    recording = run(drive, asked(drive, msgspec.structs.replace(REST, stereo=stereo)))
    origin = recording.captured_at
    assert origin is not None
    drive.wait(2000)
    paused(drive, recording)
    assert drive.last(i.Reply).recording_ids == (recording.recording_id,)
    first = [life.first_name(tap) for tap in recording.taps]
    assert [e.name for e in drive.of(i.EndCapture)] == first
    drive.wait(3000)
    assert now(drive, recording).phase == "running"
    resumed(drive, recording)
    later = [life.capture_name(tap) for tap in now(drive, recording).taps]
    assert [b.name for b in drive.of(i.BeginCapture)] == first + later
    drive.wait(1000)
    drive.feed(f.StopAsked(asked_id="api3"))
    assert [e.name for e in drive.of(i.EndCapture)] == first + later
    close(drive, now(drive, recording))
    collect = drive.last(i.Collect)
    assert collect.names == (*first, *later)
    assert collect.lead_ms == (*(0 for _ in first), *(-5000 for _ in later))
    (silence,) = collect.silences
    assert silence == (2020, 5020), "a file's first sample is a frame older than its event"
    drive.store(recording=recording)
    assert set(drive.last(i.Discard).names) == {*first, *later}


@pytest.mark.rule("E-5")
def test_pause_and_resume_may_be_repeated() -> None:
    drive = talking()
    recording = run(drive, asked(drive))
    for _ in range(2):
        drive.feed(f.PauseAsked(asked_id="p"))
        assert drive.last(i.Reply).recording_ids == (recording.recording_id,)
    close(drive, recording)
    for _ in range(2):
        drive.feed(f.PauseAsked(asked_id="r", resume=True))
        assert drive.last(i.Reply).recording_ids == (recording.recording_id,)
    assert len(drive.of(i.EndCapture)) == 1
    assert len(drive.of(i.BeginCapture)) == 2
    assert len(now(drive, recording).pauses) == 1


@pytest.mark.rule("E-5")
def test_a_resume_waits_until_the_file_before_is_closed() -> None:
    drive = talking()
    recording = run(drive, asked(drive))
    paused(drive, recording, closed=False)
    resumed(drive, recording, began=False)
    assert len(drive.of(i.BeginCapture)) == 1
    close(drive, recording)
    assert len(drive.of(i.BeginCapture)) == 2


@pytest.mark.rule("E-5")
def test_paused_before_it_runs_it_begins_paused() -> None:
    drive = talking()
    recording = asked(drive)
    drive.feed(f.PauseAsked(asked_id="p"))
    run(drive, recording)
    assert len(drive.of(i.EndCapture)) == 1
    assert now(drive, recording).phase == "running"


@pytest.mark.rule("E-5")
def test_paused_again_before_the_next_file_has_begun() -> None:
    """An end that reaches Asterisk before that is forgotten there: it is asked for again."""
    drive = talking()
    recording = run(drive, asked(drive))
    paused(drive, recording)
    resumed(drive, recording, began=False)
    drive.feed(f.PauseAsked(asked_id="p2"))
    ends = len(drive.of(i.EndCapture))
    name = life.capture_name(now(drive, recording).taps[0])
    drive.feed(f.CaptureBegan(name=name, at=drive.now))
    assert len(drive.of(i.EndCapture)) == ends + 1
    assert drive.last(i.EndCapture).name == name


@pytest.mark.rule("E-5", "P-6")
def test_a_pause_counts_for_the_longest_length() -> None:
    drive = talking()
    recording = run(drive, asked(drive, msgspec.structs.replace(REST, max_length_s=5)))
    paused(drive, recording)
    drive.wait(6000)
    assert now(drive, recording).reason == "maxLength"
    collect = drive.last(i.Collect)
    assert collect.keep_ms == 5000
    assert collect.silences[0][1] >= 5000


@pytest.mark.rule("E-5", "P-5")
@pytest.mark.parametrize("threshold", [128, 200])
def test_a_pause_does_not_count_as_silence(threshold: int) -> None:
    profile = Profile(account="M", application="a", silence_threshold=threshold)
    drive = Drive(voicemail(timeout_s=3, max_length_s=60), answered=True, profile=profile)
    recording = drive.record()
    snoop = recording.taps[0].snoop_id
    drive.feed(f.Talking(snoop_id=snoop, at=drive.now, speaking=True))
    drive.feed(f.Talking(snoop_id=snoop, at=drive.now, speaking=False))
    drive.wait(1000)
    paused(drive, recording)
    drive.wait(20_000)
    assert now(drive, recording).phase == "running"
    resumed(drive, recording)
    drive.wait(1500)
    assert now(drive, recording).phase == "running"
    if threshold != 128:  # then the second before the pause counts
        drive.wait(600)
        assert now(drive, recording).reason == "silence"


@pytest.mark.rule("E-5")
def test_keys_in_a_pause_end_nothing() -> None:
    drive = Drive(voicemail(), answered=True)
    recording = drive.record()
    paused(drive, recording)
    drive.feed(f.KeyPressed(at=drive.now, key="#"))
    assert now(drive, recording).phase == "running"
    resumed(drive, recording)
    drive.feed(f.KeyPressed(at=drive.now, key="#"), after_ms=500)
    assert now(drive, recording).reason == "finishOnKey"


@pytest.mark.rule("E-5", "P-10")
def test_a_hangup_in_a_pause_leaves_silence_up_to_it() -> None:
    drive = talking()
    recording = run(drive, asked(drive))
    paused(drive, recording)
    drive.wait(4000)
    drive.hang_up()
    assert now(drive, recording).reason == "hangup"
    assert drive.last(i.Collect).silences == ((20, 4020),)


@pytest.mark.rule("E-5")
def test_pause_without_a_recording_is_refused() -> None:
    drive = talking()
    drive.feed(f.PauseAsked(asked_id="p"))
    assert drive.last(i.Reply).refusal == "idle"
    recording = run(drive, asked(drive))
    drive.feed(f.PauseAsked(asked_id="p", recording_id="stranger"))
    assert drive.last(i.Reply).refusal == "idle"
    drive.feed(f.StopAsked(asked_id="s"))
    drive.feed(f.PauseAsked(asked_id="p", recording_id=recording.recording_id))
    assert drive.last(i.Reply).refusal == "idle"


@pytest.mark.rule("E-5")
def test_a_further_file_that_asterisk_refuses_ends_it_with_what_there_is() -> None:
    drive = talking()
    recording = run(drive, asked(drive))
    paused(drive, recording)
    resumed(drive, recording, began=False)
    name = life.capture_name(now(drive, recording).taps[0])
    drive.feed(f.CommandRefused(object_id=name, command="BeginCapture", reason="no"))
    drive.wait(5000)
    assert now(drive, recording).reason == "failed"
    assert drive.last(i.Collect).names == (life.first_name(recording.taps[0]), "")


@pytest.mark.rule("E-5", "N-3")
def test_a_pause_outlives_a_gap_in_the_events() -> None:
    drive = talking()
    recording = run(drive, asked(drive))
    paused(drive, recording, closed=False)
    seen = f.PbxSeen(at=drive.now, channel=True, answered=True)
    drive.feed(seen)
    assert now(drive, recording).phase == "running"
    drive.wait(5000)
    assert now(drive, recording).phase == "running"
    resumed(drive, recording, began=False)
    name = life.capture_name(now(drive, recording).taps[0])
    drive.feed(msgspec.structs.replace(seen, live=(name,)))
    assert now(drive, recording).taps[0].later[0].captured_at == seen.at


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


def test_pauses_are_stored() -> None:
    drive = talking()
    recording = run(drive, asked(drive))
    paused(drive, recording)
    since = drive.now
    drive.wait(1000)
    resumed(drive, recording)
    assert now(drive, recording).pauses == (Pause(since=since, until=since + 1000),)
