"""One call through every element of F-2 with every argument that the official SDK knows."""

from __future__ import annotations

import asyncio
import inspect
from collections import defaultdict
from typing import Any

import pytest
from plivo import plivoxml

from tests.receiver import Reply
from tests.service import stereo
from tests.service.audio import hear
from tests.service.callees import Callee, Callees
from tests.service.carrier import Call
from tests.service.service import Line, Service, document, true
from tests.service.sounds import play, serve
from tests.service.steps import mute
from tests.service.test_dial import number

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

ELEMENTS = (
    *("Record", "Dial", "Number", "User", "Speak", "Play", "Wait", "GetDigits"),
    *("Redirect", "Hangup", "PreAnswer", "DTMF"),
)


class Written:
    """Documents of the SDK, and which of its arguments they have used."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.used: defaultdict[str, set[str]] = defaultdict(set)

    def __call__(self, name: str, *inside: Any, **arguments: Any) -> Any:
        self.used[name] |= set(arguments)
        made = getattr(plivoxml, f"{name}Element")(**arguments)
        for each in inside:
            made.add(each)
        return made

    def document(self, name: str, *elements: Any) -> None:
        """What the application answers at that address."""
        response = plivoxml.ResponseElement()
        for each in elements:
            response.add(each)
        self.line.script(name, Reply(body=str(response.to_string())))

    def unused(self) -> dict[str, set[str]]:
        known = {
            name: set(inspect.signature(getattr(plivoxml, f"{name}Element").__init__).parameters)
            for name in ELEMENTS
        }
        unused = {name: every - {"self"} - self.used[name] for name, every in known.items()}
        return {name: left for name, left in unused.items() if left}


def menu(made: Written) -> None:
    """Early media, then digits of which one is not allowed."""
    line = made.line
    prompt = serve(line, "prompt", 0.4, 40)
    early = made(
        "PreAnswer",
        made("Speak", content="One moment.", voice="WOMAN", language="en-US", loop=1),
        made("Play", content=prompt, loop=2),
        made("Wait", length=1, silence=False, min_silence=500, beep=False),
    )
    gather = made(
        "GetDigits",
        made("Speak", content="Twelve, please.", voice="MAN", language="en-US", loop=1),
        made("Play", content=prompt, loop=1),
        action=line.url("menu"),
        method="GET",
        timeout=9,
        digit_timeout=5,
        finish_on_key="*",
        num_digits=4,
        retries=2,
        redirect=True,
        play_beep=True,
        valid_digits="12",
        invalid_digits_sound=prompt,
        log=False,
    )
    made.document("answer", early, gather)


def record(made: Written, name: str, **arguments: Any) -> Any:
    url = made.line.url
    return made(
        "Record",
        **{
            "action": f"{url(name)}#rc=1&rt=5000",
            "method": "GET",
            "file_format": "wav",
            "redirect": False,
            "timeout": 10,
            "max_length": 40,
            "play_beep": True,
            "finish_on_key": "5",
            "record_session": False,
            "start_on_dial_answer": False,
            "transcription_type": "auto",
            "transcription_url": url(f"{name}-text"),
            "transcription_method": "GET",
            "transcription_report_type": "full",
            "callback_url": url(f"{name}-ready"),
            "callback_method": "GET",
            "record_channel_type": "mono",
        }
        | arguments,
    )


def conversation(made: Written) -> None:
    """A session recording in stereo, and a Dial of a number and a user that does not exist."""
    line = made.line
    keyed = {"send_digits": "9", "send_on_preanswer": False}
    dial = made(
        "Dial",
        made("Number", content=number(line), send_digits_mode="rfc2833", **keyed),
        made("User", content="nobody", sip_headers="Id=8", **keyed),
        action=line.url("dialled"),
        method="GET",
        hangup_on_star=True,
        time_limit=30,
        timeout=20,
        caller_id="15550001111",
        caller_name="Example",
        confirm_sound=line.url("confirm"),
        confirm_timeout=15,
        confirm_key="1",
        dial_music="real",
        callback_url=line.url("event"),
        callback_method="GET",
        redirect=True,
        digits_match="12",
        digits_match_b_leg="89",
        sip_headers="Tenant=acme",
    )
    session = record(made, "session", record_session=True, record_channel_type="stereo")
    made.document("menu", session, dial)
    line.script("confirm", Reply(body=document(play(line, "confirmation", 0.5, 45))))


def rest(made: Written) -> None:
    """A voicemail; keys; a Redirect; a hangup by schedule while a Wait runs."""
    url = made.line.url
    made.document("dialled", record(made, "voicemail", redirect=True))
    keys = made("DTMF", content="12", async_=False)
    made.document("voicemail", keys, made("Redirect", content=url("bye"), method="GET"))
    end = made("Hangup", reason="busy", schedule=1)
    made.document("bye", end, made("Wait", length=30, silence=True, min_silence=9000, beep=False))


async def talk(line: Line, call: Call, callee: Callee) -> None:
    """The callee is asked, confirms and gets its key; both press keys; `*` ends it."""
    assert (callee.caller, callee.caller_name) == ("15550001111", "Example")
    assert await callee.header("X-PH-Tenant") == "acme"
    await callee.answer()
    ear = await callee.listen()
    await asyncio.sleep(1)
    assert hear(await ear.heard()).voice_ms >= 300, "confirmSound is not heard"
    await callee.press("1")
    assert await callee.keys(1) == "9"
    events = [(await line.next("event"))]
    await call.press("1")
    await call.press("2")
    events.append(await line.next("event"))
    await callee.press("8")
    await callee.press("9")
    events.append(await line.next("event"))
    await call.press("*")
    events.append(await line.next("event"))
    assert {each.method for each in events} == {"GET"}
    assert [each.params["DialAction"] for each in events] == [
        *("answer", "digits", "digits", "hangup")
    ]
    pressed = [(e.params["DialDigitsMatch"], e.params["DialDigitsPressedBy"]) for e in events[1:3]]
    assert pressed == [("12", "ALeg"), ("89", "BLeg")]


@pytest.mark.rule("F-2", "F-4", "S-1", "S-8", "P-7", "T-3", "A-3", "A-15", "A-17", "A-20", "D-1")
async def test_every_argument_of_every_element(service: Service) -> None:
    line = service.line()
    made = Written(line)
    for write in (menu, conversation, rest):
        write(made)
    assert made.unused() == {}, "the SDK knows more"
    async with Callees(service.carrier) as callees:
        call = await line.call([mute(0)])
        await call.answered()
        await asyncio.sleep(0.3)
        for key in ("7", "1", "2", "*"):
            await call.press(key)
            await asyncio.sleep(0.8)
        assert (await line.next("menu")).params["Digits"] == "12"
        initial = await line.next("session")
        assert (initial.method, initial.params["RecordingDurationMs"]) == ("GET", "-1")
        await talk(line, call, await callees.next(number(line)))
        dialled = await line.next("dialled")
        assert (dialled.method, dialled.params["DialStatus"]) == ("GET", "completed")
        await service.program.said("recording_began", level="debug", since=len(service.program.log))
        await call.speak(1, 20)
        await call.press("5")
        voicemail = await line.next("voicemail")
        assert (voicemail.method, voicemail.params["Digits"]) == ("GET", "5")
        assert await call.keys(4) == "8912", "the callee's, then those of DTMF"
        assert (await line.next("bye")).method == "GET"
        ended = await call.ended()
    assert ended.cause == 16, "an answered call is not busy"
    assert (await line.next("hangup")).params["HangupCauseCode"] == "6000"
    await delivered(line)


async def delivered(line: Line) -> None:
    """Both recordings, and what is said about their texts."""
    session = await stereo.delivered(line, "session-ready")
    true(session.side)
    assert session.callback["RecordingEndReason"] == "hangup"
    ready = (await line.next("voicemail-ready")).params
    kept = await line.service.sound(ready["RecordUrl"])
    assert hear(kept).voice_ms >= 750, "the key takes a little of its end along"
    assert ready["RecordingEndReason"] == "finishOnKey"
    for name in ("session", "voicemail"):
        text = await line.next(f"{name}-text", 60)
        assert text.method == "GET"
        assert text.params["error"] == ""
