"""Intents as requests, and what their refusals mean."""

from __future__ import annotations

from urllib.parse import unquote

import msgspec
import pytest

from recordbridge.ari.commands import command_for, progress_by_sound, refusal
from recordbridge.machine import intents
from recordbridge.machine.facts import CommandRefused

S, R, P = "rb-0-snoop1", "rb-0-rec1", "rb-0-play1"
L, B = "rb-0-leg1", "rb-0-bridge1"

RECORD = (
    "POST channels/rb-0-snoop1/record?name=rb-0-rec1&format=wav&ifExists=fail"
    "&maxSilenceSeconds=15&maxDurationSeconds=60&beep=false&terminateOn=none"
)

CASES = [
    (intents.Answer("c/1"), "POST channels/c%2F1/answer", "c/1"),
    (intents.HangUp("c"), "DELETE channels/c?reason=normal", "c"),
    (intents.HangUp("c", "busy"), "DELETE channels/c?reason=busy", "c"),
    (intents.HangUp("c", "congestion"), "DELETE channels/c?reason=congestion", "c"),
    (intents.HangUp("c", "rejected"), "DELETE channels/c?reason=rejected", "c"),
    (
        intents.SetVariable("c/1", "RECORDBRIDGE_OFFER", "a b"),
        "POST channels/c%2F1/variable?variable=RECORDBRIDGE_OFFER&value=a%20b",
        "c/1",
    ),
    (intents.SendBack("c/1"), "POST channels/c%2F1/continue", "c/1"),
    (
        intents.BeginSnoop("c", S, "in"),
        "POST channels/c/snoop/rb-0-snoop1?spy=in&app=rb%201",
        S,
    ),
    (intents.EndSnoop("c", S), "DELETE channels/rb-0-snoop1", S),
    (
        intents.WatchTalking("c", S, 200, 700),
        "POST channels/rb-0-snoop1/variable?variable=TALK_DETECT(set)&value=700%2C200",
        S,
    ),
    (
        intents.BeginCapture("c", S, R, 15, 60),
        RECORD,
        R,
    ),
    (intents.EndCapture("c", R), "POST recordings/live/rb-0-rec1/stop", R),
    (
        intents.BeginPlayback("c", P, 'sound:http://h/a b"c.wav,sound:beep'),
        "POST channels/c/play/rb-0-play1?media=sound:http://h/a%20b%22c.wav,sound:beep",
        P,
    ),
    (
        intents.BeginPlayback("c", P, "sound:beep", L),
        "POST channels/rb-0-leg1/play/rb-0-play1?media=sound:beep",
        P,
    ),
    (intents.EndPlayback("c", P), "DELETE playbacks/rb-0-play1", P),
    (intents.FindPlayback("c", P), "GET playbacks/rb-0-play1", P),
    (intents.Ring("c"), "POST channels/c/ring", "c"),
    (intents.Ring("c", on=False), "DELETE channels/c/ring", "c"),
    (intents.Progress("c"), "POST channels/c/progress", "c"),
    (
        intents.SendKeys("c", "rb-0-keys1", L, "1w#"),
        "POST channels/rb-0-leg1/dtmf?dtmf=1w%23&between=100&duration=100",
        "rb-0-keys1",
    ),
    (
        intents.BeginLeg("c/1", L, "PJSIP/1@carrier", "1555", "Ann", 30),
        (
            "POST channels/create?endpoint=PJSIP%2F1%40carrier&app=rb%201&channelId=rb-0-leg1"
            "&appArgs=leg%2C30&originator=c%2F1"
        ),
        L,
    ),
    (intents.EndLeg("c", L), "DELETE channels/rb-0-leg1?reason=normal", L),
    (
        intents.EndLeg("c", L, "elsewhere"),
        "DELETE channels/rb-0-leg1?reason=answered_elsewhere",
        L,
    ),
    (intents.MakeBridge("c", B), "POST bridges/rb-0-bridge1?type=mixing,dtmf_events", B),
    (
        intents.JoinBridge("c", B, ("c", L)),
        "POST bridges/rb-0-bridge1/addChannel?channel=c%2Crb-0-leg1",
        B,
    ),
    (intents.LeaveBridge("c", B), "POST bridges/rb-0-bridge1/removeChannel?channel=c", B),
    (intents.EndBridge("c", B), "DELETE bridges/rb-0-bridge1", B),
]


@pytest.mark.parametrize(("intent", "request_line", "object_id"), CASES)
def test_each_intent_has_its_request(
    intent: intents.Pbx, request_line: str, object_id: str
) -> None:
    command = command_for(intent, "rb 1")
    assert f"{command.method} {command.uri}" == request_line
    assert (command.name, command.object_id) == (type(intent).__name__, object_id)


def test_what_may_not_be_repeated() -> None:
    once = {type(i) for i, _, _ in CASES if not command_for(i, "app").repeatable}
    assert once == {intents.BeginPlayback, intents.BeginLeg, intents.SendKeys}


