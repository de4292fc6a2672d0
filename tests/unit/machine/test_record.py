"""Plain Record on the pure machine: P-1 to P-11."""

from __future__ import annotations

import pytest

from recordbridge.machine import capture, life, record
from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine.state import LAG_MS, HangingUp, Profile
from recordbridge.plivo.elements import Record, Wait
from tests.unit.machine.drive import Drive, voicemail


@pytest.mark.rule("P-1")
@pytest.mark.rule("X-2")
def test_without_a_beep_recording_begins_before_the_answer() -> None:
    drive = Drive(voicemail())
    assert [type(s) for s in drive.sent if isinstance(s, i.Pbx)] == [i.BeginSnoop]
    drive.feed(f.SnoopEntered(snoop_id=drive.recording.taps[0].snoop_id))
    began = drive.last(i.BeginCapture)
    assert not drive.of(i.Answer)
    drive.feed(f.CaptureBegan(name=began.name, at=drive.now))
    assert len(drive.of(i.Answer)) == 1
    drive.feed(f.CallAnswered(at=drive.now + 90), after_ms=95)
    drive.now += 1000
    drive.feed(f.KeyPressed(at=drive.now, key="#", duration_ms=0))
    drive.close()
    # the frame in which the packet of the answer stands, and one more
    assert drive.last(i.Collect).keep_from_ms == 90 - 40 + LAG_MS


@pytest.mark.rule("X-2")
def test_nothing_can_be_kept_from_before_asterisks_file() -> None:
    drive = Drive(voicemail())
    recording = drive.record(ms=1000)
    assert recording.captured_at is not None
    assert recording.start_at == recording.captured_at - LAG_MS
    drive.feed(f.KeyPressed(at=drive.now, key="#", duration_ms=0))
    drive.close()
    assert drive.last(i.Collect).keep_from_ms == 0


@pytest.mark.rule("P-1")
def test_an_answered_call_is_not_answered_again() -> None:
    drive = Drive(voicemail(), answered=True)
    drive.record()
    assert not drive.of(i.Answer)


@pytest.mark.rule("P-2")
def test_recording_begins_when_the_beep_has_ended() -> None:
    drive = Drive(voicemail(play_beep=True))
    beep = drive.last(i.BeginPlayback)
    assert beep.media == "sound:beep"
    assert drive.of(i.Answer)
    drive.feed(f.SnoopEntered(snoop_id=drive.recording.taps[0].snoop_id))
    drive.feed(f.CallAnswered(at=drive.now))
    assert not drive.of(i.BeginCapture)
    drive.feed(f.PlaybackEnded(playback_id=beep.playback_id, at=drive.now), after_ms=425)
    assert drive.of(i.BeginCapture)


@pytest.mark.rule("P-2")
def test_what_is_said_while_the_caller_hears_the_last_of_the_beep_is_cut_off() -> None:
    drive = Drive(voicemail(play_beep=True))
    drive.record(ms=1000)
    drive.feed(f.KeyPressed(at=drive.now, key="#", duration_ms=0))
    drive.close()
    assert drive.last(i.Collect).keep_from_ms == LAG_MS + capture.BEEP_TAIL_MS
    assert drive.last(i.Collect).keep_ms == 1000 - capture.BEEP_TAIL_MS - record.KEY_MS


@pytest.mark.rule("P-2")
def test_a_beep_that_cannot_be_played_does_not_stop_the_recording() -> None:
    drive = Drive(voicemail(play_beep=True))
    beep = drive.last(i.BeginPlayback)
    drive.feed(f.SnoopEntered(snoop_id=drive.recording.taps[0].snoop_id))
    drive.feed(
        f.CommandRefused(
            object_id=beep.playback_id, command="BeginPlayback", reason="no such sound"
        )
    )
    assert drive.of(i.BeginCapture)


@pytest.mark.rule("P-3")
def test_only_the_callers_direction_is_recorded() -> None:
    drive = Drive(voicemail())
    assert drive.last(i.BeginSnoop).direction == "in"


