"""A transferred call outlives the service (N-1, S-1)."""

from __future__ import annotations

import pytest

from tests.service import stereo
from tests.service.callees import Callees
from tests.service.service import Service
from tests.service.test_dial import dial, number
from tests.service.test_transfers import SESSION, seconds
from tests.service.transfers import BESIDE, blind, phone, third

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


@pytest.mark.rule("N-1", "S-1", "F-4")
@pytest.mark.parametrize("who", ["caller", "callee"])
async def test_after_a_transfer_the_service_is_killed(service: Service, who: str) -> None:
    """The ids of the channels do not tell any more whose they are; the call goes on."""
    line = service.line()
    line.answers(line.record(**SESSION), dial(line, number(line)))
    async with Callees(service.carrier) as callees:
        call = await line.call(phone(who))
        callee = await callees.next(number(line))
        await callee.answer()
        await callee.speak(1, 40)
        transferer, stays = (call, callee) if who == "caller" else (callee, call)
        await blind(transferer, BESIDE + number(line, 1))
        other = await third(callees, number(line, 1))
        await transferer.hang_up()
        await other.speak(0.5, 50)
        await service.program.kill()
        await service.program.start()
        assert not stays.is_over
        await other.speak(1.2, 55)
        assert not line.requests("dialled")
        await stays.hang_up()
        assert (await line.next("dialled")).params["DialStatus"] == "completed"
        session = await stereo.delivered(line)
        await other.ended()
    assert 55 in seconds(session.caller if who == "caller" else session.far)
