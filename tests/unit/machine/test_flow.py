"""The flow on the pure machine: F-1, F-2, F-5 to F-7, H-3."""

from __future__ import annotations

from typing import Any

import pytest

from recordbridge.machine import call as machine
from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine import life
from recordbridge.machine.state import Profile, Taping
from recordbridge.plivo.elements import (
    Document,
    Dtmf,
    Element,
    Hangup,
    Play,
    PreAnswer,
    Record,
    Redirect,
    Wait,
)
from recordbridge.plivo.retry import Target
from tests.unit.machine.drive import START, Drive, voicemail

ANSWER = Target(url="https://app.example.com/answer", method="GET")
FALLBACK = Target(url="https://app.example.com/fallback")
HANGUP_URL = Target(url="https://app.example.com/hangup")
REDIRECT = Target(url="https://app.example.com/next")


def remote(**fields: Any) -> Profile:
    return Profile(account="M", application="sales", answer=ANSWER, **fields)


def fail(drive: Drive, *, reached: bool = False) -> None:
    asked = drive.of(i.Request)[-1]
    drive.feed(f.DocumentFailed(request_id=asked.request_id, reached=reached, reason="x"))


@pytest.mark.rule("F-1")
@pytest.mark.rule("F-3")
def test_the_answer_document_is_asked_for_while_it_rings() -> None:
    drive = Drive(profile=remote(), document=False)
    (request,) = drive.requests("answer")
    assert request.target == ANSWER
    assert request.parameters == {
        "CallUUID": drive.state.call_uuid,
        "From": "15550001",
        "To": "100",
        "Direction": "inbound",
        "CallStatus": "ringing",
        "Event": "StartApp",
    }
    assert not request.durable
    assert not drive.of(i.Answer)


@pytest.mark.rule("F-1")
def test_a_local_flow_needs_no_request() -> None:
    drive = Drive(Wait())
    assert drive.of(i.LoadFlow)
    assert not drive.of(i.Request)


@pytest.mark.rule("F-3")
def test_stasis_arguments_override_the_numbers() -> None:
    entered = f.CallEntered(
        at=START, channel_id="c", caller="1", dialled="2", args={"from": "3", "to": "4"}
    )
    step = machine.enter("pbx", entered, remote(), "00" * 16, START)
    assert (step.state.caller, step.state.dialled) == ("3", "4")


@pytest.mark.rule("F-2")
def test_wait_does_not_answer_and_play_does() -> None:
    drive = Drive(Wait(length_s=2), Play(source="sound:hello-world"))
    assert not drive.of(i.Answer)
    drive.wait(2_000)
    assert drive.of(i.Answer)
    assert drive.last(i.BeginPlayback).media == "sound:hello-world"


def test_play_repeats_as_often_as_loop_says() -> None:
    drive = Drive(Play(source="sound:a", loop=3))
    for _ in range(3):
        assert not drive.of(i.HangUp)
        drive.feed(
            f.PlaybackEnded(playback_id=drive.last(i.BeginPlayback).playback_id, at=drive.now)
        )
    assert len({p.playback_id for p in drive.of(i.BeginPlayback)}) == 3
    assert drive.of(i.HangUp)


def test_what_cannot_be_played_is_passed_over_even_for_ever() -> None:
    drive = Drive(Play(source="sound:none", loop=0))
    drive.feed(
        f.PlaybackEnded(
            playback_id=drive.last(i.BeginPlayback).playback_id, at=drive.now, failed=True
        )
    )
    assert drive.of(i.HangUp)


@pytest.mark.rule("F-5")
@pytest.mark.rule("F-6")
def test_the_end_of_the_document_hangs_up_with_4010() -> None:
    drive = Drive(profile=Profile(account="M", application="a", hangup=HANGUP_URL))
    assert drive.of(i.HangUp)
    drive.feed(f.CallDestroyed(at=drive.now, cause=16))
    said = drive.requests("hangup")[0].parameters
    assert said["HangupCauseCode"] == "4010"
    assert said["HangupCauseName"] == "End Of XML Instructions"
    assert said["Event"] == "Hangup"


@pytest.mark.rule("F-6")
@pytest.mark.parametrize(("reached", "code"), [(False, "7011"), (True, "8011")])
def test_an_unusable_answer_document_takes_the_fallback_once(reached: bool, code: str) -> None:
    drive = Drive(profile=remote(fallback=FALLBACK, hangup=HANGUP_URL), document=False)
    fail(drive, reached=reached)
    assert drive.requests("fallback")[0].parameters["Event"] == "StartApp"
    fail(drive, reached=reached)
    assert len(drive.requests("fallback")) == 1
    assert drive.of(i.HangUp)
    drive.feed(f.CallDestroyed(at=drive.now))
    assert drive.requests("hangup")[0].parameters["HangupCauseCode"] == code


