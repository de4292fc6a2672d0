"""Transfers: another channel in the place of the caller or of a callee (S-1, F-4)."""

from __future__ import annotations

import msgspec
import pytest

from recordbridge import ids
from recordbridge.machine import call as machine
from recordbridge.machine import dial, life, transfer
from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine.state import Recording, Tap
from recordbridge.plivo.elements import Record, Wait
from tests.unit.machine.drive import CALLBACK, Drive
from tests.unit.machine.test_dial import AFTER, answer, end, said
from tests.unit.machine.test_dial import dial as dialled

pytestmark = pytest.mark.rule("S-1")

SESSION = Record(callback=CALLBACK, record_session=True, redirect=False)


def session(*elements: object, **fields: object) -> Drive:
    """An answered call with a session recording, and what follows it."""
    record = msgspec.structs.replace(SESSION, **fields)
    drive = Drive(record, *elements, answered=True)  # type: ignore[arg-type]  # elements
    begin(drive, *drive.recording.taps)
    assert drive.recording.phase == "running"
    return drive


def begin(drive: Drive, *taps: Tap) -> None:
    for tap in taps:
        drive.feed(f.SnoopEntered(snoop_id=tap.snoop_id))
    for tap in taps:
        written(drive, tap)


def written(drive: Drive, tap: Tap) -> None:
    drive.feed(f.CaptureBegan(name=life.capture_name(tap), at=drive.now))


def replaced(drive: Drive, old: str, new: str) -> list[i.Intent]:
    return drive.feed(f.ChannelReplaced(at=drive.now, old_id=old, new_id=new))


def close(drive: Drive, recording: Recording) -> None:
    for tap in (*recording.taps, *recording.earlier):
        if not tap.closed:
            drive.feed(f.CaptureEnded(name=life.capture_name(tap), at=drive.now))


@pytest.mark.rule("F-4")
def test_a_transferred_callee_is_the_same_leg_of_the_dial() -> None:
    drive = Drive(dialled(), AFTER)
    leg = answer(drive)
    replaced(drive, leg, "x1")
    assert machine.legs(drive.state) == ["x1"]
    end(drive, leg)
    assert not drive.requests("action"), "the transferer hangs up"
    end(drive, "x1")
    assert said(drive)["DialStatus"] == "completed"
    assert said(drive)["DialBLegUUID"] == ids.call_uuid("pbx", leg)


@pytest.mark.rule("F-4")
def test_a_transferer_that_stays_is_hung_up() -> None:
    drive = Drive(dialled(), AFTER)
    leg = answer(drive)
    replaced(drive, leg, "x1")
    drive.wait(transfer.TRANSFERER_MS - 1)
    assert not drive.of(i.EndLeg)
    drive.wait(1)
    assert [each.leg_id for each in drive.of(i.EndLeg)] == [leg]


@pytest.mark.rule("F-4")
def test_a_transferred_caller_is_the_same_call() -> None:
    drive = Drive(dialled(redirect=False), Wait(length_s=2))
    leg = answer(drive)
    uuid = drive.state.call_uuid
    replaced(drive, "c1", "x1")
    assert drive.state.call_uuid == uuid
    end(drive, leg)
    assert said(drive)["DialStatus"] == "completed"
    drive.wait(3_000)
    assert drive.last(i.HangUp).channel_id == "x1"
    assert [each.leg_id for each in drive.of(i.EndLeg)] == ["c1"], "the transferer"


def test_its_recording_goes_on_with_the_new_channel() -> None:
    drive = session(dialled(), AFTER)
    answer(drive)
    before = drive.recording.taps
    drive.now += 2_000
    replaced(drive, "c1", "x1")
    new = drive.recording.coming
    assert [(s.channel_id, s.direction) for s in drive.of(i.BeginSnoop)[2:]] == [
        ("x1", "in"),
        ("x1", "out"),
    ]
    for tap in new:
        drive.feed(f.SnoopEntered(snoop_id=tap.snoop_id))
    written(drive, new[0])
    assert not drive.of(i.EndCapture), "the old one is recorded until the new one is"
    drive.now += 7
    written(drive, new[1])
    assert [e.name for e in drive.of(i.EndCapture)] == [life.capture_name(t) for t in before]
    for tap in before:
        drive.feed(f.CaptureEnded(name=life.capture_name(tap), at=drive.now))
    drive.wait(1_000)
    assert drive.recording.phase == "running"
    drive.feed(f.HangupRequested(at=drive.now))
    close(drive, drive.recording)
    collect = drive.last(i.Collect)
    assert collect.names == tuple(life.capture_name(tap) for tap in (*before, *new))
    assert (collect.channels, collect.lead_ms) == (2, (0, 0, -2_000, -2_007))