def test_what_waits_for_a_channels_queue() -> None:
    waits = {type(i): command_for(i, "app").waits_for for i, _, _ in CASES}
    assert {each: channels for each, channels in waits.items() if channels} == {
        intents.Answer: ("c/1",),
        intents.JoinBridge: ("c", L),
        intents.LeaveBridge: ("c",),
    }


def dial(endpoint: str, **headers: str) -> dict[str, str]:
    """The channel variables of a leg with these headers (`_` stands for `-`)."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return variables(intents.BeginLeg("c", L, endpoint, "", "", 30, named))


def variables(intent: intents.BeginLeg) -> dict[str, str]:
    command = command_for(intent, "app")
    assert command.body.isascii()
    decoded: dict[str, dict[str, str]] = msgspec.json.decode(command.body or b"{}")
    return decoded.get("variables", {})


def test_who_calls_cannot_break_out() -> None:
    leg = intents.BeginLeg("c", L, "Local/1@inside", '1"5<5>5', 'Zo\u00eb "n\\n <9>\r\nX: y', 30)
    assert variables(leg) == {
        "CONNECTEDLINE(name,i)": "Zoë nn 9X: y",
        "CONNECTEDLINE(num,i)": "1555",
    }


@pytest.mark.rule("F-3")
def test_headers_of_a_leg() -> None:
    assert dial("PJSIP/1@carrier", X_PH_Foo="bär 😀", X_PH_B="2") == {
        "PJSIP_HEADER(add,X-PH-Foo)": "bär 😀",
        "PJSIP_HEADER(add,X-PH-B)": "2",
    }
    assert dial("PJSIP/1@carrier", X_PH_A="1\r\nVia: me", **{"X-PH-B)": "1"}) == {
        "PJSIP_HEADER(add,X-PH-A)": "1Via: me"
    }
    assert dial("Local/1@inside", X_PH_Foo="bar") == {}


def test_how_long_keys_last() -> None:
    """As Asterisk sends them: 100 ms of silence, then a key and its pause, each 100 ms."""
    keys = command_for(intents.SendKeys("c", "k", "c", "1w2W#"), "app")
    assert keys.lasts_ms == 100 + 3 * 200 + 500 + 1000


@pytest.mark.rule("F-4")
def test_keys_as_tones() -> None:
    """The frequencies of ITU-T Q.23; a comma would begin another sound."""
    tones = command_for(intents.SendTones("c", "t", B, "1w#W"), "app")
    path, _, media = tones.uri.partition("?media=")
    assert path == f"bridges/{B}/play/t"
    assert unquote(media) == "tone:!697+1209/100|!0/100|!0/500|!941+1477/100|!0/100|!0/1000"
    assert not tones.repeatable


@pytest.mark.parametrize(
    ("intent", "status", "message"),
    [
        (intents.EndSnoop("c", S), 404, "Channel not found"),
        (intents.EndPlayback("c", P), 404, "Playback not found"),
        (intents.EndLeg("c", L), 404, "Channel not found"),
        (intents.EndBridge("c", B), 404, "Bridge not found"),
        (intents.LeaveBridge("c", B), 400, "Channel not found"),
        (intents.LeaveBridge("c", B), 422, "Channel not in this bridge"),
        (intents.EndBridge("c", B), 409, "Bridge not in Stasis application"),
        (intents.Progress("c"), 404, "Resource not found"),
        (intents.EndCapture("c", R), 404, "Recording not found"),
        (intents.EndCapture("c", R), 409, "Recording not in session"),
        (
            intents.BeginCapture("c", S, R),
            409,
            f"Recording '{R}' already exists and can not be overwritten",
        ),
    ],
)
def test_what_was_wanted_is_so_already(intent: intents.Pbx, status: int, message: str) -> None:
    assert refusal(command_for(intent, "app"), status, message) is None


def test_early_media_begins_with_silence_where_it_cannot_be_asked_for() -> None:
    begin, end = progress_by_sound("c/1")
    assert begin.uri == "channels/c%2F1/play/c%2F1-183?media=sound:silence/1"
    assert (end.method, end.uri) == ("DELETE", "playbacks/c%2F1-183")


def test_a_refusal_tells_whether_the_channel_is_gone() -> None:
    answer = command_for(intents.Answer("c"), "app")
    assert refusal(answer, 404, "Channel not found") == CommandRefused(
        "c", "Answer", "Channel not found", gone=True
    )
    assert refusal(answer, 500, "") == CommandRefused("c", "Answer", "HTTP 500", gone=False)
    early = command_for(intents.BeginCapture("c", S, R), "app")
    refused = refusal(early, 409, "Channel not in Stasis application")
    assert refused == CommandRefused(R, "BeginCapture", "Channel not in Stasis application")
