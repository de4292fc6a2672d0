"""A callee connects two of our calls: both parties hear each other, and are recorded (S-1)."""

from __future__ import annotations

import pytest

from tests.service import stereo
from tests.service.callees import Callees
from tests.service.service import Service
from tests.service.steps import silence, speak
from tests.service.test_dial import dial, number
from tests.service.test_transfers import ARMED, SESSION, seconds
from tests.service.transfers import attended

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


@pytest.mark.rule("S-1", "S-2", "F-4")
@pytest.mark.parametrize("recorded", [ARMED, SESSION], ids=["dial", "session"])
async def test_two_of_our_calls_are_connected(
    service: Service, recorded: dict[str, object]
) -> None:
    """A callee of the first, who is the caller of the second, drops out of both."""
    lines = [service.line(), service.line()]
    for line in lines:
        line.answers(line.record(**recorded), dial(line, number(line)))
    async with Callees(service.carrier) as callees:
        call = await lines[0].call([speak(20)])
        callee = await callees.next(number(lines[0]))
        await callee.answer()
        asking = await lines[1].call([silence(20)])
        other = await callees.next(number(lines[1]))
        await other.answer()
        await asking.answered()
        await other.speak(1, 40)
        await attended(callee, asking)
        await asking.ended()
        await callee.hang_up()
        hears, heard = await other.listen(), await call.listen()
        await other.speak(1.5, 55)
        assert seconds(await hears.heard()), "the first caller is not heard"
        assert 55 in seconds(await heard.heard()), "the first caller does not hear the other"
        await other.hang_up()
        kept = [await stereo.delivered(line) for line in lines]
        for line in lines:
            assert (await line.next("dialled")).params["DialStatus"] == "completed"
            await line.next("hangup")
        await call.ended()
    assert 55 in seconds(kept[0].far)
    assert {40, 55} <= seconds(kept[1].far)
    assert seconds(kept[1].caller), "the first caller is the second call's now"