def test_a_hangup_before_the_new_channel_is_recorded_leaves_what_there_is() -> None:
    drive = session(dialled(), AFTER)
    answer(drive)
    before = drive.recording.taps
    replaced(drive, "c1", "x1")
    drive.feed(f.HangupRequested(at=drive.now + 5), after_ms=5)
    close(drive, drive.recording)
    names = drive.last(i.Collect).names
    assert [name for name in names if name] == [life.capture_name(tap) for tap in before]
    assert drive.recording.reason == "hangup"


def test_a_new_channel_that_cannot_be_recorded_is_a_failure_in_the_end() -> None:
    drive = session(dialled(), AFTER)
    answer(drive)
    before = drive.recording.taps
    replaced(drive, "c1", "x1")
    snoop = drive.recording.coming[0].snoop_id
    for tap in before:
        drive.feed(f.CaptureEnded(name=life.capture_name(tap), at=drive.now))
    drive.feed(f.CommandRefused(snoop, "BeginSnoop", "no timer"))
    drive.wait(1_000)
    assert drive.recording.reason == "failed"


@pytest.mark.rule("F-4", "Q-2")
def test_a_callee_that_somebody_takes_ends_the_dial_and_is_not_hung_up() -> None:
    drive = Drive(dialled(), AFTER)
    leg = answer(drive)
    drive.feed(f.LegLeft(leg_id=leg, at=drive.now))
    drive.wait(dial.LEFT_MS - 1)
    assert not drive.requests("action")
    drive.wait(1)
    assert said(drive)["DialStatus"] == "completed"
    assert not drive.of(i.EndLeg)


@pytest.mark.rule("F-4", "Q-2")
def test_both_parties_are_taken() -> None:
    """A conference, for instance: nobody is hung up."""
    drive = Drive(dialled(), AFTER)
    leg = answer(drive)
    drive.feed(f.LegLeft(leg_id=leg, at=drive.now))
    drive.feed(f.CallLeft(at=drive.now))
    drive.wait(2_000)
    assert not drive.of(i.EndLeg)
    assert not drive.of(i.HangUp)
    assert drive.state.over


@pytest.mark.rule("F-4")
def test_what_replaces_a_leg_that_is_over_is_hung_up() -> None:
    drive = Drive(dialled(redirect=False), AFTER)
    leg = answer(drive)
    end(drive, leg)
    replaced(drive, leg, "x1")
    assert drive.last(i.EndLeg).leg_id == "x1"


@pytest.mark.rule("F-5")
def test_what_replaces_a_caller_that_is_being_hung_up_is_hung_up() -> None:
    drive = Drive(answered=True)
    assert drive.of(i.HangUp)
    replaced(drive, "c1", "x1")
    assert drive.last(i.HangUp).channel_id == "x1"


def test_a_channel_under_another_name_is_recorded_on() -> None:
    """Who is in no bridge is the same channel with another id: its snoops stay."""
    drive = session(Wait(length_s=600))
    snoops = len(drive.of(i.BeginSnoop))
    replaced(drive, "c1", "x1")
    assert len(drive.of(i.BeginSnoop)) == snoops
    assert drive.recording.phase == "running"


