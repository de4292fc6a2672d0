"""Hold and unhold by either side, during every kind of recording (P-5, S-1, S-2)."""

from __future__ import annotations

import asyncio

import pytest

from tests.service import stereo
from tests.service.callees import Callees
from tests.service.carrier import Call
from tests.service.service import Service, true
from tests.service.steps import Step, speak
from tests.service.test_dial import dial, number
from tests.service.test_transfers import ARMED, SESSION

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


def hold(*, on: bool = True) -> Step:
    return lambda call: call.hold(on=on)


def wait(seconds: float) -> Step:
    return lambda _: asyncio.sleep(seconds)


@pytest.mark.rule("P-5", "P-6")
async def test_a_caller_on_hold_is_silent_and_comes_back(service: Service) -> None:
    """A hold that is shorter than `timeout` ends nothing, and is silence in the file."""
    line = service.line()
    line.answers(line.record(timeout=3))
    call = await line.call([speak(1), hold(), wait(1.5), hold(on=False), speak(1), hold()])
    kept = await line.delivered()
    await call.ended()
    assert kept.callback["RecordingEndReason"] == "silence"
    true(kept)
    starts = [(at - call.spoke_at[0]) / 1000 for at in call.spoke_at]
    assert len(starts) == 2
    assert abs(kept.sound.ms / 1000 - (starts[1] + 1.2)) <= 0.3


@pytest.mark.rule("S-1", "S-2", "P-10")
@pytest.mark.parametrize("who", ["caller", "callee"])
@pytest.mark.parametrize("held", ["comes back", "hangs up", "is hung up on"])
async def test_hold_in_a_conversation(service: Service, who: str, held: str) -> None:
    """Both recordings keep their time, and what was said before and after."""
    line = service.line()
    line.answers(
        line.record(**SESSION, callbackUrl=line.url("session")),
        line.record(**ARMED),
        dial(line, number(line)),
    )
    async with Callees(service.carrier) as callees:
        call = await line.call([])
        callee = await callees.next(number(line))
        await callee.answer()
        await call.answered()
        pair: tuple[Call, Call] = (call, callee) if who == "caller" else (callee, call)
        holder, other = pair
        await holder.speak(0.8)
        await holder.hold()
        await asyncio.sleep(0.6)
        if held == "comes back":
            await holder.hold(on=False)
            await holder.speak(0.8, 30)
        await (other if held == "is hung up on" else holder).hang_up()
        session, armed = await stereo.delivered(line, "session"), await stereo.delivered(line)
        assert (await line.next("dialled")).params["DialStatus"] == "completed"
        await call.ended()
        await callee.ended()
    for kept in (session, armed):
        true(kept.side)
        side = kept.caller if who == "caller" else kept.far
        said = [(at, of // 8000) for at, of in stereo.places(side, 2000)]
        assert any(of < 2 for _, of in said)
        if held == "comes back":
            first, again = holder.spoke_at
            assert any(of >= 29 for _, of in said)
            before = min(at for at, of in said if of < 2)
            after = min(at for at, of in said if of >= 29)
            assert abs((after - before) / 8 - (again - first)) <= 300
