"""Pause and resume on the pure machine: E-5."""

from __future__ import annotations

import msgspec
import pytest

from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine import life
from recordbridge.machine.state import Pause, Profile, Recording
from tests.unit.machine.asking import REST, asked, now, talking
from tests.unit.machine.drive import Drive, voicemail
from tests.unit.machine.test_background import close, run


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


@pytest.mark.rule("E-5", "N-3")
def test_a_further_file_that_nobody_heard_begin_is_not_left_with_asterisk() -> None:
    """The connection broke between the resume and the end: it can have been written."""
    drive = talking()
    recording = run(drive, asked(drive))
    paused(drive, recording)
    resumed(drive, recording, began=False)
    (further,) = (life.capture_name(tap) for tap in now(drive, recording).taps)
    drive.feed(f.StopAsked(asked_id="api3"))
    close(drive, now(drive, recording))
    (first, empty) = drive.last(i.Collect).names
    assert (first, empty) == (life.first_name(recording.taps[0]), "")
    drive.store(recording=recording)
    assert set(drive.last(i.Discard).names) == {first, further}


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
    assert now(drive, recording).taps[0].later[0].captured_at == drive.now, "as it was resumed"


@pytest.mark.rule("E-5")
def test_pauses_are_stored() -> None:
    drive = talking()
    recording = run(drive, asked(drive))
    paused(drive, recording)
    since = drive.now
    drive.wait(1000)
    resumed(drive, recording)
    assert now(drive, recording).pauses == (Pause(since=since, until=since + 1000),)