@pytest.mark.rule("E-5")
def test_a_pause_in_the_moment_of_a_transfer() -> None:
    """The snoops of the channel before are gone with it: after the pause it is of the new ones."""
    drive = session(dialled(), AFTER)
    answer(drive)
    before = drive.recording.taps
    replaced(drive, "c1", "x1")
    coming = drive.recording.coming
    for tap in coming:
        drive.feed(f.SnoopEntered(snoop_id=tap.snoop_id))
    drive.feed(f.PauseAsked(asked_id="pause"))
    assert {e.snoop_id for e in drive.of(i.EndSnoop)} == {tap.snoop_id for tap in before}
    assert drive.last(i.Discard).names == tuple(life.capture_name(tap) for tap in coming)
    for tap in before:
        drive.feed(f.CaptureEnded(name=life.capture_name(tap), at=drive.now))
    drive.wait(1_000)
    drive.feed(f.PauseAsked(asked_id="resume", resume=True))
    files = drive.of(i.BeginCapture)[-2:]
    assert [each.snoop_id for each in files] == [tap.snoop_id for tap in coming]
    for each in files:
        drive.feed(f.CaptureBegan(name=each.name, at=drive.now))
    drive.wait(1_000)
    assert drive.recording.phase == "running"


# -- while nobody listened


def connected(drive: Drive) -> tuple[str, str]:
    """The leg and the bridge of a Dial that is connected."""
    return answer(drive), drive.last(i.MakeBridge).bridge_id


def back(drive: Drive, **found: object) -> None:
    """The connection is back, and that is there."""
    drive.feed(f.PbxSeen(at=drive.now, channel=True, answered=True, **found))  # type: ignore[arg-type]  # fields


@pytest.mark.rule("N-1", "N-3", "F-4")
def test_a_callee_that_was_transferred_unheard() -> None:
    drive = session(dialled(), AFTER)
    leg, bridge = connected(drive)
    taps = drive.recording.taps
    drive.feed(f.PbxLost())
    back(
        drive,
        live=tuple(life.capture_name(tap) for tap in taps),
        snoops=tuple(tap.snoop_id for tap in taps),
        legs=("x1",),
        bridges={bridge: ("c1", "x1")},
        stranger="x1",
    )
    assert machine.legs(drive.state) == ["x1"]
    assert len(drive.of(i.JoinBridge)) == 1, "they are together"
    drive.wait(transfer.TRANSFERER_MS)
    assert [each.leg_id for each in drive.of(i.EndLeg)] == [leg]
    assert not drive.requests("action")
    assert (drive.recording.phase, drive.recording.taps) == ("running", taps)
    end(drive, "x1")
    assert said(drive)["DialBLegUUID"] == ids.call_uuid("pbx", leg)


@pytest.mark.rule("N-1", "N-3", "F-4")
def test_a_caller_that_was_transferred_unheard() -> None:
    """Its snoops went with it; those of the new channel are recorded from now on."""
    drive = session(dialled(), AFTER)
    leg, bridge = connected(drive)
    before = drive.recording.taps
    uuid = drive.state.call_uuid
    drive.feed(f.PbxLost())
    drive.now += 3_000
    back(
        drive,
        stored=tuple(life.capture_name(tap) for tap in before),
        legs=(leg,),
        bridges={bridge: (leg, "x1")},
        stranger="x1",
    )
    assert (drive.state.channel_id, drive.state.call_uuid) == ("x1", uuid)
    assert len(drive.of(i.JoinBridge)) == 1
    snoops = [each for each in drive.of(i.BeginSnoop) if each.channel_id == "x1"]
    assert [each.snoop_id for each in snoops] == [t.snoop_id for t in drive.recording.coming]
    begin(drive, *drive.recording.coming)
    drive.wait(1_000)
    assert drive.recording.phase == "running"
    drive.hang_up()
    close(drive, drive.recording)
    collect = drive.last(i.Collect)
    assert len(collect.names) == 4
    assert collect.lead_ms[2:] == (-3_000, -3_000)


@pytest.mark.rule("N-3")
def test_a_stranger_in_no_dial_of_ours_changes_nothing() -> None:
    drive = session(Wait(length_s=60))
    taps = drive.recording.taps
    back(
        drive,
        live=tuple(life.capture_name(tap) for tap in taps),
        snoops=tuple(tap.snoop_id for tap in taps),
        legs=("x1",),
        stranger="x1",
    )
    assert drive.state.channel_id == "c1"
    assert drive.recording.phase == "running"
