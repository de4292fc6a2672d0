"""REST recordings in places that are no plain call: the dialplan across a restart, a callee of a
Dial, a channel that left us, a plain Record that is paused (E-1, E-5, N-1).
"""

from __future__ import annotations

import asyncio
import os
import subprocess
from typing import Any

import pytest

from recordbridge import ids
from tests.rigged import RIG
from tests.service import stereo
from tests.service.audio import hear
from tests.service.callees import Callees
from tests.service.conftest import Change
from tests.service.sdk import Sdk, sdk
from tests.service.service import ACCOUNT, Service
from tests.service.steps import silence, speak
from tests.service.test_dial import dial, number

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

WAIT = "<GetDigits timeout='60'/>"


@pytest.fixture(scope="module")
def change() -> Change:
    def changed(settings: dict[str, Any]) -> None:
        settings["asterisk"][0]["account"] = ACCOUNT

    return changed


async def begin(client: Sdk, call: str, **values: str) -> Any:
    return await client(lambda c: c.calls.record(call, file_format="wav", **values))


async def switch(client: Sdk, call: str, what: str) -> Any:
    path = ("Call", call, "Record", what)
    return await client(lambda c: c.request("POST", path, {}, is_voice_request=True))


@pytest.mark.rule("E-1", "N-1", "N-3")
async def test_the_service_restarts_while_a_channel_in_the_dialplan_is_recorded(
    service: Service,
) -> None:
    """Nothing is lost, and its end is heard of."""
    line = service.number("9196")
    call = await line.call([speak(30)])
    await call.answered()
    channel = await service.channel(line)
    async with sdk(service) as client:
        values = {"callback_url": line.url("callback"), "record_channel_type": "stereo"}
        started = await begin(client, channel, **values)
        await service.kept(started.recording_id, "running")
    await asyncio.sleep(1)
    await service.program.stop()
    await service.program.start()
    await asyncio.sleep(1)
    await call.hang_up()
    told = (await line.next("callback")).params
    assert told["recording_id"] == started.recording_id
    assert told["recording_end_reason"] == "hangup"
    _, _, data = await service.get(told["record_url"])
    caller, _ = stereo.read(data)
    assert caller.ms >= 2500
    assert hear(caller).strange_ms <= 400


@pytest.mark.rule("E-1", "F-4")
async def test_a_callee_is_recorded_with_its_call(service: Service) -> None:
    """By the CallUUID that the Dial tells of it."""
    line = service.line()
    line.answers(dial(line, number(line)))
    async with Callees(service.carrier) as callees, sdk(service) as client:
        call = await line.call([speak(5)])
        callee = await callees.next(number(line))
        await callee.answer()
        await call.answered()
        event = (await line.next("event")).params
        b_leg = event["DialBLegUUID"]
        started = await begin(
            client,
            b_leg,
            callback_url=line.url("callback"),
            record_channel_type="stereo",
        )
        await service.kept(started.recording_id, "running")
        await callee.speak(1.5, 40)
        await client(lambda c: c.calls.record_stop(b_leg))
        told = (await line.next("callback")).params
        assert told["call_uuid"] == event["DialALegUUID"]
        _, _, data = await service.get(told["record_url"])
        caller, far = stereo.read(data)
        assert hear(caller).voice_ms > 1000
        assert hear(far).voice_ms > 1000
        await callee.hang_up()
        await call.hang_up()
        await call.ended()


def redirect(service: Service, name: str, exten: str) -> None:
    """The operator sends a channel to an extension of the dialplan."""
    words = [*RIG, "cli", "pbx", f"channel redirect {name} from-carrier,{exten},1"]
    subprocess.run(words, env=os.environ | dict(service.rig), check=True, capture_output=True)


@pytest.mark.rule("E-1", "Q-2", "S-8")
async def test_a_channel_that_left_us_is_recorded_in_the_dialplan(service: Service) -> None:
    """What ran in our application ends as `stopped`; REST records it where it is then."""
    line = service.line()
    line.answers(line.record(recordSession="true", maxLength=60), WAIT)
    async with sdk(service) as client:
        call = await line.call([speak(20)])
        call_uuid = (await line.next("answer")).params["CallUUID"]
        await call.answered()
        channel = await service.channel(line)
        assert call_uuid == ids.call_uuid("pbx", channel)
        found = await service.pbx("GET", f"channels/{channel}")
        await asyncio.to_thread(redirect, service, found["name"], "9196")
        assert (await line.next("callback")).params["RecordingEndReason"] == "stopped"
        values = {"callback_url": line.url("rest"), "record_channel_type": "stereo"}
        started = await begin(client, call_uuid, **values)
        await service.kept(started.recording_id, "running")
        await asyncio.sleep(1.5)
        await client(lambda c: c.calls.record_stop(call_uuid))
        told = (await line.next("rest")).params
        assert told["recording_end_reason"] == "stopped"
        _, _, data = await service.get(told["record_url"])
        assert hear(stereo.read(data)[0]).voice_ms > 1000
        assert not call.is_over
        await client(lambda c: c.calls.hangup(call_uuid))
        await call.ended()


@pytest.mark.rule("E-5", "P-5", "P-6")
async def test_silence_in_a_pause_does_not_end_a_plain_record(service: Service) -> None:
    """Three seconds of it would; the four of the pause do not, and three afterwards do."""
    line = service.line()
    line.answers(line.record(timeout=3, maxLength=30), WAIT)
    async with sdk(service) as client:
        call = await line.call([speak(2), silence(30)])
        call_uuid = (await line.next("answer")).params["CallUUID"]
        await call.answered()
        await asyncio.sleep(1.2)
        (recording_id,) = (await switch(client, call_uuid, "Pause")).recording_ids
        await service.kept(recording_id, "running")
        await asyncio.sleep(4)
        assert not line.requests("action")
        await switch(client, call_uuid, "Resume")
        told = (await line.next("callback")).params
        assert told["RecordingEndReason"] == "silence"
        sound = await service.sound(told["RecordUrl"])
        assert 1000 + 4000 <= sound.ms <= 2000 + 4000 + 1500
        stopped = int(told["RecordingStoppedMs"]) - int(told["RecordingStartMs"])
        assert 1200 + 4000 + 2500 <= stopped <= 2000 + 4000 + 4500
        await call.hang_up()
        await call.ended()
