"""Stereo recordings of which Asterisk records one side only, or none: P-11, Q-2."""

from __future__ import annotations

import pytest

from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine import life
from recordbridge.machine.state import Recording, Tap
from recordbridge.plivo.elements import Wait
from tests.unit.machine.drive import Drive, voicemail

SIDES = pytest.mark.parametrize("missing", [0, 1], ids=["caller", "far side"])


def half(missing: int, *, refused: bool) -> tuple[Drive, Tap, Tap]:
    """A session of which one side runs and the other will not: the drive, that one, the other."""
    element = voicemail(record_session=True, redirect=False)
    drive = Drive(element, Wait(length_s=60), answered=True)
    taps = drive.recording.taps
    there, lost = taps[1 - missing], taps[missing]
    for tap in taps:
        drive.feed(f.SnoopEntered(snoop_id=tap.snoop_id))
    drive.feed(f.CaptureBegan(name=life.capture_name(there), at=drive.now))
    if refused:
        drive.now += 700
        drive.feed(f.CaptureFailed(name=life.capture_name(lost), reason="no room"))
    else:
        drive.wait(5_000)
    return drive, there, lost


@pytest.mark.rule("Q-2", "D-20", "D-23")
@SIDES
@pytest.mark.parametrize("refused", [True, False])
def test_one_side_alone_is_saved_and_reported_as_failed(missing: int, refused: bool) -> None:
    drive, there, lost = half(missing, refused=refused)
    assert drive.last(i.EndCapture).name == life.capture_name(there)
    assert not drive.of(i.Collect), "its file is not closed yet"
    drive.feed(f.CaptureEnded(name=life.capture_name(there), at=drive.now))
    collect = drive.last(i.Collect)
    assert collect.names[missing] == ""
    assert collect.names[1 - missing] == life.capture_name(there)
    assert (collect.channels, collect.keep_ms, collect.trim_silence) == (2, 60_000, False)
    assert {each.snoop_id for each in drive.of(i.EndSnoop)} == {there.snoop_id, lost.snoop_id}
    drive.store(frames=8_000)
    for kind in ("action", "callback"):
        (request,) = drive.requests(kind)
        said = request.parameters
        assert said["RecordingEndReason"] == "failed"
        assert said["RecordingError"]
        assert (said["RecordingDurationMs"], said["RecordUrl"][:10]) == ("1000", "recording:")
    discarded = {name for each in drive.of(i.Discard) for name in each.names}
    assert discarded == {life.capture_name(there), life.capture_name(lost)}
    assert not drive.of(i.HangUp), "the call goes on"


@pytest.mark.rule("Q-2")
@SIDES
def test_what_the_missing_side_writes_after_all_does_not_stay(missing: int) -> None:
    drive, there, lost = half(missing, refused=False)
    drive.feed(f.CaptureBegan(name=life.capture_name(lost), at=drive.now))
    drive.feed(f.CaptureEnded(name=life.capture_name(there), at=drive.now))
    drive.store()
    before = len(drive.of(i.Discard))
    drive.feed(f.CaptureEnded(name=life.capture_name(lost), at=drive.now))
    (late,) = drive.of(i.Discard)[before:]
    assert late.names == (life.capture_name(lost),)
    assert len(drive.requests("callback")) == 1


@pytest.mark.rule("Q-2")
def test_of_neither_side_nothing_is_saved_and_nothing_stays() -> None:
    drive = Drive(voicemail(record_session=True, redirect=False), Wait(length_s=60), answered=True)
    taps = drive.recording.taps
    for tap in taps:
        drive.feed(f.SnoopEntered(snoop_id=tap.snoop_id))
    drive.feed(f.CaptureFailed(name=life.capture_name(taps[0]), reason="no room"))
    said = drive.requests("callback")[0].parameters
    assert (said["RecordingEndReason"], said["RecordingDurationMs"]) == ("failed", "0")
    assert "RecordUrl" not in said
    assert set(drive.last(i.Discard).names) == {life.capture_name(tap) for tap in taps}


@pytest.mark.rule("P-11", "A-12")
def test_an_empty_stereo_recording_has_two_channels() -> None:
    """The caller hangs up before Asterisk has begun to write."""
    drive = Drive(voicemail(record_session=True, redirect=False), answered=True)
    drive.hang_up()
    collect = drive.last(i.Collect)
    assert (collect.names, collect.channels) == ((), 2)
    drive.store(frames=0)
    assert drive.requests("callback")[0].parameters["RecordingEndReason"] == "hangup"


@pytest.mark.rule("Q-2")
def test_a_side_that_asterisk_ends_before_the_other_has_begun_is_kept() -> None:
    drive = Drive(voicemail(record_session=True, redirect=False), Wait(length_s=60), answered=True)
    left, right = drive.recording.taps
    for tap in (left, right):
        drive.feed(f.SnoopEntered(snoop_id=tap.snoop_id))
    drive.feed(f.CaptureBegan(name=life.capture_name(left), at=drive.now))
    drive.feed(f.CaptureEnded(name=life.capture_name(left), at=drive.now), after_ms=300)
    recording: Recording = drive.recording
    assert (recording.phase, recording.reason) == ("collecting", "failed")
    assert drive.last(i.Collect).names == (life.capture_name(left), "")
    assert [tap.lost for tap in recording.taps] == [False, True]
    assert right.snoop_id in {each.snoop_id for each in drive.of(i.EndSnoop)}
