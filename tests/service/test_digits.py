"""GetDigits over real SIP and RTP: prompts, keys, tries, and its action (F-2)."""

from __future__ import annotations

import asyncio
import json

import pytest

from recordbridge.plivo import unlogged
from tests.receiver import Reply
from tests.service.audio import hear
from tests.service.service import Line, Service, document
from tests.service.sounds import play, serve
from tests.service.steps import mute, press, silence

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


def digits(line: Line, *prompts: str, **attributes: object) -> str:
    """A GetDigits with its action (the next document) here."""
    values = {"action": line.url("digits")} | attributes
    written = " ".join(f'{name}="{value}"' for name, value in values.items() if value is not None)
    return f"<GetDigits {written}>{''.join(prompts)}</GetDigits>"


@pytest.mark.rule("F-2", "F-3")
@pytest.mark.parametrize(
    ("attributes", "keys", "entered"),
    [
        ({}, "123#", "123"),
        ({"numDigits": 2}, "12", "12"),
        ({"finishOnKey": "*"}, "1#2*", "1#2"),
        ({"finishOnKey": "none", "numDigits": 3}, "1*#", "1*#"),
        ({"digitTimeout": 1}, "12", "12"),
    ],
    ids=["#", "count", "*", "no key", "time"],
)
async def test_keys_are_entered(
    service: Service, attributes: dict[str, object], keys: str, entered: str
) -> None:
    line = service.line()
    line.answers(digits(line, **attributes), f"<Redirect>{line.url('never')}</Redirect>")
    line.script("digits", Reply(body=document("<Hangup/>")))
    call = await line.call([silence(0.5), press(keys), silence(30)])
    action = (await line.next("digits")).params
    assert (action["Digits"], action["Event"]) == (entered, "Redirect")
    await call.ended()
    assert not line.requests("never")


@pytest.mark.rule("F-2")
async def test_a_key_stops_the_prompts(service: Service) -> None:
    """Five seconds of prompts, Wait among them; a key after a second; no more is heard."""
    line = service.line()
    prompts = (play(line, "one", 1.6), "<Wait length='1'/>", play(line, "two", 3, 40))
    line.answers(digits(line, *prompts, numDigits=1, redirect="false"), "<Wait length='1'/>")
    call = await line.call([mute(0.3)])
    await call.answered()
    ear = await call.listen()
    await asyncio.sleep(1)
    await call.press("7")
    action = await line.next("digits")
    assert (action.params["Digits"], action.params["Event"]) == ("7", "Record")
    await call.ended()
    assert 500 <= hear(await ear.heard()).voice_ms <= 1500


@pytest.mark.rule("F-2")
async def test_prompts_are_heard_one_after_the_other(service: Service) -> None:
    """Play, Wait and Speak in one GetDigits, to their end; then it waits for `timeout`."""
    line = service.line()
    prompts = (play(line, "one", 0.6), "<Wait length='1'/>", "<Speak>Press one.</Speak>")
    line.answers(digits(line, *prompts, timeout=1), f"<Redirect>{line.url('after')}</Redirect>")
    call = await line.call([silence(30)])
    await call.answered()
    ear = await call.listen()
    after = await line.next("after")
    heard = await ear.heard()
    assert 400 <= hear(heard).voice_ms <= 620
    loud = (heard.levels() > 100).nonzero()[0] * 20
    assert loud[-1] >= 600 + 1000
    assert after.at - await call.answered() >= 600 + 1000 + 300 + 1000
    await call.ended()
    assert not line.requests("digits"), "nothing was entered: no action"


@pytest.mark.rule("F-2")
async def test_tries_are_counted(service: Service) -> None:
    """Three tries without a key: the prompt is heard three times, then the next element."""
    line = service.line()
    line.answers(
        digits(line, play(line, "one", 0.5), timeout=1, retries=3),
        f"<Redirect>{line.url('after')}</Redirect>",
    )
    call = await line.call([silence(30)])
    await call.answered()
    ear = await call.listen()
    after = await line.next("after")
    assert 4300 <= after.at - await call.answered() <= 6000
    assert 1350 <= hear(await ear.heard()).voice_ms <= 1520
    await call.ended()
    assert not line.requests("digits")


