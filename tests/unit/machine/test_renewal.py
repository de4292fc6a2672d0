"""Snoops begun anew for another sender, on an Asterisk whose snoops hear only one (S-1)."""

from __future__ import annotations

import msgspec
import pytest

from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine import life, renewal
from recordbridge.machine.state import Recording
from recordbridge.plivo.elements import Element, Play, Record, Speak, Wait
from tests.unit.machine.drive import CALLBACK, Drive
from tests.unit.machine.test_dial import AFTER, answer, end, played
from tests.unit.machine.test_dial import dial as dialled

pytestmark = pytest.mark.rule("S-1")

SESSION = Record(callback=CALLBACK, record_session=True, redirect=False)
DIAL = dialled(action=None)
MUSIC = Play(source="sound:hello-world")


def session(*elements: Element, one_stream: bool = True, **fields: object) -> Drive:
    """An answered call with a session recording that runs."""
    record = msgspec.structs.replace(SESSION, **fields)
    drive = Drive(record, *elements, answered=True, one_stream=one_stream)
    begin(drive)
    assert drive.recording.phase == "running"
    return drive


def begin(drive: Drive) -> None:
    """The snoops that were asked for are there, and recorded."""
    recording = drive.recording
    taps = recording.coming or recording.taps
    for tap in taps:
        drive.feed(f.SnoopEntered(snoop_id=tap.snoop_id))
    for tap in taps:
        drive.feed(f.CaptureBegan(name=life.capture_name(tap), at=drive.now))


def close(drive: Drive, recording: Recording) -> None:
    for tap in recording.taps:
        drive.feed(f.CaptureEnded(name=life.capture_name(tap), at=drive.now))


def leave(drive: Drive, recording: Recording) -> None:
    for tap in recording.taps:
        drive.feed(f.SnoopLeft(snoop_id=tap.snoop_id))


def snooped(drive: Drive) -> int:
    return len(drive.of(i.BeginSnoop))


def talked(drive: Drive, nth: int = 0) -> None:
    """A callee answers, and hangs up."""
    leg = answer(drive, nth)
    drive.wait(2_000)
    end(drive, leg)


def renewed(drive: Drive, before: Recording) -> None:
    """The snoops go, and others are recorded."""
    close(drive, before)
    leave(drive, before)
    drive.wait(renewal.SETTLE_MS)
    begin(drive)


def test_the_next_dial_begins_with_fresh_snoops() -> None:
    drive = session(DIAL, DIAL, AFTER)
    before = drive.recording
    answer(drive)
    drive.wait(2_000)
    assert not drive.of(i.EndCapture), "the first callee was heard by these"
    end(drive, drive.of(i.BeginLeg)[0].leg_id)
    assert [e.name for e in drive.of(i.EndCapture)] == [life.capture_name(t) for t in before.taps]
    assert not drive.of(i.EndSnoop), "a file is closed before its snoop goes"
    close(drive, before)
    assert [e.snoop_id for e in drive.of(i.EndSnoop)] == [t.snoop_id for t in before.taps]
    drive.feed(f.SnoopLeft(snoop_id=before.taps[0].snoop_id))
    drive.wait(renewal.SETTLE_MS)
    assert snooped(drive) == 2, "the other one keeps the translator"
    drive.feed(f.SnoopLeft(snoop_id=before.taps[1].snoop_id))
    drive.wait(renewal.SETTLE_MS - 1)
    assert snooped(drive) == 2
    drive.wait(1)
    assert snooped(drive) == 4
    drive.now += 7
    begin(drive)
    assert drive.recording.former == (
        tuple(msgspec.structs.replace(tap, closed=True) for tap in before.taps),
    )
    drive.wait(5_000)
    assert drive.recording.phase == "running"
    drive.hang_up()
    drive.feed(f.CaptureEnded(name=life.capture_name(drive.recording.taps[1]), at=drive.now))
    collect = drive.last(i.Collect)
    assert len(collect.names) == 4
    assert collect.channels == 2
    assert collect.lead_ms[2:] == (-(2_000 + 2 * renewal.SETTLE_MS + 7),) * 2