@pytest.mark.rule("P-4")
@pytest.mark.rule("P-7")
def test_a_key_of_the_set_ends_it_and_is_cut_off() -> None:
    drive = Drive(voicemail(finish_on_key="#5"), answered=True)
    drive.record(ms=2000)
    drive.feed(f.KeyPressed(at=drive.now, key="5", duration_ms=150))
    assert drive.last(i.EndCapture).name == drive.last(i.BeginCapture).name
    drive.close()
    assert drive.last(i.Collect).keep_ms == 2000 - 150 - record.KEY_MS + LAG_MS
    assert not drive.last(i.Collect).trim_silence
    drive.store()
    assert drive.requests("action")[0].parameters["Digits"] == "5"
    assert "Digits" not in drive.requests("callback")[0].parameters


@pytest.mark.rule("P-7")
@pytest.mark.parametrize("keys", ["#", ""])
def test_other_keys_do_nothing(keys: str) -> None:
    drive = Drive(voicemail(finish_on_key=keys))
    drive.record(ms=500)
    before = drive.state
    assert drive.feed(f.KeyPressed(at=drive.now, key="5", duration_ms=100)) == []
    assert drive.state == before


@pytest.mark.rule("P-4")
@pytest.mark.rule("P-6")
def test_max_length_ends_it_exactly() -> None:
    drive = Drive(voicemail(max_length_s=7, timeout_s=60))
    drive.record()
    drive.wait(7_100)
    assert drive.recording.reason == "maxLength"
    drive.close()
    collect = drive.last(i.Collect)
    assert collect.keep_ms == 7000
    assert not collect.trim_silence


@pytest.mark.rule("P-5")
@pytest.mark.rule("P-6")
def test_asterisk_ends_it_at_silence_and_the_tail_is_trimmed() -> None:
    drive = Drive(voicemail(timeout_s=4))
    drive.record()
    assert drive.last(i.BeginCapture).max_silence_s == 4
    drive.now += 9_000
    drive.close()
    drive.wait(500)
    assert drive.recording.reason == "silence"
    assert drive.last(i.Collect).trim_silence


@pytest.mark.rule("P-5")
@pytest.mark.parametrize(
    ("profile", "keep"),
    [
        (Profile(account="M", application="a", silence_threshold=500), 3000 + LAG_MS + 200),
        (Profile(account="M", application="a", trim_silence=False), 60_000),
    ],
)
def test_with_another_threshold_or_without_trimming_our_own_timer_ends_it(
    profile: Profile, keep: int
) -> None:
    drive = Drive(voicemail(timeout_s=4), profile=profile, answered=True)
    recording = drive.record()
    assert drive.last(i.WatchTalking).threshold == profile.silence_threshold
    assert drive.last(i.BeginCapture).max_silence_s > 4
    snoop = recording.taps[0].snoop_id
    drive.feed(f.Talking(snoop_id=snoop, at=drive.now, speaking=True), after_ms=500)
    drive.wait(2_000)
    # told 500 ms after the speech ended, with the instant at which it did
    drive.feed(f.Talking(snoop_id=snoop, at=drive.now + 500, speaking=False), after_ms=1_000)
    drive.wait(3_490)
    assert drive.recording.phase == "running"
    drive.wait(20)
    assert drive.recording.reason == "silence"
    drive.close()
    assert drive.last(i.Collect).keep_ms == keep


@pytest.mark.rule("P-5")
@pytest.mark.parametrize("beep", [False, True])
def test_a_caller_who_speaks_when_recording_begins_is_heard(beep: bool) -> None:
    """TALK_DETECT tells changes only: what it said before recording began still holds."""
    profile = Profile(account="M", application="a", silence_threshold=500)
    drive = Drive(voicemail(timeout_s=4, play_beep=beep), profile=profile)
    snoop = drive.recording.taps[0].snoop_id
    drive.feed(f.Talking(snoop_id=snoop, at=drive.now, speaking=True))
    start = drive.record().start_at
    assert start is not None
    drive.wait(9_000)
    assert drive.recording.phase == "running"
    drive.feed(f.Talking(snoop_id=snoop, at=start + 8_500, speaking=False))
    drive.wait(4_000)
    assert drive.recording.reason == "silence"
    drive.close()
    assert drive.last(i.Collect).keep_ms == 8_500 + 200


