"""A flow written with the official SDK, as an application does it, runs unchanged (D-1, F-2)."""

from __future__ import annotations

import pytest
from plivo import plivoxml

from tests.receiver import Reply
from tests.service import stereo
from tests.service.audio import RATE, hear
from tests.service.callees import Callees
from tests.service.service import Line, Service, true
from tests.service.sounds import serve
from tests.service.steps import press, silence, speak
from tests.service.test_dial import number

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


def welcome(line: Line) -> str:
    """A session recording, a menu by voice and sound, and what happens without an answer to it."""
    response = plivoxml.ResponseElement()
    response.add(
        plivoxml.RecordElement(
            action=line.url("started"),
            redirect=False,
            record_session=True,
            max_length=30,
            file_format="wav",
            callback_url=line.url("session"),
            callback_method="POST",
        )
    )
    menu = plivoxml.GetDigitsElement(
        action=line.url("menu"), timeout=5, num_digits=1, valid_digits="12", redirect=True
    )
    menu.add(plivoxml.SpeakElement("Press one for sales.", voice="WOMAN", language="en-US"))
    menu.add(plivoxml.PlayElement(serve(line, "jingle", 0.5)))
    response.add(menu)
    response.add(plivoxml.HangupElement(reason="busy"))
    return str(response.to_string())


def sales(line: Line) -> str:
    """A Dial that is recorded from the answer on, then a voicemail."""
    response = plivoxml.ResponseElement()
    response.add(
        plivoxml.RecordElement(
            action=line.url("connected"),
            redirect=False,
            start_on_dial_answer=True,
            file_format="wav",
            callback_url=line.url("conversation"),
        )
    )
    dial = plivoxml.DialElement(
        action=line.url("dialled"),
        redirect=False,
        caller_id="15550001111",
        caller_name="Example",
        timeout=20,
        callback_url=line.url("event"),
    )
    dial.add(plivoxml.NumberElement(number(line), send_digits="w9"))
    response.add(dial)
    response.add(plivoxml.WaitElement(length=1))
    response.add(
        plivoxml.RecordElement(
            action=line.url("voicemail"),
            redirect=False,
            timeout=2,
            max_length=10,
            play_beep=True,
            finish_on_key="#",
            file_format="wav",
        )
    )
    response.add(plivoxml.DTMFElement("12", async_=False))
    response.add(plivoxml.RedirectElement(line.url("bye"), method="POST"))
    return str(response.to_string())


def bye() -> str:
    response = plivoxml.ResponseElement()
    response.add(plivoxml.SpeakElement("Good bye."))
    response.add(plivoxml.HangupElement())
    return str(response.to_string())


@pytest.mark.rule("F-2", "F-4", "S-1", "S-2", "S-8", "P-7", "D-1")
async def test_documents_of_the_official_sdk_run_unchanged(service: Service) -> None:
    line = service.line()
    line.script("answer", Reply(body=welcome(line)))
    line.script("menu", Reply(body=sales(line)))
    line.script("bye", Reply(body=bye()))
    async with Callees(service.carrier) as callees:
        call = await line.call([silence(1), press("1"), speak(3), press("#"), silence(30)])
        assert (await line.next("started")).params["RecordingDurationMs"] == "-1"
        assert (await line.next("menu")).params["Digits"] == "1"
        callee = await callees.next(number(line))
        assert (callee.caller, callee.caller_name) == ("15550001111", "Example")
        await callee.answer()
        assert await callee.keys(1) == "9"
        await callee.speak(0.7, 40)
        await callee.hang_up()
        assert (await line.next("dialled")).params["DialStatus"] == "completed"
        assert (await line.next("voicemail")).params["Digits"] == "#"
        assert await call.keys(2) == "12"
        await line.next("bye")
        await call.ended()
    conversation = await stereo.delivered(line, "conversation")
    session = await stereo.delivered(line, "session")
    assert (await line.next("hangup")).params["HangupCause"] == "NORMAL_CLEARING"
    assert conversation.callback["RecordingEndReason"] == "dialEnded"
    assert session.callback["RecordingEndReason"] == "hangup"
    for kept in (conversation, session):
        assert {40, 41} & {round(of / RATE) for _, of in stereo.places(kept.far, RATE // 4)}
        true(kept.side)
    assert hear(session.far).strange_ms >= 500, "the voice is not in it"
    assert [each.params["Event"] for each in line.requests("event")] == ["DialAnswer", "DialHangup"]
