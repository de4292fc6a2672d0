"""The demo finds fault: one good outcome, and every way in which it can be spoilt."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

import pytest

from recordbridge.plivo import signatures
from tests.demo.lengths import Length
from tests.demo.scenes import BACKGROUND, VOICEMAILS
from tests.demo.verdict import Outcome, missing
from tests.receiver import Received

TOKEN = "a-token-of-the-demo"
KEY = VOICEMAILS[0]
PARAMS = {
    "CallUUID": "303f4d9f-eb8e-5d8d-a23a-de1db91e3853",
    "From": "15551230001",
    "To": "101",
    "Direction": "inbound",
    "CallStatus": "in-progress",
    "Event": "Redirect",
    "RecordingID": "6b4a446b-8b2e-517d-b26d-6b1ffb0832b4",
    "RecordUrl": "http://127.0.0.1:1/v1/Account/A/Recording/6b4a446b.mp3?sig=x",
    "RecordingDuration": "3",
    "RecordingDurationMs": "2676",
    "RecordingStartMs": "1795341527663",
    "RecordingEndMs": "1795341530339",
    "RecordingEndReason": "finishOnKey",
}


def _request(path: str, params: dict[str, str], *, token: str = TOKEN) -> Received:
    url = f"http://127.0.0.1:9{path}"
    headers = signatures.headers("POST", url, params, [token], "12345")
    headers["X-Recordbridge-Delivery"] = "add374c0-516f-5ed5-a0b8-54e65212548e"
    return Received("POST", path, url, headers, urlencode(params).encode(), at=0)


def _action(**changes: str | None) -> Received:
    params = PARAMS | {"Digits": "#"} | changes
    return _request("/key/action", {k: v for k, v in params.items() if v is not None})


def _callback(**changes: str | None) -> Received:
    params = PARAMS | {"Event": "Record"} | changes
    return _request("/key/callback", {k: v for k, v in params.items() if v is not None})


def _good() -> Outcome:
    return Outcome(KEY, _action(), _callback(), b"...", Length(2664, 2700))


def test_a_good_call_misses_nothing() -> None:
    assert missing(_good(), TOKEN) == []


@pytest.mark.parametrize("name", sorted(PARAMS))
def test_every_documented_parameter_is_missed(name: str) -> None:
    found = missing(replace(_good(), callback=_callback(**{name: None})), TOKEN)
    assert any(name in each and each.startswith("callback: ") for each in found)


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (replace(_good(), action=None), "the action request did not arrive"),
        (replace(_good(), callback=None), "the callback request did not arrive"),
        (replace(_good(), data=None, length=None), "the file was not fetched"),
        (replace(_good(), length=Length(2700, 2736)), "the file is 2700-2736 ms long"),
        (replace(_good(), trouble=["the call did not end"]), "the call did not end"),
        (replace(_good(), action=_action(Digits=None)), "Digits is missing, not #"),
        (replace(_good(), action=_action(Digits="*")), "Digits is *, not #"),
        (replace(_good(), callback=_callback(Digits="#")), "Digits is #, not left out"),
        (replace(_good(), action=_action(RecordingEndReason="silence")), "is silence, not"),
        (replace(_good(), action=_action(RecordingEndMs="1795341530340")), "is 2677, not 2676"),
        (replace(_good(), action=_action(RecordingDuration="2")), "RecordingDuration is 2 for"),
        (replace(_good(), action=_action(RecordingDurationMs="-1")), "RecordingDurationMs is -1"),
        (replace(_good(), action=_action(RecordingID="other")), "RecordingID is other to action"),
        (
            replace(_good(), action=_request("/key/action", PARAMS, token="another")),
            "the signature is not valid",
        ),
        (
            replace(_good(), action=replace(_action(), headers={})),
            "the signature is not valid",
        ),
        (replace(_good(), action=replace(_action(), method="PUT")), "it came by PUT, not POST"),
    ],
)
def test_every_fault_is_told(outcome: Outcome, told: str) -> None:
    assert any(told in each for each in missing(outcome, TOKEN)), missing(outcome, TOKEN)


SESSION = BACKGROUND[0]
UNKNOWN = dict.fromkeys(
    ("RecordingDuration", "RecordingDurationMs", "RecordingStartMs", "RecordingEndMs"), "-1"
)


def _initial(**changes: str) -> Received:
    end = ("RecordingEndReason",)
    params = {k: v for k, v in PARAMS.items() if k not in end} | UNKNOWN | {"To": "106"} | changes
    return _request("/session/action", params)


def _true(**changes: str) -> Received:
    params = PARAMS | {"To": "106", "RecordingEndReason": "hangup"} | changes
    return replace(_request("/session/callback", params), at=5000)


def _session() -> Outcome:
    return Outcome(SESSION, _initial(), _true(), b"...", Length(2676, 2676, channels=2))


def test_a_good_session_misses_nothing() -> None:
    assert missing(_session(), TOKEN) == []


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (
            replace(_session(), action=_initial(RecordingDurationMs="2676")),
            "action: RecordingDurationMs is 2676, not -1",
        ),
        (
            replace(_session(), action=_initial(RecordingEndReason="hangup")),
            "action: RecordingEndReason is hangup, not left out",
        ),
        (
            replace(_session(), callback=_true(RecordingStartMs="-1")),
            "callback: RecordingStartMs is -1",
        ),
        (
            replace(_session(), action=replace(_initial(), at=5000)),
            "the callback did not come after the action",
        ),
        (
            replace(_session(), action=_initial(RecordingID="other")),
            "RecordingID is other to action",
        ),
        (replace(_session(), length=Length(2676, 2676)), "the file has 1 channels, not 2"),
        (
            replace(_session(), length=Length(2676, 2676, 2, silent=(0,))),
            "the left (the caller) channel is silent",
        ),
        (
            replace(_session(), length=Length(2676, 2676, 2, silent=(1,))),
            "the right (the far side) channel is silent",
        ),
        (
            replace(_session(), length=Length(2700, 2700, 2)),
            "the file is 2700 ms long, RecordingDurationMs says 2676",
        ),
    ],
)
def test_every_fault_of_a_session_is_told(outcome: Outcome, told: str) -> None:
    assert told in "\n".join(missing(outcome, TOKEN))