@pytest.mark.rule("P-5")
def test_silence_counts_from_the_start_of_recording() -> None:
    drive = Drive(
        voicemail(timeout_s=4), profile=Profile(account="M", application="a", trim_silence=False)
    )
    drive.record()
    drive.wait(4_050)
    assert drive.recording.reason == "silence"


@pytest.mark.rule("P-8")
def test_action_waits_two_seconds_for_the_file_and_not_longer() -> None:
    drive = Drive(voicemail())
    drive.record(ms=3000)
    drive.feed(f.KeyPressed(at=drive.now, key="#"))
    drive.close()
    drive.feed(f.AudioMeasured(recording_id=drive.recording.recording_id, frames=24_000, rate=8000))
    drive.wait(1_990)
    assert not drive.requests("action")
    drive.wait(20)
    assert drive.requests("action")[0].parameters["RecordingDurationMs"] == "3000"
    assert not drive.requests("callback")
    drive.feed(f.FileReady(recording_id=drive.recording.recording_id, size=1, digest="d"))
    assert len(drive.requests("action")) == 1
    assert drive.requests("callback")[0].after == drive.requests("action")[0].request_id


@pytest.mark.rule("P-8")
@pytest.mark.rule("Q-2")
def test_a_file_that_cannot_be_read_in_ten_seconds_is_reported_and_still_rescued() -> None:
    drive = Drive(voicemail(redirect=False))
    drive.record(ms=3000)
    drive.feed(f.KeyPressed(at=drive.now, key="#"))
    drive.close()
    drive.wait(10_001)
    for kind in ("action", "callback"):
        (request,) = drive.requests(kind)
        assert request.parameters["RecordingEndReason"] == "failed"
        assert request.parameters["RecordingDurationMs"] == "0"
        assert "RecordUrl" not in request.parameters
        assert request.parameters["RecordingError"]
    count = len(drive.of(i.Request))
    drive.feed(f.CallDestroyed(at=drive.now))
    assert not drive.of(i.Release), "the file is still looked for"
    drive.store()
    assert drive.of(i.Release)
    assert len(drive.of(i.Request)) == count
    assert drive.recording.size is not None
    assert drive.of(i.Discard)


@pytest.mark.rule("P-9")
def test_redirect_takes_the_reply_as_the_next_document() -> None:
    drive = Drive(voicemail(), Wait(length_s=1))
    drive.record(ms=1000)
    drive.feed(f.KeyPressed(at=drive.now, key="#"))
    drive.close()
    drive.store()
    (action,) = drive.requests("action")
    assert action.wants_document
    assert action.parameters["Event"] == "Redirect"
    drive.document(Wait(length_s=9))
    drive.wait(2_000)
    assert not drive.of(i.HangUp)


@pytest.mark.rule("P-9")
def test_without_redirect_the_next_element_runs_at_once() -> None:
    drive = Drive(voicemail(redirect=False), Wait(length_s=1))
    drive.record(ms=1000)
    drive.feed(f.KeyPressed(at=drive.now, key="#"))
    drive.close()
    drive.wait(1_000)
    assert drive.of(i.HangUp)
    drive.store()
    (action,) = drive.requests("action")
    assert action.durable
    assert not action.wants_document
    assert action.parameters["Event"] == "Record"


@pytest.mark.rule("P-9")
def test_without_action_the_next_element_runs() -> None:
    drive = Drive(Record(play_beep=False), Wait(length_s=1))
    drive.record(ms=1000)
    drive.feed(f.KeyPressed(at=drive.now, key="#"))
    drive.close()
    drive.wait(1_000)
    assert isinstance(drive.state.flow.doing, HangingUp)
    drive.store()
    assert not drive.of(i.Request)


