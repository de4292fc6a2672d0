"""Either side hangs up at every stage of a Dial: it is reported, and nothing is left (F-4)."""

from __future__ import annotations

import asyncio

import pytest

from tests.receiver import Reply
from tests.service import stereo
from tests.service.callees import Callees
from tests.service.carrier import Call
from tests.service.service import Line, Service, document
from tests.service.sounds import play
from tests.service.steps import speak
from tests.service.test_dial import dial, number

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

SESSION = {"recordSession": "true", "maxLength": 20}
ARMED = {"startOnDialAnswer": "true", "maxLength": 20}


async def empty(service: Service) -> None:
    """No channel and no bridge is left on the pbx."""
    await service.nothing_left(files=False)


async def reported(line: Line, status: str) -> None:
    """The Dial's action is requested exactly once, after the hangup too (H-3)."""
    dialled = (await line.next("dialled")).params
    assert dialled["DialStatus"] == status
    await line.next("hangup")
    assert len(line.requests("dialled")) == 1


@pytest.mark.rule("F-4", "H-3")
@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.05, 0.3])
async def test_the_caller_gives_up_while_it_rings(service: Service, after_s: float) -> None:
    """At whatever moment: while legs are made, or later."""
    line = service.line()
    phones = [number(line, nth) for nth in range(2)]
    line.answers(line.record(**ARMED), dial(line, *phones))
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(5)])
        await line.next("answer")
        if after_s > 0.1:
            called = [await callees.next(each) for each in phones]
            await called[0].ring()
        await asyncio.sleep(after_s)
        await call.hang_up()
        if after_s > 0.1:
            assert all([(await each.ended()).at for each in called])
            await reported(line, "cancel")
        else:
            await line.next("hangup")
        await call.ended()
        await empty(service)
    assert not line.requests("callback")


@pytest.mark.rule("F-4", "S-2", "H-3")
@pytest.mark.parametrize("who", ["caller", "callee"])
async def test_somebody_hangs_up_while_the_callee_thinks(service: Service, who: str) -> None:
    line = service.line()
    line.answers(
        line.record(**ARMED),
        dial(line, number(line), confirmKey="1", confirmSound=line.url("confirm")),
    )
    line.script("confirm", Reply(body=document(play(line, "sound", 5, 50))))
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(5)])
        callee = await callees.next(number(line))
        await callee.answer()
        await line.next("confirm")
        await asyncio.sleep(0.4)
        await (call if who == "caller" else callee).hang_up()
        await reported(line, "cancel" if who == "caller" else "no-answer")
        await callee.ended()
        await call.ended()
        await empty(service)
    assert not line.requests("callback")
    assert not line.requests("action")


@pytest.mark.rule("F-4", "S-2", "S-5")
@pytest.mark.parametrize("who", ["caller", "callee"])
@pytest.mark.parametrize("after_s", [0.0, 0.003, 0.01, 0.02, 0.05])
async def test_somebody_hangs_up_while_they_are_connected(
    service: Service, who: str, after_s: float
) -> None:
    """In the very moment of the answer, while recordings begin and bridges are made."""
    line = service.line()
    line.answers(line.record(**ARMED), dial(line, number(line)))
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(5)])
        callee = await callees.next(number(line))
        await callee.answer()
        await asyncio.sleep(after_s)
        await (call if who == "caller" else callee).hang_up()
        await line.next("hangup")
        dialled = (await line.next("dialled")).params["DialStatus"]
        assert dialled in ("completed", "cancel" if who == "caller" else "no-answer")
        await callee.ended()
        await call.ended()
        await empty(service)
    if line.requests("action"):
        kept = await stereo.delivered(line)
        assert kept.callback["RecordingEndReason"] in ("hangup", "dialEnded")


@pytest.mark.rule("F-4", "S-1", "S-2", "P-10")
@pytest.mark.parametrize("who", ["caller", "callee"])
async def test_somebody_hangs_up_in_the_conversation(service: Service, who: str) -> None:
    """Both recordings are kept whole; a callee's hangup lets the flow go on."""
    line = service.line()
    line.answers(
        line.record(**SESSION, callbackUrl=line.url("session")),
        line.record(**ARMED),
        dial(line, number(line), number(line, 1)),
        f"<Redirect>{line.url('after')}</Redirect>",
    )
    line.script("after", Reply(body=document("<Hangup/>")))
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(5)])
        callee = await callees.next(number(line, 1))
        await callee.answer()
        await callee.speak(1, 40)
        await (call if who == "caller" else callee).hang_up()
        await reported(line, "completed")
        armed = await stereo.delivered(line)
        session = await stereo.delivered(line, "session")
        assert (await callee.ended()).cause == 16
        await call.ended()
        await empty(service)
    reason = {"caller": "hangup", "callee": "dialEnded"}[who]
    assert armed.callback["RecordingEndReason"] == reason
    assert session.callback["RecordingEndReason"] == "hangup"
    assert 900 <= armed.far.ms <= 1500
    assert len(line.requests("after")) == (who == "callee")


@pytest.mark.rule("F-4")
async def test_both_hang_up_at_once(service: Service) -> None:
    line = service.line()
    line.answers(line.record(**ARMED), dial(line, number(line)))
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(5)])
        callee = await callees.next(number(line))
        await callee.answer()
        await callee.speak(0.5, 40)
        await asyncio.gather(call.hang_up(), callee.hang_up())
        await reported(line, "completed")
        kept = await stereo.delivered(line)
        await call.ended()
        await empty(service)
    assert kept.callback["RecordingEndReason"] in ("hangup", "dialEnded")


@pytest.mark.rule("F-4")
async def test_many_calls_at_once_leave_nothing(service: Service) -> None:
    """Eight calls whose parties hang up at different moments."""
    lines = [service.line() for _ in range(8)]
    for line in lines:
        line.answers(line.record(**ARMED), dial(line, number(line)))

    async def one(callees: Callees, line: Line, nth: int) -> Call:
        call = await line.call([speak(5)])
        callee = await callees.next(number(line))
        if nth % 4:
            await callee.answer()
        await asyncio.sleep(nth * 0.03)
        await (call if nth % 2 else callee).hang_up()
        await line.next("hangup")
        return call

    async with Callees(service.carrier) as callees:
        calls = await asyncio.gather(*(one(callees, line, n) for n, line in enumerate(lines)))
        for call in calls:
            await call.ended()
        await empty(service)
    for line in lines:
        assert len(line.requests("dialled")) == 1
