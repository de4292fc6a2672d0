"""Attended transfers, and parties whom somebody takes out of our application (S-1, F-4, Q-2)."""

from __future__ import annotations

import asyncio

import pytest

from tests.rigged import RIG
from tests.service import stereo
from tests.service.callees import Callees
from tests.service.service import Service, true
from tests.service.steps import silence, speak
from tests.service.test_dial import dial, number
from tests.service.test_transfers import ARMED, SESSION, seconds
from tests.service.transfers import BESIDE, attended, third

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


async def redirect(service: Service, channel_id: str, number: str) -> None:
    """What an operator does at Asterisk's console."""
    shown = await service.pbx("GET", f"channels/{channel_id}")
    command = f"channel redirect {shown['name']} from-carrier,{number},1"
    process = await asyncio.create_subprocess_exec(
        *RIG, "cli", "pbx", command, env=dict(service.rig), stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    assert b"successfully redirected" in told, told


@pytest.mark.rule("S-1", "F-4")
async def test_a_callee_connects_the_caller_with_whom_it_consulted(service: Service) -> None:
    """It called somebody outside meanwhile; the caller talks to that one, and is recorded on."""
    line = service.line()
    line.answers(line.record(**SESSION), dial(line, number(line)))
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(20)])
        callee = await callees.next(number(line))
        await callee.answer()
        await callee.speak(1, 40)
        asking = await service.carrier.call(BESIDE + number(line, 1), [silence(20)])
        other = await third(callees, number(line, 1))
        await asking.answered()
        await attended(callee, asking)
        await asking.ended()
        await callee.hang_up()
        await other.speak(1.5, 55)
        assert not line.requests("dialled")
        await other.hang_up()
        assert (await line.next("dialled")).params["DialStatus"] == "completed"
        session = await stereo.delivered(line)
        await call.ended()
    assert {40, 55} <= seconds(session.far)
    assert session.callback["RecordingEndReason"] == "hangup"
    true(session.side)


@pytest.mark.rule("Q-2", "F-4")
async def test_a_callee_is_taken(service: Service) -> None:
    """The Dial is over, and nobody hangs up the callee, who is somebody else's now."""
    line = service.line()
    line.answers(line.record(**ARMED), dial(line, number(line)))
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(20)])
        callee = await callees.next(number(line))
        await callee.answer()
        await callee.speak(1, 40)
        channels = await service.pbx("GET", "channels")
        leg = next(each["id"] for each in channels if "-leg" in each["id"])
        await redirect(service, leg, "9198")
        assert (await line.next("dialled")).params["DialStatus"] == "completed"
        kept = await stereo.delivered(line)
        await call.ended()
        assert not callee.is_over
        await callee.hang_up()
    assert kept.callback["RecordingEndReason"] == "dialEnded"
    assert 40 in seconds(kept.far)


@pytest.mark.rule("Q-2", "F-4")
async def test_a_caller_is_taken(service: Service) -> None:
    """The recording ends as `stopped`; the caller goes on elsewhere, the callee is hung up."""
    line = service.line()
    line.answers(line.record(**SESSION), dial(line, number(line)))
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(20)])
        callee = await callees.next(number(line))
        await callee.answer()
        await callee.speak(1, 40)
        await redirect(service, await service.channel(line), "9198")
        kept = await stereo.delivered(line)
        await callee.ended()
        await line.next("hangup")
        assert not call.is_over
        await call.hang_up()
        await call.ended()
    assert kept.callback["RecordingEndReason"] == "stopped"
    assert 40 in seconds(kept.far)