@pytest.mark.rule("P-10")
@pytest.mark.rule("F-3")
def test_hangup_keeps_the_file_and_requests_action_with_the_cause() -> None:
    drive = Drive(voicemail())
    drive.record(ms=2500)
    drive.hang_up()
    drive.store(frames=20_000)
    (action,) = drive.requests("action")
    assert action.durable
    assert not action.wants_document
    assert action.parameters["CallStatus"] == "completed"
    assert action.parameters["HangupCause"] == "NORMAL_CLEARING"
    assert action.parameters["RecordingEndReason"] == "hangup"
    assert drive.of(i.Release)


@pytest.mark.rule("P-10")
def test_action_of_a_hung_up_call_waits_for_the_cause() -> None:
    drive = Drive(voicemail())
    drive.record(ms=2500)
    drive.feed(f.HangupRequested(at=drive.now))
    drive.close()
    drive.store()
    assert not drive.requests("action")
    drive.feed(f.CallDestroyed(at=drive.now, cause=17))
    assert drive.requests("action")[0].parameters["HangupCause"] == "USER_BUSY"


@pytest.mark.rule("P-11")
def test_a_hangup_during_the_beep_leaves_an_empty_recording_with_its_requests() -> None:
    drive = Drive(voicemail(play_beep=True))
    drive.feed(f.SnoopEntered(snoop_id=drive.recording.taps[0].snoop_id))
    drive.feed(f.HangupRequested(at=drive.now), after_ms=100)
    collect = drive.last(i.Collect)
    assert collect.names == ()
    drive.feed(f.CallDestroyed(at=drive.now))
    drive.store(frames=0)
    (action,) = drive.requests("action")
    assert action.parameters["RecordingDuration"] == "0"
    assert action.parameters["RecordUrl"].endswith(".mp3")
    assert action.parameters["RecordingStartMs"] == str(drive.now)
    assert drive.requests("callback")


@pytest.mark.rule("P-11")
def test_what_asterisk_may_have_begun_to_write_at_a_hangup_is_deleted() -> None:
    drive = Drive(voicemail())
    drive.feed(f.SnoopEntered(snoop_id=drive.recording.taps[0].snoop_id))
    began = drive.last(i.BeginCapture)
    drive.feed(f.HangupRequested(at=drive.now))
    drive.feed(f.CallDestroyed(at=drive.now))
    assert drive.last(i.Collect).names == ()
    assert drive.last(i.Discard).names == (began.name,)


@pytest.mark.rule("Q-1")
def test_start_is_the_first_sample_kept_and_end_the_last() -> None:
    drive = Drive(voicemail())
    recording = drive.record(ms=2000)
    drive.feed(f.KeyPressed(at=drive.now, key="#"))
    drive.close()
    drive.feed(
        f.AudioMeasured(
            recording_id=recording.recording_id, frames=12_004, rate=8000, skipped_frames=160
        )
    )
    drive.feed(f.FileReady(recording_id=recording.recording_id, size=1, digest="d"))
    said = drive.requests("action")[0].parameters
    assert recording.captured_at is not None
    assert said["RecordingStartMs"] == str(recording.captured_at + 20 - LAG_MS)
    assert said["RecordingDurationMs"] == "1501"  # 1500.5 ms, halves up
    assert said["RecordingDuration"] == "2"
    assert int(said["RecordingEndMs"]) == int(said["RecordingStartMs"]) + 1501


@pytest.mark.rule("Q-2")
@pytest.mark.parametrize(
    "fact",
    [
        f.CommandRefused(object_id="SNOOP", command="BeginSnoop", reason="no timer"),
        f.SnoopLeft(snoop_id="SNOOP"),
        None,
    ],
)
def test_what_cannot_begin_fails_with_a_reason(fact: f.Fact | None) -> None:
    drive = Drive(voicemail(redirect=False))
    snoop = drive.recording.taps[0].snoop_id
    if isinstance(fact, f.CommandRefused):
        drive.feed(f.CommandRefused(object_id=snoop, command=fact.command, reason=fact.reason))
    elif isinstance(fact, f.SnoopLeft):
        drive.feed(f.SnoopEntered(snoop_id=snoop))
        drive.feed(f.SnoopLeft(snoop_id=snoop))
    else:
        drive.wait(5_000)
    assert drive.recording.phase == "done"
    for kind in ("action", "callback"):
        (request,) = drive.requests(kind)
        assert request.parameters["RecordingEndReason"] == "failed"
        assert request.parameters["RecordingError"]
    assert drive.of(i.HangUp), "the flow goes on"
    assert len(drive.of(i.Answer)) == 1, "a Record answers, whatever becomes of it"


