"""What a Dial's attributes do, heard and seen by both parties over real SIP and RTP (F-4)."""

from __future__ import annotations

import asyncio

import pytest

from tests.receiver import Reply
from tests.service.audio import hear
from tests.service.callees import Callees
from tests.service.service import Service, document
from tests.service.sounds import play
from tests.service.steps import mute, press, silence, speak
from tests.service.test_dial import dial, events, number

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


@pytest.mark.rule("F-4")
async def test_the_callee_sees_who_calls_and_gets_the_headers(service: Service) -> None:
    """Headers of the Dial go to all, a Number's own win; callerId and callerName are shown."""
    line = service.line()
    line.answers(
        dial(
            line,
            f'<Number sipHeaders="Order=8,Own=yes">{number(line)}</Number>',
            number(line, 1),
            callerId="+15557770000",
            callerName="Anna &amp; Bob",
            sipHeaders="Order=7,X-PH-Kind=a b",
        )
    )
    async with Callees(service.carrier) as callees:
        call = await line.call([silence(30)])
        first, second = [await callees.next(number(line, nth)) for nth in (0, 1)]
        assert (first.caller, first.caller_name) == ("+15557770000", "Anna & Bob")
        names = ("X-PH-Order", "X-PH-Kind", "X-PH-Own")
        assert [await first.header(name) for name in names] == ["8", "a b", "yes"]
        assert [await second.header(name) for name in names[:2]] == ["7", "a b"]
        await first.answer()
        await call.answered()
        assert (await events(line, 1))[0]["DialBLegFrom"] == "+15557770000"
        await call.hang_up()
        assert (await line.next("dialled")).params["DialStatus"] == "completed"


@pytest.mark.rule("F-4")
async def test_without_attributes_the_callee_sees_the_caller(service: Service) -> None:
    line = service.line()
    line.answers(dial(line, number(line)))
    async with Callees(service.carrier) as callees:
        call = await service.carrier.call(line.number, [silence(30)], caller="15559998888")
        assert (await callees.next(number(line))).caller == "15559998888"
        await call.hang_up()
        dialled = (await line.next("dialled")).params
    assert (dialled["DialStatus"], dialled["DialHangupCause"]) == ("cancel", "ORIGINATOR_CANCEL")


@pytest.mark.rule("F-4")
async def test_digits_are_sent_to_the_callee(service: Service) -> None:
    """With half a second's pause; the parties are connected meanwhile or after it."""
    line = service.line()
    line.answers(dial(line, f'<Number sendDigits="1w23#">{number(line)}</Number>'))
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(4)])
        callee = await callees.next(number(line))
        await callee.answer()
        assert await callee.keys(4) == "123#"
        await callee.speak(0.5, 40)
        await callee.hang_up()
        assert (await line.next("dialled")).params["DialStatus"] == "completed"
        await call.ended()


@pytest.mark.rule("F-4")
async def test_digits_of_both_sides_are_matched(service: Service) -> None:
    line = service.line()
    line.answers(dial(line, number(line), digitsMatch="12,99", digitsMatchBLeg="34"))
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(0.3), press("3412"), speak(5)])
        callee = await callees.next(number(line))
        await callee.answer()
        await callee.keys(4)
        for key in "1234":
            await callee.press(key)
            await asyncio.sleep(0.1)
        told = await events(line, 3)
        await callee.hang_up()
        await call.ended()
    answer, first, second = told
    assert answer["Event"] == "DialAnswer"
    assert [first["Event"], second["Event"]] == ["DialDigitsMatch"] * 2
    assert (first["DialDigitsMatch"], first["DialDigitsPressedBy"]) == ("12", "ALeg")
    assert (second["DialDigitsMatch"], second["DialDigitsPressedBy"]) == ("34", "BLeg")
    assert first["DialAction"] == "digits"


@pytest.mark.rule("F-4")
async def test_a_callee_hears_the_sound_and_confirms(service: Service) -> None:
    """A wrong key does nothing; the caller is not answered before the right one."""
    line = service.line()
    attributes = {"confirmSound": line.url("confirm"), "confirmKey": "1", "confirmTimeout": 20}
    line.answers(dial(line, number(line), **attributes))
    line.script("confirm", Reply(body=document(play(line, "sound", 1, 50), "<Wait length='1'/>")))
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(3)])
        callee = await callees.next(number(line))
        ear = await callee.listen()
        await callee.answer()
        confirm = await line.next("confirm")
        await asyncio.sleep(1.3)
        heard = await ear.heard()
        assert 900 <= hear(heard).voice_ms <= 1020
        await callee.press("2")
        assert not call.is_answered
        await callee.press("1")
        await call.answered()
        ear = await callee.listen()
        await asyncio.sleep(0.7)
        assert hear(await ear.heard()).voice_ms >= 400, "the caller cannot be heard"
        await callee.hang_up()
        assert (await line.next("dialled")).params["DialStatus"] == "completed"
        await call.ended()
    assert confirm.params["CallUUID"]


