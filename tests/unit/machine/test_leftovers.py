"""What Asterisk did not take: ends are asked for again, and nothing waits for what cannot be."""

from __future__ import annotations

import pytest

from recordbridge.machine import call as machine
from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.plivo.elements import Callee, Dial, Wait
from tests.unit.machine.asterisk import Asterisk
from tests.unit.machine.drive import ACTION, CALLBACK, Drive, voicemail

DIAL = Dial(callees=(Callee(address="1"), Callee(address="2")), action=ACTION, callback=CALLBACK)


def connected(*, legs: int = 1) -> tuple[Drive, Asterisk]:
    """A caller in conversation; so many of the two callees have answered."""
    drive = Drive(DIAL, Wait(length_s=600), answered=True)
    asterisk = Asterisk(drive)
    asterisk.run(500)
    for leg in sorted(asterisk.legs)[:legs]:
        asterisk.answer_leg(leg)
    asterisk.run(500)
    return drive, asterisk


def events(drive: Drive, action: str) -> list[str]:
    told = [r.parameters for r in drive.requests("dial")]
    return [each["DialBLegUUID"] for each in told if each["DialAction"] == action]


@pytest.mark.rule("N-3")
def test_what_is_ended_while_the_connection_is_away_is_ended_when_it_is_back() -> None:
    drive, asterisk = connected()
    asterisk.connected = False
    drive.feed(f.HangupAsked("API Request"))
    asterisk.run(3_000)
    assert set(asterisk.left()) == {"legs", "bridges"}
    asterisk.hang_up()
    asterisk.run(10_000)
    assert not asterisk.released
    asterisk.reconnect()
    asterisk.run(10_000)
    assert asterisk.left() == {}
    assert asterisk.released


@pytest.mark.rule("N-3")
def test_a_snoop_whose_end_was_refused_is_ended_again_and_the_call_waits_for_it() -> None:
    drive = Drive(voicemail(redirect=False), Wait(length_s=2), answered=True)
    asterisk = Asterisk(drive)
    asterisk.refuse = {"EndSnoop"}
    asterisk.run(1_000)
    asterisk.press("#")
    asterisk.run(2_000)
    assert asterisk.left() == {"snoops": [drive.recording.taps[0].snoop_id]}
    asterisk.run(5_000)
    assert asterisk.left() == {}
    asterisk.run(10_000)
    assert asterisk.released
    assert len(drive.of(i.EndSnoop)) == 2


@pytest.mark.rule("N-3")
def test_a_snoop_is_ended_by_itself_only_when_its_channel_goes_on() -> None:
    ends = []
    for elements in ((), (Wait(length_s=2),)):
        drive = Drive(voicemail(redirect=False), *elements, answered=True)
        asterisk = Asterisk(drive)
        asterisk.run(1_000)
        asterisk.press("#")
        asterisk.run(500)
        assert bool(drive.of(i.HangUp)) == (not elements)
        assert asterisk.left() == {}
        ends.append(len(drive.of(i.EndSnoop)))
    assert ends == [0, 1]


def test_what_asterisk_never_takes_is_told_once_and_asked_for_again_and_again() -> None:
    drive, _ = connected()
    bridge = drive.last(i.MakeBridge).bridge_id
    told = drive.feed(f.CommandRefused(bridge, "EndBridge", "no"))
    assert [each for each in told if isinstance(each, i.Note)]
    for count in range(1, 4):
        drive.wait(5_000)
        assert len(drive.of(i.EndBridge)) == count
        told = drive.feed(f.CommandRefused(bridge, "EndBridge", "no"))
        assert not [each for each in told if isinstance(each, i.Note)]
    drive.wait(10_000)
    assert drive.state.leftovers == ()
    assert len(drive.of(i.EndBridge)) == 4


@pytest.mark.rule("F-4")
def test_parties_that_cannot_be_bridged_do_not_wait_in_silence() -> None:
    drive = Drive(DIAL, Wait(length_s=600), answered=True)
    asterisk = Asterisk(drive)
    asterisk.refuse = {"JoinBridge"}
    asterisk.run(500)
    asterisk.answer_leg(min(asterisk.legs))
    asterisk.run(2_000)
    assert drive.requests("action")[0].parameters["DialStatus"] == "failed"
    assert asterisk.left() == {}
    assert machine.legs(drive.state) == []


@pytest.mark.rule("F-4")
def test_a_callee_that_answers_too_late_is_not_told_of() -> None:
    drive, asterisk = connected(legs=2)
    asterisk.end_leg(next(iter(asterisk.legs)))
    asterisk.run(1_000)
    assert len(events(drive, "answer")) == 1
    assert events(drive, "hangup") == events(drive, "answer")


@pytest.mark.rule("F-4")
def test_of_each_callee_that_answered_the_hangup_is_told_also_when_the_dial_ends_first() -> None:
    drive = Drive(
        Dial(callees=DIAL.callees, callback=CALLBACK, confirm_key="5", timeout_s=60),
        Wait(length_s=600),
        answered=True,
    )
    asterisk = Asterisk(drive)
    asterisk.run(500)
    for leg in sorted(asterisk.legs):
        asterisk.answer_leg(leg)
    asterisk.run(500)
    asterisk.hang_up()
    asterisk.run(1_000)
    assert len(events(drive, "answer")) == 2
    assert sorted(events(drive, "hangup")) == sorted(events(drive, "answer"))


@pytest.mark.rule("N-3")
def test_a_callee_that_is_not_there_after_a_gap_is_ended_in_case_it_was_not_dialled_yet() -> None:
    drive = Drive(DIAL, Wait(length_s=600), answered=True)
    drive.feed(f.PbxSeen(at=drive.now, channel=True, answered=True))
    assert {each.leg_id for each in drive.of(i.EndLeg)} == {
        each.leg_id for each in drive.of(i.BeginLeg)
    }
    assert drive.requests("action")