@pytest.mark.rule("F-2")
async def test_a_key_that_is_not_valid_spoils_the_try(service: Service) -> None:
    """The caller hears so, and tries again."""
    line = service.line()
    wrong = serve(line, "wrong", 0.6, 50)
    line.answers(digits(line, validDigits="12", numDigits=2, retries=2, invalidDigitsSound=wrong))
    line.script("digits", Reply(body=document("<Hangup/>")))
    call = await line.call([silence(30)])
    await call.answered()
    ear = await call.listen()
    await call.press("1")
    await asyncio.sleep(0.1)
    await call.press("9")
    await line.next("wrong")
    await asyncio.sleep(0.9)
    assert 400 <= hear(await ear.heard()).voice_ms <= 620
    for key in "21":
        await call.press(key)
        await asyncio.sleep(0.1)
    assert (await line.next("digits")).params["Digits"] == "21"
    await call.ended()


@pytest.mark.rule("F-2")
async def test_it_beeps_if_it_shall(service: Service) -> None:
    line = service.line()
    line.answers(digits(line, playBeep="true", timeout=1), "<Wait length='1'/>")
    call = await line.call([silence(30)])
    await call.answered()
    ear = await call.listen()
    await call.ended()
    loud_ms = ((await ear.heard()).levels() > 100).sum() * 20
    assert 300 <= loud_ms <= 500


@pytest.mark.rule("F-6")
@pytest.mark.parametrize(("reply", "code"), [(Reply(500), "7012"), (Reply(body="-"), "8012")])
async def test_an_unusable_document_hangs_up(service: Service, reply: Reply, code: str) -> None:
    line = service.line()
    line.answers(digits(line, numDigits=1), "<Wait length='60'/>")
    line.script("digits", reply)
    call = await line.call([silence(0.3), press("1"), silence(30)])
    assert (await line.next("hangup")).params["HangupCauseCode"] == code
    await call.ended()


@pytest.mark.rule("F-2")
async def test_without_action_the_next_element_runs(service: Service) -> None:
    line = service.line()
    line.answers(
        digits(line, numDigits=1, action=None), f"<Redirect>{line.url('after')}</Redirect>"
    )
    call = await line.call([silence(0.3), press("1"), silence(30)])
    await line.next("after")
    await call.ended()


@pytest.mark.rule("F-2", "H-6")
@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("redirect", ["true", "false"])
async def test_digits_that_are_not_logged_are_in_the_request_alone(
    service: Service, redirect: str, method: str
) -> None:
    """No line of the log and no attempt tells them, nor the state of the call."""
    line = service.line()
    line.answers(digits(line, log="false", redirect=redirect, method=method), "<Hangup/>")
    line.script("digits", Reply(body=document("<Hangup/>")))
    call = await line.call([silence(0.3), press("80417#"), silence(30)])
    action = await line.next("digits")
    assert action.params["Digits"] == "80417"
    await call.ended()
    (attempt,) = await service.attempts(action.headers["X-Recordbridge-Delivery"], 1)
    assert b"Digits=[not logged]" in bytes(attempt["sent"])
    assert action.params["CallUUID"].encode() in bytes(attempt["sent"])
    (row,) = service.rows(
        "SELECT * FROM requests WHERE request_id = ?", action.headers["X-Recordbridge-Delivery"]
    )
    shown = unlogged.shown(json.loads(row["body"]))
    assert shown["Digits"] == unlogged.HIDDEN
    assert not [each for each in service.program.log if "80417" in json.dumps(each)]
    states = service.rows("SELECT state FROM calls")
    assert not [each for each in states if b"80417" in bytes(each["state"])]
