"""Callees that are heard before they answer: `dialMusic="real"`, `sendOnPreanswer` (F-4)."""

from __future__ import annotations

from typing import Any

import pytest

from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine.progress import Dialing
from recordbridge.plivo.elements import Callee, Dial, Wait
from recordbridge.plivo.retry import Target
from tests.unit.machine.drive import Drive, voicemail

pytestmark = pytest.mark.rule("F-4")

TWO = (Callee(address="1"), Callee(address="2"))
KEYS = (Callee(address="1", send_digits="1w2", send_on_preanswer=True),)


def dial(*callees: Callee, answered: bool = False, real: bool = True, **fields: Any) -> Drive:
    element = Dial(callees=callees or TWO, real_music=real, **fields)
    return Drive(element, Wait(length_s=60), answered=answered)


def leg(drive: Drive, nth: int = 0) -> str:
    return drive.of(i.BeginLeg)[nth].leg_id


def early(drive: Drive, nth: int = 0) -> list[i.Intent]:
    return drive.feed(f.LegEarly(leg_id=leg(drive, nth), at=drive.now), after_ms=100)


def answer(drive: Drive, nth: int = 0) -> list[i.Intent]:
    return drive.feed(f.LegAnswered(leg_id=leg(drive, nth), at=drive.now), after_ms=100)


def ended(drive: Drive, nth: int = 0) -> list[i.Intent]:
    return drive.feed(f.LegEnded(leg_id=leg(drive, nth), at=drive.now, cause=17), after_ms=100)


def joined(drive: Drive) -> list[tuple[str, ...]]:
    return [each.members for each in drive.of(i.JoinBridge)]


def kinds(intents: list[i.Intent]) -> list[str]:
    return [type(each).__name__ for each in intents if isinstance(each, i.Pbx)]


def heard(drive: Drive) -> str:
    doing = drive.state.flow.doing
    return doing.heard if isinstance(doing, Dialing) else ""


@pytest.mark.parametrize("answered", [False, True])
def test_the_caller_hears_ringing_and_then_the_callee(answered: bool) -> None:
    drive = dial(answered=answered)
    assert [each.on for each in drive.of(i.Ring)] == [True]
    assert not joined(drive)
    first = kinds(early(drive))
    assert first == ["Ring" if answered else "Progress", "JoinBridge"]
    assert joined(drive) == [("c1", leg(drive))]
    assert drive.last(i.Ring).on is not answered


def test_an_answer_of_the_one_that_is_heard_needs_no_other_bridge() -> None:
    drive = dial()
    early(drive)
    assert kinds(answer(drive)) == ["EndLeg", "Answer"]
    assert joined(drive) == [("c1", leg(drive))]
    drive.feed(f.LegEnded(leg_id=leg(drive), at=drive.now, cause=16), after_ms=1000)
    assert [each.member for each in drive.of(i.LeaveBridge)] == [""]


def test_the_first_to_be_heard_stays_and_another_may_answer() -> None:
    drive = dial()
    early(drive, 0)
    assert not kinds(early(drive, 1))
    answer(drive, 1)
    assert joined(drive) == [("c1", leg(drive, 0)), ("c1", leg(drive, 1))]
    assert [each.member for each in drive.of(i.LeaveBridge)] == [""], "before the next"
    assert drive.last(i.EndLeg).leg_id == leg(drive, 0)


def test_the_next_is_heard_when_the_first_is_gone() -> None:
    drive = dial()
    early(drive, 0)
    early(drive, 1)
    ended(drive, 0)
    assert joined(drive) == [("c1", leg(drive, 0)), ("c1", leg(drive, 1))]
    assert [each.member for each in drive.of(i.LeaveBridge)] == [""], "before the next"
    assert heard(drive) == leg(drive, 1)


def test_ringing_comes_back_when_nobody_is_heard_any_more() -> None:
    drive = dial()
    early(drive, 0)
    assert kinds(ended(drive, 0)) == ["LeaveBridge", "Ring"]
    assert drive.last(i.Ring).on
    assert heard(drive) == ""
    assert kinds(early(drive, 1)) == ["JoinBridge"], "183 was sent already"


def test_the_dial_ends_out_of_the_bridge() -> None:
    drive = dial(Callee(address="1"))
    early(drive)
    assert kinds(ended(drive))[:2] == ["LeaveBridge", "EndBridge"]


def test_one_who_must_confirm_is_not_heard_meanwhile() -> None:
    drive = dial(confirm_key="1")
    early(drive, 0)
    assert kinds(answer(drive, 0)) == ["LeaveBridge", "LeaveBridge", "Ring"]
    assert [each.member for each in drive.of(i.LeaveBridge)] == [leg(drive, 0), ""]
    drive.feed(f.LegKeyPressed(leg_id=leg(drive, 0), at=drive.now, key="1"))
    assert joined(drive)[-1] == ("c1", leg(drive, 0))


def test_what_cannot_be_bridged_rings_on() -> None:
    drive = dial()
    early(drive)
    refused = f.CommandRefused(drive.last(i.JoinBridge).bridge_id, "JoinBridge", "no")
    drive.feed(refused)
    assert drive.last(i.Ring).on
    answer(drive)
    assert joined(drive)[-1] == ("c1", leg(drive))


@pytest.mark.parametrize("music", [None, Target(url="https://app.example.com/music")])
def test_without_real_nobody_is_heard(music: Target | None) -> None:
    drive = dial(real=False, dial_music=music)
    assert not kinds(early(drive))