@pytest.mark.rule("A-19")
def test_what_is_wrong_with_a_document_is_kept_with_the_call() -> None:
    drive = Drive(profile=remote(), document=False)
    fail(drive, reached=True)
    assert drive.state.problem == "x"


@pytest.mark.rule("F-6")
@pytest.mark.parametrize(("reached", "code"), [(False, "7014"), (True, "8014")])
def test_an_unusable_redirect_hangs_up(reached: bool, code: str) -> None:
    drive = Drive(Redirect(target=REDIRECT), profile=remote(fallback=FALLBACK, hangup=HANGUP_URL))
    assert drive.requests("redirect")[0].parameters["Event"] == "Redirect"
    fail(drive, reached=reached)
    drive.feed(f.CallDestroyed(at=drive.now))
    assert drive.requests("hangup")[0].parameters["HangupCauseCode"] == code
    assert not drive.requests("fallback")


@pytest.mark.rule("F-6")
@pytest.mark.parametrize(("reached", "code"), [(False, "7012"), (True, "8012")])
def test_an_unusable_reply_to_action_hangs_up(reached: bool, code: str) -> None:
    drive = Drive(voicemail(), profile=remote(hangup=HANGUP_URL))
    drive.record(ms=1000)
    drive.feed(f.KeyPressed(at=drive.now, key="#"))
    drive.close()
    drive.store()
    action = drive.requests("action")[0]
    drive.feed(f.DocumentFailed(request_id=action.request_id, reached=reached, reason="x"))
    assert drive.of(i.HangUp)
    drive.feed(f.CallDestroyed(at=drive.now))
    assert drive.requests("hangup")[0].parameters["HangupCauseCode"] == code


@pytest.mark.rule("F-7")
def test_fifty_redirects_in_a_row_and_not_one_more() -> None:
    drive = Drive(Redirect(target=REDIRECT))
    for _ in range(49):
        drive.document(Redirect(target=REDIRECT))
    assert not drive.of(i.HangUp)
    drive.document(Redirect(target=REDIRECT))
    assert len(drive.requests("redirect")) == 50
    assert drive.of(i.HangUp)


@pytest.mark.rule("F-7")
def test_an_element_between_redirects_starts_the_count_anew() -> None:
    drive = Drive(Redirect(target=REDIRECT))
    for _ in range(60):
        drive.document(Wait(length_s=1), Redirect(target=REDIRECT))
        drive.wait(1_000)
    assert not drive.of(i.HangUp)


@pytest.mark.rule("F-7")
@pytest.mark.parametrize(
    "idle",
    [
        Record(start_on_dial_answer=True),
        Record(record_session=True),
        PreAnswer(),
        Dtmf(digits="1"),
    ],
)
def test_an_element_that_takes_no_time_does_not(idle: Element) -> None:
    """Else such documents would go round and round, and arm one recording after the other."""
    drive = Drive(idle, Redirect(target=REDIRECT))
    for _ in range(60):
        if isinstance(drive.state.flow.doing, Taping):
            for tap in drive.recording.taps:
                drive.feed(f.SnoopEntered(snoop_id=tap.snoop_id))
            for tap in drive.recording.taps:
                drive.feed(f.CaptureBegan(name=life.capture_name(tap), at=drive.now))
            drive.feed(f.CallAnswered(at=drive.now))
        if drive.of(i.HangUp):
            break
        drive.document(idle, Redirect(target=REDIRECT))
    assert len(drive.requests("redirect")) == 50
    assert drive.of(i.HangUp)


@pytest.mark.rule("F-2")
def test_a_wait_for_silence_that_cannot_listen_lasts_its_time() -> None:
    drive = Drive(Wait(length_s=10, silence=True, min_silence_ms=2_000), answered=True)
    snoop = drive.last(i.BeginSnoop).snoop_id
    drive.feed(f.CommandRefused(object_id=snoop, command="BeginSnoop", reason="refused"))
    drive.wait(9_900)
    assert not drive.of(i.HangUp)
    drive.wait(200)
    assert drive.of(i.HangUp)


@pytest.mark.rule("F-2")
def test_keys_that_take_more_than_a_minute_are_waited_for() -> None:
    drive = Drive(Dtmf(digits="W" * 90, wait=True), answered=True)
    drive.wait(90_000)
    assert not drive.of(i.HangUp)
    drive.feed(f.KeysSent(keys_id=drive.last(i.SendKeys).keys_id))
    assert drive.of(i.HangUp)


