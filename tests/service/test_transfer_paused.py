"""A transfer while the recordings of the call are paused (E-5, S-1)."""

from __future__ import annotations

import pytest

from tests.service import stereo
from tests.service.callees import Callees
from tests.service.calm import Watch
from tests.service.sdk import sdk
from tests.service.service import Service, true
from tests.service.test_dial import dial, number
from tests.service.test_rest_places import switch
from tests.service.test_transfers import SESSION, seconds
from tests.service.transfers import BESIDE, blind, phone, third

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


@pytest.mark.rule("E-5", "S-1", "F-4")
@pytest.mark.parametrize("who", ["caller", "callee"])
async def test_who_came_in_a_pause_is_recorded_after_it(
    service: Service, watch: Watch, who: str
) -> None:
    """And nothing of what was said in it."""
    line = service.line()
    line.answers(line.record(**SESSION), dial(line, number(line)))
    async with Callees(service.carrier) as callees, sdk(service) as client:
        call = await line.call(phone(who))
        call_uuid = (await line.next("answer")).params["CallUUID"]
        callee = await callees.next(number(line))
        await callee.answer()
        await callee.speak(1, 40)
        (recording_id,) = (await switch(client, call_uuid, "Pause")).recording_ids
        transferer, stays = (call, callee) if who == "caller" else (callee, call)
        await blind(transferer, BESIDE + number(line, 1))
        other = await third(callees, number(line, 1))
        await transferer.hang_up()
        await other.speak(0.5, 50)
        assert (await switch(client, call_uuid, "Resume")).recording_ids == [recording_id]
        await service.kept(recording_id, "running")
        await other.speak(1.2, 55)
        await stays.hang_up()
        assert (await line.next("dialled")).params["DialStatus"] == "completed"
        session = await stereo.delivered(line)
        await other.ended()
    new = session.caller if who == "caller" else session.far
    assert 40 in seconds(session.far)
    assert 55 in seconds(new)
    assert 50 not in seconds(new)
    assert session.callback["RecordingEndReason"] == "hangup"
    true(session.side, watch.inserted_ms())
