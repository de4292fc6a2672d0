"""Dial, GetDigits, prompts and keys on the pure machine: F-2, F-4."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.plivo.elements import (
    Callee,
    Dial,
    Dtmf,
    Element,
    GetDigits,
    Play,
    PreAnswer,
    Prompt,
    Speak,
    Wait,
)
from recordbridge.plivo.retry import Target
from tests.unit.machine.drive import ACTION, Drive

EVENTS = Target(url="https://app.example.com/dial")
SOUND = Target(url="https://app.example.com/confirm")
AFTER = Wait(length_s=600)


def dial(*addresses: str, **fields: Any) -> Dial:
    callees = tuple(Callee(address=each) for each in addresses or ("1",))
    return msgspec.structs.replace(Dial(callees=callees, action=ACTION), **fields)


def legs(drive: Drive) -> list[str]:
    return [leg.leg_id for leg in drive.of(i.BeginLeg)]


def answer(drive: Drive, index: int = 0) -> str:
    leg_id = legs(drive)[index]
    drive.feed(f.LegAnswered(leg_id=leg_id, at=drive.now))
    return leg_id


def end(drive: Drive, leg_id: str, cause: int = 16) -> None:
    drive.feed(f.LegEnded(leg_id=leg_id, at=drive.now, cause=cause))


def said(drive: Drive) -> dict[str, str]:
    (action,) = drive.requests("action")
    return action.parameters


def prompts_for(drive: Drive, kind: str, *items: Prompt) -> None:
    request = drive.requests(kind)[-1]
    drive.feed(f.PromptsArrived(request_id=request.request_id, prompts=items))


def played(drive: Drive) -> None:
    playback = drive.last(i.BeginPlayback)
    drive.feed(f.PlaybackEnded(playback_id=playback.playback_id, at=drive.now))


@pytest.mark.rule("F-4")
def test_all_ring_the_first_answer_wins_and_the_caller_is_answered_then() -> None:
    drive = Drive(dial("1", "2"), AFTER)
    assert [leg.endpoint for leg in drive.of(i.BeginLeg)] == [
        "PJSIP/1@carrier",
        "PJSIP/2@carrier",
    ]
    assert drive.of(i.Ring)
    assert not drive.of(i.Answer)
    winner = answer(drive, 1)
    assert drive.of(i.Answer)
    assert [(e.leg_id, e.reason) for e in drive.of(i.EndLeg)] == [(legs(drive)[0], "elsewhere")]
    assert drive.last(i.JoinBridge).members == ("c1", winner)
    end(drive, winner)
    assert said(drive)["DialStatus"] == "completed"
    assert said(drive)["DialBLegUUID"]
    assert drive.of(i.EndBridge)


@pytest.mark.rule("F-4")
def test_the_caller_is_out_of_the_bridge_before_anything_is_played_to_him() -> None:
    """Asterisk loses a playback that is begun while the channel is on its way out."""
    drive = Drive(dial("1", action=None), Play(source="sound:bye"))
    end(drive, answer(drive))
    asked = [type(each) for each in drive.sent]
    leaves, ends = asked.index(i.LeaveBridge), asked.index(i.EndBridge)
    assert leaves < ends < asked.index(i.BeginPlayback)


@pytest.mark.rule("F-4")
def test_who_was_never_connected_leaves_no_bridge() -> None:
    drive = Drive(dial("1"), AFTER)
    end(drive, legs(drive)[0], cause=17)
    assert drive.of(i.EndBridge)
    assert not drive.of(i.LeaveBridge)


@pytest.mark.rule("F-4")
@pytest.mark.parametrize(
    ("cause", "status"),
    [(17, "busy"), (19, "no-answer"), (18, "no-answer"), (1, "failed"), (38, "failed")],
)
def test_the_status_says_what_became_of_the_last_callee(cause: int, status: str) -> None:
    drive = Drive(dial(), AFTER)
    end(drive, legs(drive)[0], cause)
    assert said(drive)["DialStatus"] == status
    assert "DialBLegUUID" not in said(drive) or not said(drive)["DialBLegUUID"]


@pytest.mark.rule("F-4")
def test_the_dials_own_timeout_cancels_the_legs() -> None:
    drive = Drive(dial("1", "2", timeout_s=20), AFTER)
    drive.feed(f.LegRinging(leg_id=legs(drive)[0], at=drive.now))
    drive.wait(20_000)
    assert len(drive.of(i.EndLeg)) == 2
    assert said(drive)["DialStatus"] == "timeout"
    assert said(drive)["DialRingStatus"] == "true"


@pytest.mark.rule("F-4")
@pytest.mark.rule("H-3")
def test_the_caller_who_hangs_up_while_it_rings_cancels() -> None:
    drive = Drive(dial(), AFTER)
    drive.hang_up()
    assert said(drive)["DialStatus"] == "cancel"
    (action,) = drive.requests("action")
    assert action.durable
    assert not action.wants_document
    assert drive.of(i.EndLeg)


@pytest.mark.rule("F-4")
def test_a_leg_that_cannot_be_dialled_is_a_failure() -> None:
    drive = Drive(dial(), AFTER)
    drive.feed(f.CommandRefused(object_id=legs(drive)[0], command="BeginLeg", reason="no endpoint"))
    assert said(drive)["DialStatus"] == "failed"


@pytest.mark.rule("F-4")
def test_a_leg_answered_after_the_end_is_hung_up() -> None:
    drive = Drive(dial(timeout_s=5), AFTER)
    drive.wait(5_000)
    count = len(drive.of(i.EndLeg))
    drive.feed(f.LegAnswered(leg_id=legs(drive)[0], at=drive.now))
    assert len(drive.of(i.EndLeg)) == count + 1


@pytest.mark.rule("F-4")
def test_time_limit_ends_it() -> None:
    drive = Drive(dial(time_limit_s=30), AFTER)
    answer(drive)
    drive.wait(29_000)
    assert not drive.requests("action")
    drive.wait(2_000)
    assert said(drive)["DialStatus"] == "completed"


@pytest.mark.rule("F-4")
def test_a_star_drops_the_callee_only() -> None:
    drive = Drive(dial(hangup_on_star=True, redirect=False), AFTER)
    answer(drive)
    drive.feed(f.KeyPressed(at=drive.now, key="*"))
    assert drive.of(i.EndLeg)
    assert not drive.of(i.HangUp)
    other = Drive(dial(), AFTER)
    answer(other)
    other.feed(f.KeyPressed(at=other.now, key="*"))
    assert not other.of(i.EndLeg)


@pytest.mark.rule("F-4")
def test_a_confirm_key_is_asked_for_while_others_ring() -> None:
    drive = Drive(dial("1", "2", confirm_key="5", confirm_sound=SOUND), AFTER)
    first = answer(drive)
    assert not drive.of(i.Answer)
    prompts_for(drive, "confirm", Play(source="sound:press-5"))
    assert drive.last(i.BeginPlayback).target == first
    drive.feed(f.LegKeyPressed(leg_id=first, at=drive.now, key="4"))
    assert not drive.of(i.JoinBridge)
    drive.feed(f.LegKeyPressed(leg_id=first, at=drive.now, key="5"))
    assert drive.of(i.EndPlayback)
    assert drive.last(i.JoinBridge).members == ("c1", first)


@pytest.mark.rule("F-4")
def test_nobody_confirms() -> None:
    drive = Drive(dial(confirm_key="5", confirm_timeout_s=10), AFTER)
    leg = answer(drive)
    drive.wait(10_000)
    assert drive.last(i.EndLeg).leg_id == leg
    end(drive, leg)
    assert said(drive)["DialStatus"] == "no-answer"


@pytest.mark.rule("F-4")
def test_a_confirm_sound_without_a_key_connects_when_it_was_heard() -> None:
    drive = Drive(dial(confirm_sound=SOUND), AFTER)
    answer(drive)
    prompts_for(drive, "confirm", Play(source="sound:x"))
    assert not drive.of(i.JoinBridge)
    played(drive)
    assert drive.of(i.JoinBridge)


@pytest.mark.rule("F-4")
def test_dial_music_is_heard_until_the_answer_without_answering() -> None:
    drive = Drive(dial(dial_music=SOUND), AFTER)
    assert not drive.of(i.Ring)
    prompts_for(drive, "music", Play(source="sound:music"))
    assert drive.of(i.Progress)
    assert not drive.of(i.Answer)
    played(drive)
    assert len(drive.of(i.BeginPlayback)) == 2, "again and again"
    answer(drive)
    assert drive.of(i.EndPlayback)


@pytest.mark.rule("F-4")
def test_without_the_music_it_rings() -> None:
    drive = Drive(dial(dial_music=SOUND), AFTER)
    request = drive.requests("music")[0]
    drive.feed(f.DocumentFailed(request_id=request.request_id, reached=False, reason="x"))
    assert drive.of(i.Ring)
    assert not drive.of(i.HangUp)


@pytest.mark.rule("F-4")
def test_send_digits_when_connected() -> None:
    callee = Callee(address="1", send_digits="ww12")
    drive = Drive(msgspec.structs.replace(dial(), callees=(callee,)), AFTER)
    leg = answer(drive)
    assert (drive.last(i.SendKeys).target, drive.last(i.SendKeys).digits) == (leg, "ww12")


@pytest.mark.rule("F-4")
@pytest.mark.rule("F-3")
def test_the_callback_hears_of_answer_digits_and_hangup() -> None:
    drive = Drive(dial(callback=EVENTS, digits_match=("12",), digits_match_b=("9",)), AFTER)
    leg = answer(drive)
    for key in "412":
        drive.feed(f.KeyPressed(at=drive.now, key=key))
    drive.feed(f.LegKeyPressed(leg_id=leg, at=drive.now, key="9"))
    drive.now += 4_000
    end(drive, leg)
    events = [r.parameters for r in drive.requests("dial")]
    assert [(e["DialAction"], e["Event"]) for e in events] == [
        ("answer", "DialAnswer"),
        ("digits", "DialDigitsMatch"),
        ("digits", "DialDigitsMatch"),
        ("hangup", "DialHangup"),
    ]
    assert (events[1]["DialDigitsMatch"], events[1]["DialDigitsPressedBy"]) == ("12", "ALeg")
    assert events[2]["DialDigitsPressedBy"] == "BLeg"
    assert events[3]["DialBLegBillDuration"] == "4"
    assert all(r.durable for r in drive.requests("dial"))


@pytest.mark.rule("F-4")
def test_unanswered_and_without_redirect_the_next_element_runs() -> None:
    drive = Drive(dial(redirect=False), Play(source="sound:sorry"))
    end(drive, legs(drive)[0], 17)
    assert drive.last(i.BeginPlayback).media == "sound:sorry"


# -- GetDigits


def keys(drive: Drive, *pressed: str) -> None:
    for key in pressed:
        drive.feed(f.KeyPressed(at=drive.now, key=key))


def digits(**fields: Any) -> GetDigits:
    return msgspec.structs.replace(
        GetDigits(action=ACTION, prompts=(Play(source="sound:menu"),)), **fields
    )


@pytest.mark.rule("F-2")
def test_a_key_stops_the_prompt_and_the_finish_key_is_not_reported() -> None:
    drive = Drive(digits(), AFTER)
    assert drive.of(i.Answer)
    keys(drive, "4", "2", "#")
    assert len(drive.of(i.EndPlayback)) == 1
    assert said(drive)["Digits"] == "42"


@pytest.mark.rule("F-2")
def test_so_many_digits_are_enough() -> None:
    drive = Drive(digits(num_digits=2), AFTER)
    keys(drive, "4", "2")
    assert said(drive)["Digits"] == "42"


@pytest.mark.rule("F-2")
def test_the_time_between_keys_ends_it_and_silence_tries_again() -> None:
    drive = Drive(digits(retries=2, timeout_s=5, digit_timeout_s=2), AFTER)
    played(drive)
    drive.wait(5_000)
    assert len(drive.of(i.BeginPlayback)) == 2
    keys(drive, "7")
    drive.wait(2_000)
    assert said(drive)["Digits"] == "7"


@pytest.mark.rule("F-2")
def test_nothing_entered_goes_on_without_action() -> None:
    drive = Drive(digits(retries=2), Play(source="sound:bye"))
    for _ in range(2):
        played(drive)
        drive.wait(5_000)
    assert drive.last(i.BeginPlayback).media == "sound:bye"
    assert not drive.requests("action")


@pytest.mark.rule("F-2")
def test_a_key_that_is_not_allowed_spoils_the_try() -> None:
    drive = Drive(
        digits(valid_digits="123", invalid_sound="sound:wrong", retries=2), Play(source="sound:z")
    )
    keys(drive, "9")
    assert drive.last(i.BeginPlayback).media == "sound:wrong"
    played(drive)
    assert drive.last(i.BeginPlayback).media == "sound:menu"
    keys(drive, "1", "#")
    assert said(drive)["Digits"] == "1"


@pytest.mark.rule("F-2")
def test_a_beep_comes_after_the_prompts() -> None:
    drive = Drive(digits(play_beep=True), AFTER)
    played(drive)
    assert drive.last(i.BeginPlayback).media == "sound:beep"


# -- Speak, Play, Wait, DTMF, PreAnswer


@pytest.mark.rule("F-2")
@pytest.mark.parametrize("element", [Speak(text="hello"), Play(source="https://x.example/a.mp3")])
def test_media_is_prepared_and_then_played(element: Element) -> None:
    drive = Drive(element, AFTER)
    assert drive.of(i.Answer)
    (asked,) = [s for s in drive.sent if isinstance(s, i.Synthesise | i.FetchMedia)]
    assert not drive.of(i.BeginPlayback)
    drive.feed(f.MediaReady(media_id=asked.media_id, media="recording:m1"))
    assert drive.last(i.BeginPlayback).media == "recording:m1"


@pytest.mark.rule("F-2")
def test_what_cannot_be_prepared_is_passed_over() -> None:
    drive = Drive(Speak(text="hello", loop=0), Wait(length_s=1))
    drive.feed(f.MediaFailed(media_id=drive.last(i.Synthesise).media_id, reason="no voice"))
    drive.wait(1_000)
    assert drive.of(i.HangUp)


@pytest.mark.rule("F-2")
def test_keys_are_sent_beside_the_flow_or_waited_for() -> None:
    beside = Drive(Dtmf(digits="12"), Play(source="sound:x"))
    assert beside.of(i.SendKeys)
    assert beside.of(i.BeginPlayback)
    waited = Drive(Dtmf(digits="12", wait=True), Play(source="sound:x"))
    assert not waited.of(i.BeginPlayback)
    waited.feed(f.KeysSent(keys_id=waited.last(i.SendKeys).keys_id))
    assert waited.of(i.BeginPlayback)


@pytest.mark.rule("F-2")
def test_pre_answer_is_heard_as_early_media_and_what_follows_answers() -> None:
    drive = Drive(PreAnswer(elements=(Play(source="sound:a"), Wait())), Play(source="sound:b"))
    assert drive.of(i.Progress)
    assert not drive.of(i.Answer)
    played(drive)
    drive.wait(1_000)
    assert drive.of(i.Answer)
    assert drive.last(i.BeginPlayback).media == "sound:b"
    assert len(drive.of(i.Progress)) == 1


@pytest.mark.rule("F-2")
def test_a_wait_for_silence_ends_when_it_was_quiet_long_enough() -> None:
    drive = Drive(Wait(length_s=60, silence=True, min_silence_ms=2000), AFTER, answered=True)
    snoop = drive.last(i.BeginSnoop).snoop_id
    drive.feed(f.SnoopEntered(snoop_id=snoop))
    assert drive.of(i.WatchTalking)
    drive.feed(f.Talking(snoop_id=snoop, at=drive.now, speaking=True), after_ms=500)
    drive.wait(10_000)
    assert not drive.of(i.EndSnoop)
    drive.feed(f.Talking(snoop_id=snoop, at=drive.now, speaking=False))
    drive.wait(1_900)
    assert not drive.of(i.EndSnoop)
    drive.wait(200)
    assert drive.of(i.EndSnoop)
    assert not drive.of(i.HangUp)
