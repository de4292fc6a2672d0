"""Blind transfers over real SIP: by the callee, and by the caller (S-1, F-4)."""

from __future__ import annotations

import asyncio

import pytest

from tests.receiver import Reply
from tests.service import stereo
from tests.service.audio import RATE, Sound
from tests.service.callees import Callees
from tests.service.calm import Watch
from tests.service.service import Service, document, true
from tests.service.steps import silence, speak
from tests.service.test_dial import dial, number
from tests.service.transfers import BESIDE, blind, third

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

SESSION = {"recordSession": "true", "maxLength": 30}
ARMED = {"startOnDialAnswer": "true", "maxLength": 30}
GAP_MS = 150


def seconds(sound: Sound) -> set[int]:
    """Which seconds of the known signal are in it."""
    return {of // RATE for _, of in stereo.places(sound, RATE // 4)}


@pytest.mark.rule("S-1", "S-2", "F-4")
async def test_a_callee_transfers_the_caller(service: Service, watch: Watch) -> None:
    """The two talk, both recordings go on, and the flow goes on when the new party hangs up."""
    line = service.line()
    line.answers(
        line.record(**SESSION, callbackUrl=line.url("session")),
        line.record(**ARMED),
        dial(line, number(line)),
        f"<Redirect>{line.url('after')}</Redirect>",
    )
    line.script("after", Reply(body=document("<Hangup/>")))
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(20)])
        callee = await callees.next(number(line))
        await callee.answer()
        await callee.speak(1, 40)
        await blind(callee, BESIDE + number(line, 1))
        other = await third(callees, number(line, 1))
        assert not call.is_over
        hears = await other.listen()
        await other.speak(1.5, 55)
        await callee.hang_up()
        assert not line.requests("dialled")
        assert seconds(await hears.heard()), "the new party hears the caller"
        await other.hang_up()
        dialled = (await line.next("dialled")).params
        await line.next("after")
        session, armed = await stereo.delivered(line, "session"), await stereo.delivered(line)
        await call.ended()
    assert dialled["DialStatus"] == "completed"
    assert session.callback["RecordingEndReason"] == "hangup"
    assert armed.callback["RecordingEndReason"] == "dialEnded"
    for kept in (session, armed):
        assert {40, 55} <= seconds(kept.far)
        assert max(seconds(kept.caller)) >= 2
        true(kept.side, watch.inserted_ms())
    events = [each.params for each in line.requests("event")]
    assert [each["DialAction"] for each in events] == ["answer", "hangup"]
    assert {each["DialBLegUUID"] for each in events} == {dialled["DialBLegUUID"]}


@pytest.mark.rule("S-1", "S-2", "F-4")
async def test_a_caller_transfers_the_callee(service: Service, watch: Watch) -> None:
    """The call is then that of the new party: what it says goes into the same recordings."""
    line = service.line()
    line.answers(
        line.record(**SESSION, callbackUrl=line.url("session")),
        line.record(**ARMED, recordChannelType="mono"),
        dial(line, number(line)),
        f"<Redirect>{line.url('after')}</Redirect>",
    )
    line.script("after", Reply(body=document("<Hangup/>")))
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(2), silence(30)])
        callee = await callees.next(number(line))
        await callee.answer()
        talking = asyncio.create_task(callee.speak(20, 30))
        await asyncio.sleep(1)
        await blind(call, BESIDE + number(line, 1))
        other = await third(callees, number(line, 1))
        hears = await other.listen()
        await other.speak(1.5, 55)
        heard = await hears.heard()
        await call.hang_up()
        assert not line.requests("dialled")
        await callee.hang_up()
        await talking
        dialled = (await line.next("dialled")).params
        await line.next("after")
        session = await stereo.delivered(line, "session")
        mono = await line.delivered()
        await other.ended()
    assert seconds(heard), "the new party hears the callee"
    assert dialled["DialStatus"] == "completed"
    assert {0, 55} <= seconds(session.caller)
    assert max(seconds(session.far)) >= 32
    assert session.callback["RecordingEndReason"] == "hangup"
    true(session.side, watch.inserted_ms())
    assert mono.callback["RecordingEndReason"] == "dialEnded"
    true(mono, watch.inserted_ms())
    places = stereo.places(session.far, RATE // 4, RATE // 10)
    lags = {round((at - of) * 1000 / RATE) for at, of in places}
    assert max(lags) - min(lags) <= 60, "what was said stands at its time, before and after"