@pytest.mark.rule("Q-2")
def test_a_capture_that_ends_early_without_a_hangup_is_failed_with_what_was_saved() -> None:
    drive = Drive(voicemail(timeout_s=15))
    drive.record(ms=3000)
    drive.close()
    drive.wait(400)
    assert drive.recording.reason == "failed"
    drive.store()
    said = drive.requests("callback")[0].parameters
    assert said["RecordUrl"]
    assert said["RecordingDurationMs"] == "2000"
    assert "by itself" in said["RecordingError"]


def test_a_capture_that_ends_just_before_the_hangup_is_heard_of_is_a_hangup() -> None:
    drive = Drive(voicemail())
    drive.record(ms=3000)
    drive.close()
    drive.feed(f.HangupRequested(at=drive.now), after_ms=50)
    assert drive.recording.reason == "hangup"
    assert drive.recording.phase == "collecting"


@pytest.mark.rule("P-4")
def test_a_stop_from_outside_ends_it() -> None:
    drive = Drive(voicemail())
    drive.record(ms=1000)
    drive.feed(f.StopAsked(recording_id=drive.recording.recording_id))
    drive.close()
    drive.store()
    assert drive.requests("action")[0].parameters["RecordingEndReason"] == "stopped"


@pytest.mark.rule("Q-2")
def test_a_channel_that_leaves_alive_ends_as_stopped() -> None:
    drive = Drive(voicemail())
    drive.record(ms=1000)
    drive.feed(f.CallLeft(at=drive.now))
    drive.wait(1_100)
    assert drive.recording.reason == "stopped"
    drive.close()
    drive.store()
    assert drive.requests("action")
    assert drive.of(i.Release)


def test_an_end_that_asterisk_never_confirms_is_collected_all_the_same() -> None:
    drive = Drive(voicemail())
    drive.record(ms=1000)
    drive.feed(f.KeyPressed(at=drive.now, key="#"))
    drive.wait(3_100)
    assert drive.of(i.Collect)


@pytest.mark.rule("Q-3")
def test_callback_only_when_the_file_is_there() -> None:
    drive = Drive(voicemail(redirect=False))
    drive.record(ms=1000)
    drive.feed(f.KeyPressed(at=drive.now, key="#"))
    drive.close()
    drive.feed(f.AudioMeasured(recording_id=drive.recording.recording_id, frames=8, rate=8000))
    drive.wait(60_000)
    assert not drive.requests("callback")
    drive.feed(f.FileFailed(recording_id=drive.recording.recording_id, reason="disk full"))
    said = drive.requests("callback")[0].parameters
    assert said["RecordingEndReason"] == "failed"
    assert "RecordUrl" not in said


@pytest.mark.rule("S-8")
def test_two_recordings_of_a_call_have_ids_of_their_own() -> None:
    drive = Drive(voicemail(redirect=False), voicemail(redirect=False))
    for index in range(2):
        recording = drive.record(ms=1000)
        drive.feed(f.KeyPressed(at=drive.now, key="#"))
        drive.close()
        drive.store(recording=drive.state.recordings[index])
        assert recording.number == index + 1
    assert len({r.recording_id for r in drive.state.recordings}) == 2
    assert len({c.name for c in drive.of(i.BeginCapture)}) == 2
    assert len(drive.requests("callback")) == 2
    assert {life.capture_name(r.taps[0]) for r in drive.state.recordings} == {
        c.name for c in drive.of(i.BeginCapture)
    }
