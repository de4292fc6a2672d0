"""Intents as requests, and what their refusals mean."""

from __future__ import annotations

import pytest

from recordbridge.ari.commands import command_for, refusal
from recordbridge.machine import intents
from recordbridge.machine.facts import CommandRefused

S, R, P = "rb-0-snoop1", "rb-0-rec1", "rb-0-play1"

RECORD = (
    "POST channels/rb-0-snoop1/record?name=rb-0-rec1&format=wav&ifExists=fail"
    "&maxSilenceSeconds=15&maxDurationSeconds=60&beep=false&terminateOn=none"
)

CASES = [
    (intents.Answer("c/1"), "POST channels/c%2F1/answer", "c/1"),
    (intents.HangUp("c"), "DELETE channels/c?reason=normal", "c"),
    (intents.HangUp("c", "busy"), "DELETE channels/c?reason=busy", "c"),
    (intents.HangUp("c", "congestion"), "DELETE channels/c?reason=congestion", "c"),
    (intents.HangUp("c", "rejected"), "DELETE channels/c?reason_code=21", "c"),
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
    (intents.EndPlayback("c", P), "DELETE playbacks/rb-0-play1", P),
]


@pytest.mark.parametrize(("intent", "request_line", "object_id"), CASES)
def test_each_intent_has_its_request(
    intent: intents.Pbx, request_line: str, object_id: str
) -> None:
    command = command_for(intent, "rb 1")
    assert f"{command.method} {command.uri}" == request_line
    assert (command.name, command.object_id) == (type(intent).__name__, object_id)


def test_only_a_playback_may_not_be_repeated() -> None:
    once = {type(i) for i, _, _ in CASES if not command_for(i, "app").repeatable}
    assert once == {intents.BeginPlayback}


@pytest.mark.parametrize(
    ("intent", "status", "message"),
    [
        (intents.EndSnoop("c", S), 404, "Channel not found"),
        (intents.EndPlayback("c", P), 404, "Playback not found"),
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


def test_a_refusal_tells_whether_the_channel_is_gone() -> None:
    answer = command_for(intents.Answer("c"), "app")
    assert refusal(answer, 404, "Channel not found") == CommandRefused(
        "c", "Answer", "Channel not found", gone=True
    )
    assert refusal(answer, 500, "") == CommandRefused("c", "Answer", "HTTP 500", gone=False)
    early = command_for(intents.BeginCapture("c", S, R), "app")
    refused = refusal(early, 409, "Channel not in Stasis application")
    assert refused == CommandRefused(R, "BeginCapture", "Channel not in Stasis application")
