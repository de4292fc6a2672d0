"""Transfers that the service does not hear of (N-1, N-3, S-1, F-4)."""

from __future__ import annotations

import asyncio

import pytest

from tests.service import stereo
from tests.service.callees import Callees
from tests.service.calm import Watch
from tests.service.service import Service, true
from tests.service.test_dial import dial, number
from tests.service.test_transfers import SESSION, seconds
from tests.service.transfers import BESIDE, blind, phone, third

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]
REFUSED_S = 1.5
"""By then Asterisk has made nothing of a transfer, or has dropped whoever it had rung for it."""


@pytest.mark.rule("N-1", "N-3", "S-1", "F-4")
@pytest.mark.parametrize("who", ["caller", "callee"])
async def test_it_hangs_during_the_transfer_and_is_killed(
    service: Service, watch: Watch, who: str
) -> None:
    """Asterisk told a process that took no notice; the call, its Dial and its recording go on."""
    line = service.line()
    line.answers(line.record(**SESSION), dial(line, number(line)))
    async with Callees(service.carrier) as callees:
        call = await line.call(phone(who))
        callee = await callees.next(number(line))
        await callee.answer()
        await callee.speak(1, 40)
        transferer, stays = (call, callee) if who == "caller" else (callee, call)
        service.program.freeze()
        await blind(transferer, BESIDE + number(line, 1))
        other = await third(callees, number(line, 1))
        await transferer.hang_up()
        hears = await stays.listen()
        await other.speak(0.8, 50.1)
        assert 50 in seconds(await hears.heard())
        await service.program.kill()
        await service.program.start()
        assert not stays.is_over
        assert not other.is_over
        await other.speak(1.2, 55)
        assert not line.requests("dialled")
        await stays.hang_up()
        assert (await line.next("dialled")).params["DialStatus"] == "completed"
        session = await stereo.delivered(line)
        await other.ended()
    assert 40 in seconds(session.far)
    assert 55 in seconds(session.caller if who == "caller" else session.far)
    true(session.side, watch.inserted_ms())


@pytest.mark.rule("N-1", "N-3", "S-1", "F-4")
@pytest.mark.parametrize("who", ["caller", "callee"])
async def test_asterisk_refuses_a_transfer_while_nobody_is_connected(
    service: Service, who: str
) -> None:
    """Nobody is cut off by it: the two talk on, and are recorded, before and after."""
    line = service.line()
    line.answers(line.record(**SESSION), dial(line, number(line)))
    async with Callees(service.carrier) as callees:
        call = await line.call(phone(who))
        callee = await callees.next(number(line))
        await callee.answer()
        await callee.speak(1, 40)
        transferer = call if who == "caller" else callee
        await service.program.kill()
        await blind(transferer, BESIDE + number(line, 1))
        await asyncio.sleep(REFUSED_S)
        hears = await call.listen()
        await callee.speak(0.8, 50.1)
        assert 50 in seconds(await hears.heard())
        await service.program.start()
        await callee.speak(1.2, 55)
        assert not line.requests("dialled")
        await callee.hang_up()
        assert (await line.next("dialled")).params["DialStatus"] == "completed"
        session = await stereo.delivered(line)
        await call.hang_up()  # Asterisk keeps who wanted a transfer for up to a minute
        await call.ended()
    assert {40, 50, 55} <= seconds(session.far)