@pytest.mark.rule("F-4")
async def test_a_sound_alone_is_played_to_its_end(service: Service) -> None:
    """Without a key the callee is connected when it has heard the sound."""
    line = service.line()
    line.answers(dial(line, number(line), confirmSound=line.url("confirm")))
    line.script("confirm", Reply(body=document(play(line, "sound", 1, 50))))
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(3)])
        callee = await callees.next(number(line))
        await callee.answer()
        answered = await callee.answered()
        assert 1000 <= await call.answered() - answered <= 2000
        await callee.hang_up()
        await line.next("dialled")
        await call.ended()


@pytest.mark.rule("F-4")
async def test_one_that_does_not_confirm_is_dropped(service: Service) -> None:
    line = service.line()
    line.answers(
        dial(line, number(line), confirmKey="1", confirmTimeout=1), "<Hangup reason='busy'/>"
    )
    async with Callees(service.carrier) as callees:
        call = await line.call([silence(30)])
        callee = await callees.next(number(line))
        await callee.answer()
        answered = await callee.answered()
        assert 900 <= (await callee.ended()).at - answered <= 1600
        dialled = (await line.next("dialled")).params
        assert dialled["DialStatus"] == "no-answer"
        assert "DialBLegUUID" not in dialled
        assert (await call.ended()).cause == 17
        assert not call.is_answered


@pytest.mark.rule("F-4")
async def test_another_may_confirm_while_one_thinks(service: Service) -> None:
    line = service.line()
    line.answers(dial(line, number(line), number(line, 1), confirmKey="1"))
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(2)])
        first, second = [await callees.next(number(line, nth)) for nth in (0, 1)]
        await first.answer()
        await first.answered()
        await second.answer()
        await second.answered()
        await second.press("1")
        await call.answered()
        assert (await first.ended()).at
        await second.hang_up()
        assert (await line.next("dialled")).params["DialStatus"] == "completed"
        await call.ended()


@pytest.mark.rule("F-4")
@pytest.mark.parametrize("answered", [False, True], ids=["early media", "answered"])
async def test_music_is_heard_instead_of_ringing(service: Service, answered: bool) -> None:
    """Again and again until the callee is there, then no more of it."""
    line = service.line()
    before = [play(line, "before", 0.3, 10)] if answered else []
    line.answers(*before, dial(line, number(line), dialMusic=line.url("music")))
    line.script("music", Reply(body=document(play(line, "sound", 0.8, 50))))
    async with Callees(service.carrier) as callees:
        call = await line.call([silence(30)])
        callee = await callees.next(number(line))
        await callee.ring()
        ear = await call.listen()
        await asyncio.sleep(2)
        heard = await ear.heard()
        voice = hear(heard).voice_ms
        assert voice >= 1400, "it is played again and again"
        assert call.is_answered == answered
        await callee.answer()
        await call.answered()
        await asyncio.sleep(0.3)
        ear = await call.listen()
        await asyncio.sleep(0.5)
        assert hear(await ear.heard()).voice_ms == 0, "music goes on"
        await callee.hang_up()
        await line.next("dialled")
        await call.ended()


@pytest.mark.rule("F-4", "F-6")
async def test_without_its_music_the_caller_hears_ringing(service: Service) -> None:
    line = service.line()
    line.answers("<Wait length='1'/>", dial(line, number(line), dialMusic=line.url("music")))
    line.script("music", Reply(404))
    async with Callees(service.carrier) as callees:
        call = await line.call([silence(30)])
        callee = await callees.next(number(line))
        await line.next("music")
        await callee.answer()
        await call.answered()
        await callee.hang_up()
        assert (await line.next("dialled")).params["DialStatus"] == "completed"
        await call.ended()


@pytest.mark.rule("F-4")
async def test_an_answered_caller_hears_ringing(service: Service) -> None:
    line = service.line()
    line.answers(play(line, "before", 0.3, 10), dial(line, number(line), timeout=3))
    async with Callees(service.carrier) as callees:
        call = await line.call([silence(30)])
        await callees.next(number(line))
        ear = await call.listen()
        dialled = await line.next("dialled")
        heard = await ear.heard()
        assert (heard.levels() > 100).sum() * 20 >= 900, "no ringing is heard"
        assert dialled.params["DialStatus"] == "timeout"
        await call.ended()


@pytest.mark.rule("F-4", "F-2")
async def test_the_ringing_of_an_unanswered_caller_is_signalled(service: Service) -> None:
    """180, no answer."""
    line = service.line()
    line.answers("<Wait length='1'/>", dial(line, number(line), timeout=2))
    async with Callees(service.carrier) as callees:
        call = await line.call([mute(0)])
        await line.next("answer")
        assert await call.state() == "Down"
        await callees.next(number(line))
        async with asyncio.timeout(1):
            while await call.state() != "Ringing":
                await asyncio.sleep(0.02)
        await line.next("dialled")
        await call.ended()
        assert not call.is_answered