def test_who_answers_meanwhile_is_connected_when_it_is_heard() -> None:
    """S-9; the caller hears ringing on, whose frames take the old snoops away."""
    drive = session(DIAL, DIAL, AFTER)
    before = drive.recording
    talked(drive)
    leg = answer(drive, 1)
    assert len(drive.of(i.JoinBridge)) == 1
    assert drive.last(i.Ring).on
    renewed(drive, before)
    assert drive.last(i.JoinBridge).members == ("c1", leg)
    assert not drive.last(i.Ring).on


def test_it_is_connected_all_the_same_when_snoops_do_not_go() -> None:
    drive = session(DIAL, DIAL, AFTER)
    talked(drive)
    answer(drive, 1)
    drive.wait(499)
    assert len(drive.of(i.JoinBridge)) == 1
    drive.wait(1)
    assert len(drive.of(i.JoinBridge)) == 2
    assert snooped(drive) == 4, "and others are tried"


def test_a_callee_that_goes_before_it_is_connected_leaves_no_ringing() -> None:
    drive = session(DIAL, DIAL, AFTER)
    talked(drive)
    end(drive, answer(drive, 1))
    assert not drive.last(i.Ring).on


def test_a_transferred_callee_is_heard_by_fresh_snoops() -> None:
    drive = session(DIAL, AFTER)
    before = drive.recording
    leg = answer(drive)
    drive.wait(2_000)
    drive.feed(f.ChannelReplaced(at=drive.now, old_id=leg, new_id="x1"))
    renewed(drive, before)
    assert drive.recording.taps != before.taps
    drive.feed(f.ChannelReplaced(at=drive.now, old_id="x1", new_id="x2"))
    assert drive.recording.renewing, "and the next one"


@pytest.mark.parametrize("one_stream", [True, False])
def test_a_caller_whom_somebody_moved_is_heard_by_fresh_snoops(one_stream: bool) -> None:
    drive = session(DIAL, AFTER, one_stream=one_stream)
    before = drive.recording
    answer(drive)
    drive.wait(2_000)
    drive.feed(f.MovedElsewhere(bridge_id="others"))
    if not one_stream:
        assert not drive.of(i.EndCapture)
        return
    renewed(drive, before)
    drive.wait(5_000)
    assert snooped(drive) == 4, "once"
    assert drive.recording.phase == "running"


def test_a_transferred_caller_has_fresh_snoops_anyway() -> None:
    drive = session(DIAL, AFTER)
    answer(drive)
    drive.feed(f.ChannelReplaced(at=drive.now, old_id="c1", new_id="x1"))
    assert not drive.recording.renewing
    assert snooped(drive) == 4


def test_nothing_is_renewed_while_nobody_else_comes() -> None:
    drive = session(DIAL, Wait(length_s=2))
    talked(drive)
    drive.wait(5_000)
    assert not drive.of(i.EndCapture)


def test_nothing_is_renewed_where_a_snoop_hears_everybody() -> None:
    drive = session(DIAL, DIAL, AFTER, one_stream=False)
    talked(drive)
    drive.feed(f.ChannelReplaced(at=drive.now, old_id=answer(drive, 1), new_id="x1"))
    assert not drive.of(i.EndCapture)


def test_a_recording_of_the_second_dial_alone_needs_nothing() -> None:
    armed = Record(callback=CALLBACK, start_on_dial_answer=True, redirect=False)
    drive = Drive(DIAL, armed, DIAL, AFTER, answered=True, one_stream=True)
    talked(drive)
    answer(drive, 1)
    begin(drive)
    drive.wait(2_000)
    assert not drive.of(i.EndCapture)


@pytest.mark.parametrize("first", ["sound", "party"])
def test_a_sound_of_asterisks_own_is_another_sender(first: str) -> None:
    """Its frames may have numbers too; those of all files are alike."""
    if first == "sound":
        drive = session(MUSIC, MUSIC, DIAL, AFTER)
        played(drive)
        assert not drive.recording.renewing
        played(drive)
    else:
        drive = session(DIAL, MUSIC, AFTER)
        talked(drive)
    assert drive.recording.renewing


