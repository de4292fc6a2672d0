"""P-4 to the millisecond: ends of a recording at nearly the same moment, and what is too late."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine.state import Profile
from recordbridge.plivo.elements import Record, Wait
from tests.unit.machine.drive import Drive, voicemail

WATCHED = Profile(account="M", application="a", silence_threshold=500)
"""Silence by our own count."""


def key(drive: Drive) -> None:
    drive.feed(f.KeyPressed(at=drive.now, key="#", duration_ms=20))


def stop(drive: Drive) -> None:
    drive.feed(f.StopAsked(recording_id=drive.recording.recording_id))


def running(element: Record, *, profile: Profile | None = None) -> Drive:
    drive = Drive(element, Wait(length_s=600), profile=profile)
    drive.record()
    return drive


def until(drive: Drive, ms: int) -> None:
    """Let it be so long."""
    start = drive.recording.start_at
    assert start is not None
    drive.wait(start + ms - drive.now)


@pytest.mark.rule("P-4", "P-7")
@pytest.mark.parametrize("late_ms", [0, 1, 119])
@pytest.mark.parametrize("end", [key, stop, Drive.hang_up])
def test_what_comes_after_max_length_is_too_late(
    end: Callable[[Drive], None], late_ms: int
) -> None:
    """It is noticed a little later, so that the file is as long as allowed."""
    drive = running(voicemail(max_length_s=2, timeout_s=9))
    until(drive, 2_000 + late_ms)
    end(drive)
    recording = drive.recording
    assert (recording.reason, recording.key) == ("maxLength", "")
    assert recording.stopped_at == (recording.start_at or 0) + 2_000
    assert drive.last(i.Collect if end is Drive.hang_up else i.EndCapture)


@pytest.mark.rule("P-4")
@pytest.mark.parametrize(
    ("end", "reason"), [(key, "finishOnKey"), (stop, "stopped"), (Drive.hang_up, "hangup")]
)
def test_what_comes_a_moment_before_is_not(end: Callable[[Drive], None], reason: str) -> None:
    drive = running(voicemail(max_length_s=2, timeout_s=9))
    until(drive, 1_999)
    end(drive)
    assert drive.recording.reason == reason


@pytest.mark.rule("P-4", "P-6")
@pytest.mark.parametrize("end", [key, stop])
def test_what_asterisk_has_ended_at_a_silence_ends_by_nothing_else(
    end: Callable[[Drive], None],
) -> None:
    """Its silence is cut off already, which no other end may do."""
    drive = running(voicemail(timeout_s=3))
    until(drive, 3_000)
    drive.close()
    drive.now += 30
    end(drive)
    drive.wait(200)
    drive.store()
    said = drive.requests("action")[0].parameters
    assert said["RecordingEndReason"] == "silence"
    assert "Digits" not in said


@pytest.mark.rule("P-4")
def test_a_key_that_asterisk_tells_after_the_silence_but_was_before_it_ends_it() -> None:
    drive = running(voicemail(timeout_s=3))
    until(drive, 3_000)
    drive.close()
    drive.feed(f.KeyPressed(at=drive.now - 1, key="#", duration_ms=20))
    assert drive.recording.reason == "finishOnKey"


@pytest.mark.rule("P-4", "P-5")
@pytest.mark.parametrize(
    ("quiet_from_ms", "reason"), [(1_000, "silence"), (999, "silence"), (1_001, "maxLength")]
)
def test_silence_and_max_length_in_one_moment(quiet_from_ms: int, reason: str) -> None:
    """The first counts, also when the clock is looked at late."""
    drive = running(voicemail(timeout_s=2, max_length_s=3), profile=WATCHED)
    snoop = drive.recording.taps[0].snoop_id
    start = drive.recording.start_at or 0
    drive.feed(f.Talking(snoop_id=snoop, at=start, speaking=True))
    drive.feed(f.Talking(snoop_id=snoop, at=start + quiet_from_ms, speaking=False))
    drive.now = start + 3_050
    drive.feed(None)
    if drive.recording.phase == "running":
        drive.wait(200)
    assert drive.recording.reason == reason


@pytest.mark.rule("P-4", "P-2")
def test_a_stop_during_the_beep_ends_the_beep() -> None:
    drive = Drive(voicemail(play_beep=True, redirect=False), Wait(length_s=600))
    drive.feed(f.SnoopEntered(snoop_id=drive.recording.taps[0].snoop_id))
    beep = drive.last(i.BeginPlayback).playback_id
    stop(drive)
    assert drive.last(i.EndPlayback).playback_id == beep
    drive.feed(f.PlaybackEnded(playback_id=beep, at=drive.now))
    assert not drive.of(i.BeginCapture)


@pytest.mark.rule("P-4", "P-5", "A-12")
def test_the_far_side_s_silence_ends_nothing() -> None:
    """A plain recording in stereo: the silence is the caller's."""
    drive = Drive(voicemail(stereo=True, timeout_s=2), Wait(length_s=600))
    near, far = drive.recording.taps
    drive.feed(f.SnoopEntered(snoop_id=near.snoop_id))
    drive.feed(f.SnoopEntered(snoop_id=far.snoop_id))
    limits = {each.snoop_id: each.max_silence_s for each in drive.of(i.BeginCapture)}
    assert limits == {near.snoop_id: 7, far.snoop_id: 0}
    assert [each.snoop_id for each in drive.of(i.WatchTalking)] == [near.snoop_id]