@pytest.mark.rule("F-2")
@pytest.mark.parametrize(
    ("elements", "answered", "reason"),
    [
        ((Hangup(),), False, "rejected"),
        ((Hangup(reason="busy"),), False, "busy"),
        ((Hangup(reason="busy"),), True, "normal"),
        ((Wait(length_s=1), Hangup()), False, "normal"),
    ],
)
def test_hangup_rejects_what_was_not_answered(
    elements: tuple[Hangup, ...], answered: bool, reason: str
) -> None:
    drive = Drive(*elements, answered=answered)
    drive.wait(1_500)
    assert drive.last(i.HangUp).reason == reason


@pytest.mark.rule("F-2")
def test_a_scheduled_hangup_lets_the_rest_run_until_then() -> None:
    drive = Drive(Hangup(schedule_s=3), Wait(length_s=60))
    drive.wait(2_900)
    assert not drive.of(i.HangUp)
    drive.wait(200)
    assert drive.of(i.HangUp)
    assert Drive(Hangup(schedule_s=3)).of(i.HangUp), "nothing after it: at once"


@pytest.mark.rule("F-2", "Q-2")
def test_a_scheduled_hangup_does_not_follow_a_channel_that_left_alive() -> None:
    drive = Drive(Hangup(schedule_s=3), Wait(length_s=60), answered=True)
    drive.wait(2_500)
    drive.feed(f.CallLeft(at=drive.now))
    drive.wait(900)
    drive.feed(f.CallEntered(at=drive.now, channel_id="c1", answered=True))
    drive.document(Wait(length_s=60))
    drive.wait(30_000)
    assert not drive.of(i.HangUp)


def test_a_hangup_that_did_not_happen_is_asked_for_again() -> None:
    drive = Drive()
    drive.wait(12_000)
    assert len(drive.of(i.HangUp)) == 3


def test_a_hangup_of_a_channel_that_is_gone_ends_the_call() -> None:
    drive = Drive()
    drive.feed(f.CommandRefused(object_id="c1", command="HangUp", reason="not found", gone=True))
    assert drive.of(i.Release)


@pytest.mark.rule("H-3")
def test_a_hangup_makes_the_awaited_action_durable() -> None:
    drive = Drive(voicemail())
    drive.record(ms=1000)
    drive.feed(f.KeyPressed(at=drive.now, key="#"))
    drive.close()
    drive.store()
    (action,) = drive.requests("action")
    assert not action.durable
    drive.hang_up()
    assert drive.last(i.MakeDurable).request_id == action.request_id


def test_a_hangup_abandons_an_awaited_document() -> None:
    drive = Drive(profile=remote(), document=False)
    drive.hang_up()
    assert drive.last(i.Abandon).request_id == drive.requests("answer")[0].request_id
    late = f.DocumentArrived(
        request_id=drive.requests("answer")[0].request_id, document=Document((Wait(),))
    )
    assert drive.feed(late) == [i.Release()] or not drive.of(i.BeginSnoop)


@pytest.mark.rule("F-3")
def test_duration_counts_from_entry_and_bill_duration_from_the_answer() -> None:
    drive = Drive(Wait(length_s=60), profile=remote(hangup=HANGUP_URL))
    drive.feed(f.CallAnswered(at=drive.now + 4_000), after_ms=4_000)
    drive.now += 6_400
    drive.feed(f.HangupRequested(at=drive.now))
    drive.feed(f.CallDestroyed(at=drive.now, cause=16))
    said = drive.requests("hangup")[0].parameters
    assert (said["Duration"], said["BillDuration"]) == ("10", "6")
    assert said["HangupSource"] == "Caller"


def test_a_call_that_comes_back_starts_its_flow_anew_with_further_ids() -> None:
    drive = Drive(voicemail(redirect=False))
    drive.record(ms=1000)
    drive.feed(f.CallLeft(at=drive.now))
    drive.wait(1_100)
    drive.close()
    drive.store()
    first = drive.recording.recording_id
    drive.feed(f.CallEntered(at=drive.now, channel_id="c1", answered=True))
    drive.document(voicemail(redirect=False))
    assert drive.recording.recording_id != first
    assert drive.state.present


@pytest.mark.rule("N-3")
def test_after_a_gap_what_is_missing_on_asterisk_has_ended() -> None:
    drive = Drive(voicemail())
    drive.record(ms=16_000)
    drive.feed(f.PbxSeen(at=drive.now, channel=True, answered=True, live=()))
    drive.wait(400)
    assert drive.recording.reason == "silence"
    drive.feed(f.PbxSeen(at=drive.now, channel=False))
    drive.store()
    assert drive.requests("callback")
    assert drive.of(i.Release)