@pytest.mark.rule("S-2", "S-9")
def test_what_is_armed_begins_at_the_answer_and_not_before() -> None:
    element = Dial(callees=TWO, real_music=True)
    drive = Drive(voicemail(start_on_dial_answer=True, redirect=False), element, Wait(length_s=9))
    early(drive)
    assert not drive.of(i.BeginSnoop)
    answer(drive)
    assert [each.direction for each in drive.of(i.BeginSnoop)] == ["in", "out"]


# -- keys


def test_keys_sound_in_a_bridge_of_their_own() -> None:
    drive = dial(*KEYS, real=False)
    assert kinds(early(drive)) == ["MakeBridge", "JoinBridge", "SendTones"]
    tones, bridge = drive.last(i.SendTones), drive.last(i.MakeBridge)
    assert (tones.bridge_id, tones.digits) == (bridge.bridge_id, "1w2")
    assert joined(drive) == [(leg(drive),)]
    assert not kinds(drive.wait(899))
    assert kinds(drive.wait(1)) == ["EndPlayback"]
    assert drive.last(i.EndPlayback).playback_id == tones.tones_id
    answer(drive)
    assert joined(drive)[-1] == ("c1", leg(drive))
    assert not drive.of(i.SendKeys), "it has had them"
    drive.hang_up()
    assert {each.bridge_id for each in drive.of(i.EndBridge)} == {
        each.bridge_id for each in drive.of(i.MakeBridge)
    }


def test_keys_sound_where_the_caller_hears_the_callee() -> None:
    drive = dial(*KEYS)
    assert kinds(early(drive)) == ["Progress", "JoinBridge", "SendTones"]
    assert drive.last(i.SendTones).bridge_id == drive.of(i.MakeBridge)[0].bridge_id


@pytest.mark.parametrize(
    ("ms", "rest"), [(100, "w2"), (200, "w2"), (250, "2"), (750, ""), (5_000, "")]
)
def test_keys_that_have_not_sounded_are_pressed_at_the_answer(ms: int, rest: str) -> None:
    drive = dial(*KEYS, real=False)
    early(drive)
    drive.wait(ms - 100)
    answer(drive)
    assert "".join(each.digits for each in drive.of(i.SendKeys)) == rest
    assert len(drive.of(i.EndPlayback)) == 1


def test_keys_that_asterisk_does_not_play_are_pressed_at_the_answer() -> None:
    drive = dial(*KEYS, real=False)
    early(drive)
    drive.feed(f.CommandRefused(drive.last(i.SendTones).tones_id, "SendTones", "no"))
    answer(drive)
    assert drive.last(i.SendKeys).digits == "1w2"


@pytest.mark.parametrize("preanswer", [False, True])
def test_keys_of_a_callee_that_is_not_heard_early_are_pressed_at_the_answer(
    preanswer: bool,
) -> None:
    drive = dial(Callee(address="1", send_digits="5", send_on_preanswer=preanswer))
    if not preanswer:
        early(drive)
    answer(drive)
    assert drive.last(i.SendKeys).digits == "5"
    assert not drive.of(i.SendTones)


def test_one_who_is_told_of_twice_gets_its_keys_once() -> None:
    drive = dial(*KEYS)
    early(drive)
    assert not kinds(early(drive))
    assert len(drive.of(i.SendTones)) == 1


def test_one_who_thinks_about_it_is_not_heard_when_the_other_is_gone() -> None:
    drive = dial(confirm_key="1")
    early(drive, 0)
    early(drive, 1)
    answer(drive, 1)
    assert kinds(ended(drive, 0)) == ["LeaveBridge", "Ring"]


def test_ringing_that_is_over_is_not_ended_again() -> None:
    drive = dial(answered=True)
    early(drive)
    assert "Ring" not in kinds(answer(drive))


@pytest.mark.rule("N-1", "N-3")
@pytest.mark.parametrize("there", [(), ("c1",), "both"])
def test_after_a_gap_the_caller_hears_the_callee_again(there: tuple[str, ...] | str) -> None:
    """What was sent in the last moment may not have come to Asterisk."""
    drive = dial(Callee(address="1"))
    early(drive)
    bridge, members = drive.of(i.MakeBridge)[0].bridge_id, ("c1", leg(drive))
    inside = members if isinstance(there, str) else there
    drive.feed(f.LegRinging(leg_id=leg(drive), at=drive.now))
    seen = f.PbxSeen(
        at=drive.now,
        channel=True,
        legs=(leg(drive),),
        undialled=(leg(drive),),  # it is `Down` until it is answered
        bridges={bridge: inside},
    )
    drive.feed(seen)
    assert len(drive.of(i.BeginLeg)) == 1, "it rings already"
    missing = tuple(each for each in members if each not in inside)
    assert joined(drive)[1:] == ([missing] if missing else [])


@pytest.mark.rule("N-3")
def test_after_a_gap_one_that_is_gone_is_not_heard() -> None:
    drive = dial()
    early(drive)
    bridge = drive.of(i.MakeBridge)[0].bridge_id
    seen = f.PbxSeen(at=drive.now, channel=True, legs=(leg(drive, 1),), bridges={bridge: ("c1",)})
    drive.feed(seen)
    assert heard(drive) == ""
    assert len(joined(drive)) == 1
    assert drive.last(i.Ring).on
