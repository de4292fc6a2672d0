"""Recordings while the parties change: hold, other bridges, calls taken away (S-1, Q-2)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.service import stereo
from tests.service.audio import RATE, hear
from tests.service.callees import Callees
from tests.service.calm import Watch
from tests.service.service import Service, true
from tests.service.steps import hang_up, silence, speak
from tests.service.test_dial import dial, number

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

SESSION = {"recordSession": "true", "maxLength": 20}


@contextlib.asynccontextmanager
async def events(service: Service) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """All events of the pbx, heard beside the service."""
    user, password, url = (
        service.rig[f"RECORDBRIDGE_ASTERISK_{name}"] for name in ("USER", "PASSWORD", "URL")
    )
    token = aiohttp.encode_basic_auth(user, password)
    async with (
        aiohttp.ClientSession(headers={"Authorization": token}) as http,
        http.ws_connect(
            f"{url}/ari/events?app=observer&subscribeAll=true", max_msg_size=0
        ) as socket,
    ):
        yield socket


async def until(socket: aiohttp.ClientWebSocketResponse, kind: str, channel_id: str = "") -> None:
    """Until there is such an event, of that channel."""
    async with asyncio.timeout(5):
        while True:
            event = await socket.receive_json()
            if event["type"] == kind and channel_id in ("", event["channel"]["id"]):
                return


def seconds(kept: stereo.Stereo) -> list[float]:
    """What of the known signal is heard of the far side, in order."""
    return [of / RATE for _, of in stereo.places(kept.far, RATE // 4)]


@pytest.mark.rule("S-1", "S-2", "P-5")
@pytest.mark.parametrize("who", ["caller", "callee"])
async def test_it_goes_on_while_somebody_holds(service: Service, watch: Watch, who: str) -> None:
    """A re-INVITE and back; what was said before and after is in it, at its time."""
    line = service.line()
    line.answers(
        line.record(**SESSION),
        line.record(startOnDialAnswer="true", callbackUrl=line.url("armed")),
        dial(line, number(line)),
    )
    async with Callees(service.carrier) as callees, events(service) as socket:
        call = await line.call([speak(0.5)])
        callee = await callees.next(number(line))
        await callee.answer()
        await callee.speak(0.7, 40)
        holder = call if who == "caller" else callee
        await holder.hold()
        await until(socket, "ChannelHold")
        await asyncio.sleep(1)
        await holder.hold(on=False)
        await until(socket, "ChannelUnhold")
        await callee.speak(0.7, 50)
        await callee.hang_up()
        armed = await stereo.delivered(line, "armed")
        session = await stereo.delivered(line)
        await call.ended()
    assert armed.callback["RecordingEndReason"] == "dialEnded"
    assert session.callback["RecordingEndReason"] == "hangup"
    for kept in (armed, session):
        told = [round(each) for each in seconds(kept)]
        assert set(told) & {40, 41}
        assert set(told) & {50, 51}
        assert kept.far.ms >= 2300
        assert hear(kept.far).strange_ms <= watch.inserted_ms()
        true(kept.side)
    between = int(armed.callback["RecordingDurationMs"])
    assert between >= callee.spoke_at[1] - callee.spoke_at[0] + 500, "the hold is not in its length"


@pytest.mark.rule("S-1", "F-4")
async def test_it_goes_on_in_another_bridge(service: Service) -> None:
    """Somebody moves the caller to another bridge: the recording runs until the hangup."""
    line = service.line()
    line.answers(line.record(**SESSION, recordChannelType="mono"), dial(line, number(line)))
    async with Callees(service.carrier) as callees, events(service) as socket:
        call = await line.call([silence(20)])
        callee = await callees.next(number(line))
        await callee.answer()
        await callee.speak(0.7, 40)
        bridge, third = f"other-{line.number}", f"third-{line.number}"
        await service.pbx("POST", f"bridges/{bridge}", type="mixing")
        await service.pbx(
            "POST", f"channels/{third}", endpoint=f"PJSIP/{number(line, 3)}@carrier", app="observer"
        )
        other = await callees.next(number(line, 3))
        await other.answer()
        await until(socket, "StasisStart", third)
        members = f"{await service.channel(line)},{third}"
        await service.pbx("POST", f"bridges/{bridge}/addChannel", channel=members)
        await until(socket, "ChannelEnteredBridge", third)
        await other.speak(1.2, 60)
        await call.hang_up()
        await service.pbx("DELETE", f"channels/{third}")
        kept = await line.delivered()
        await call.ended()
        await callee.ended()
        await service.pbx("DELETE", f"bridges/{bridge}")
    assert kept.callback["RecordingEndReason"] == "hangup"
    told = {round(of / RATE) for _, of in stereo.places(kept.sound, RATE // 4)}
    assert told & {40, 41}
    assert told & {60, 61}, "who is in the other bridge is not in it"
    assert kept.sound.ms >= 1900, "it ended with the first bridge"
    true(kept)


@pytest.mark.rule("Q-2", "S-1", "F-4")
@pytest.mark.parametrize("stage", ["wait", "dial"])
async def test_a_call_that_is_taken_away_ends_its_recordings(service: Service, stage: str) -> None:
    """The pbx sends the caller elsewhere (as a transfer does): `stopped`, whole, and no callee."""
    line = service.line()
    elements = {"wait": "<Wait length='60'/>", "dial": dial(line, number(line))}
    line.answers(line.record(**SESSION), elements[stage])
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(20)])
        await call.answered()
        callee = None
        if stage == "dial":
            callee = await callees.next(number(line))
            await callee.answer()
            await callee.speak(0.7, 40)
        else:
            await asyncio.sleep(0.7)
        channel = await service.channel(line)
        await service.pbx(
            "POST", f"channels/{channel}/continue", context="from-carrier", extension="9198"
        )
        kept = await stereo.delivered(line)
        assert not call.is_over
        if callee is not None:
            await callee.ended()
        await call.hang_up()
        await call.ended()
        await service.nothing_left(files=False)
    assert kept.callback["RecordingEndReason"] == "stopped"
    assert kept.callback["CallStatus"] == "completed"
    assert 600 <= kept.caller.ms <= 1800, "what was said elsewhere is in it"
    true(kept.side)


@pytest.mark.rule("S-1")
async def test_a_hangup_while_held_keeps_everything(service: Service) -> None:
    line = service.line()
    line.answers(line.record(**SESSION), dial(line, number(line)))
    async with Callees(service.carrier) as callees, events(service) as socket:
        call = await line.call([speak(1), silence(1)])
        callee = await callees.next(number(line))
        await callee.answer()
        await callee.speak(0.5, 40)
        await callee.hold()
        await until(socket, "ChannelHold")
        await hang_up()(call)
        kept = await stereo.delivered(line)
        assert kept.callback["RecordingEndReason"] == "hangup"
        assert kept.caller.ms >= 500
        await callee.ended()
        await call.ended()