def test_what_is_spoken_is_no_sender() -> None:
    drive = session(DIAL, Speak(text="Hello."), AFTER)
    talked(drive)
    media = drive.last(i.Synthesise).media_id
    drive.feed(f.MediaReady(media_id=media, media="recording:recordbridge-media/d"))
    assert drive.of(i.BeginPlayback)
    assert not drive.recording.renewing


@pytest.mark.parametrize("moment", ["closing", "settling", "beginning"])
@pytest.mark.rule("E-5")
def test_a_pause_meanwhile(moment: str) -> None:
    """Nothing of it is recorded, and after it the fresh snoops are."""
    drive = session(DIAL, DIAL, AFTER)
    before = drive.recording
    talked(drive)
    if moment != "closing":
        close(drive, before)
        leave(drive, before)
    if moment == "beginning":
        drive.wait(renewal.SETTLE_MS)
    drive.feed(f.PauseAsked(asked_id="pause", recording_id=before.recording_id))
    assert drive.last(i.Reply).recording_ids == (before.recording_id,)
    if moment == "closing":
        close(drive, before)
        leave(drive, before)
    drive.wait(1_000)
    assert drive.recording.hushed
    old = {tap.snoop_id for tap in before.taps}
    drive.feed(f.PauseAsked(asked_id="resume", recording_id=before.recording_id, resume=True))
    files = drive.of(i.BeginCapture)[2:]
    assert len(files) == 2
    assert not old & {each.snoop_id for each in files}
    for each in files:
        drive.feed(f.CaptureBegan(name=each.name, at=drive.now))
    drive.wait(1_000)
    assert drive.recording.phase == "running"


def test_a_resume_meanwhile_waits_for_the_fresh_snoops() -> None:
    drive = session(DIAL, DIAL, AFTER)
    before = drive.recording
    talked(drive)
    for resume in (False, True):
        drive.feed(f.PauseAsked(asked_id="x", recording_id=before.recording_id, resume=resume))
    files = len(drive.of(i.BeginCapture))
    close(drive, before)
    assert len(drive.of(i.BeginCapture)) == files
    leave(drive, before)
    drive.wait(renewal.SETTLE_MS)
    begin(drive)
    assert len(drive.of(i.BeginCapture)) == files + 2
    assert not drive.recording.hushed


@pytest.mark.rule("N-3")
def test_a_gap_in_the_events_meanwhile() -> None:
    drive = session(DIAL, DIAL, AFTER)
    before = drive.recording
    talked(drive)
    drive.feed(f.PbxLost())
    drive.wait(10_000)
    assert snooped(drive) == 2
    left, gone = (tap.snoop_id for tap in before.taps)
    leg, bridge = drive.of(i.BeginLeg)[1].leg_id, drive.last(i.MakeBridge).bridge_id
    drive.feed(
        f.PbxSeen(
            at=drive.now,
            channel=True,
            answered=True,
            snoops=(left,),
            legs=(leg,),
            bridges={bridge: ()},
            one_stream=True,
        )
    )
    assert drive.recording.phase == "running", "that its files are closed was wanted"
    assert [each.snoop_id for each in drive.of(i.EndSnoop)].count(left) >= 1
    drive.feed(f.SnoopLeft(snoop_id=left))
    drive.wait(renewal.SETTLE_MS)
    assert snooped(drive) == 4
    assert gone not in {each.snoop_id for each in drive.of(i.BeginSnoop)[2:]}


def test_another_snoop_that_stays_keeps_the_translator() -> None:
    """Begun in the same moment, a recording of somebody's is in the way: the next Dial tries."""
    drive = session(DIAL, DIAL, DIAL, AFTER)
    before = drive.recording
    talked(drive)
    element = Record(callback=CALLBACK, redirect=False, stereo=False)
    drive.feed(f.RecordAsked(asked_id="rest", element=element))
    rest = drive.recording
    drive.feed(f.SnoopEntered(snoop_id=rest.taps[0].snoop_id))
    drive.feed(f.CaptureBegan(name=life.capture_name(rest.taps[0]), at=drive.now))
    close(drive, before)
    leave(drive, before)
    drive.wait(renewal.SETTLE_MS)
    assert drive.state.sender
    end(drive, drive.of(i.BeginLeg)[1].leg_id, 17)
    renewing = [each.renewing for each in drive.state.recordings]
    assert renewing[1], "and this one too"
