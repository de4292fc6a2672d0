"""Hangups in the moment in which a Dial connects and its recordings begin (S-2, F-4)."""

from __future__ import annotations

import pytest

from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine import life
from recordbridge.plivo.elements import Record
from tests.unit.machine.drive import ACTION, CALLBACK, Drive
from tests.unit.machine.test_dial import AFTER, answer, dial, end

ARMED = Record(start_on_dial_answer=True, redirect=False, action=ACTION, callback=CALLBACK)


def reason(drive: Drive) -> str:
    return drive.requests("callback")[-1].parameters["RecordingEndReason"]


@pytest.mark.rule("S-2")
@pytest.mark.parametrize("snoops", [0, 1, 2])
def test_a_callee_that_leaves_before_it_runs_ends_it_with_the_dial(snoops: int) -> None:
    """Whether Asterisk had begun to record or not: `dialEnded`, an empty file."""
    drive = Drive(ARMED, dial(), AFTER, answered=True)
    leg = answer(drive)
    for tap in drive.recording.taps[:snoops]:
        drive.feed(f.SnoopEntered(snoop_id=tap.snoop_id))
    end(drive, leg)
    drive.store(frames=0)
    assert reason(drive) == "dialEnded"
    assert drive.requests("callback")[-1].parameters["RecordingDurationMs"] == "0"


@pytest.mark.rule("M-1", "P-11")
@pytest.mark.parametrize("stored_first", [False, True])
def test_what_asterisk_wrote_of_it_all_the_same_is_deleted(stored_first: bool) -> None:
    drive = Drive(ARMED, dial(), AFTER, answered=True)
    answer(drive)
    names = [life.capture_name(tap) for tap in drive.recording.taps]
    for tap in drive.recording.taps:
        drive.feed(f.SnoopEntered(snoop_id=tap.snoop_id))
    assert len(drive.of(i.BeginCapture)) == 2
    drive.feed(f.HangupRequested(at=drive.now))
    if stored_first:
        drive.store(frames=0)
    for name in names:
        drive.feed(f.CaptureBegan(name=name, at=drive.now))
        drive.feed(f.CaptureEnded(name=name, at=drive.now))
        drive.feed(f.CaptureEnded(name=name, at=drive.now))
    assert {name for discard in drive.of(i.Discard) for name in discard.names} == set(names)


@pytest.mark.rule("Q-2")
def test_a_channel_that_is_taken_away_is_not_listened_to_any_more() -> None:
    """Its snoops live on: they are ended, and what they heard elsewhere is cut off."""
    session = Record(record_session=True, redirect=False, callback=CALLBACK)
    drive = Drive(session, AFTER, answered=True)
    for tap in drive.recording.taps:
        drive.feed(f.SnoopEntered(snoop_id=tap.snoop_id))
    names = [life.capture_name(tap) for tap in drive.recording.taps]
    for name in names:
        drive.feed(f.CaptureBegan(name=name, at=drive.now))
    drive.feed(f.CallLeft(at=drive.now + 2_000), after_ms=2_000)
    drive.wait(1_500)
    assert [ended.name for ended in drive.of(i.EndCapture)] == names
    for name in names:
        drive.feed(f.CaptureEnded(name=name, at=drive.now))
    (collect,) = drive.of(i.Collect)
    assert collect.keep_ms is not None
    assert 1_950 <= collect.keep_ms <= 2_050
    drive.store(frames=16_000)
    assert reason(drive) == "stopped"
