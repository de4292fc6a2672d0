"""A transfer while the recordings of the call are paused (E-5, S-1)."""

from __future__ import annotations

import pytest

from tests.service import stereo
from tests.service.callees import Callees
from tests.service.sdk import sdk
from tests.service.service import Service, true
from tests.service.steps import silence, speak
from tests.service.test_dial import dial, number
from tests.service.test_rest_places import switch
from tests.service.test_transfers import SESSION, seconds
from tests.service.transfers import BESIDE, blind, third

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


@pytest.mark.rule("E-5", "S-1", "F-4")
async def test_who_came_in_a_pause_is_recorded_after_it(service: Service) -> None:
    """The callee transfers the caller; nothing of what was said in the pause is kept."""
    line = service.line()
    line.answers(line.record(**SESSION), dial(line, number(line)))
    async with Callees(service.carrier) as callees, sdk(service) as client:
        call = await line.call([speak(0.5), silence(30)])
        call_uuid = (await line.next("answer")).params["CallUUID"]
        callee = await callees.next(number(line))
        await callee.answer()
        await callee.speak(0.5, 40)
        (recording_id,) = (await switch(client, call_uuid, "Pause")).recording_ids
        await blind(callee, BESIDE + number(line, 1))
        other = await third(callees, number(line, 1))
        await callee.hang_up()
        await other.speak(0.5, 50)
        assert (await switch(client, call_uuid, "Resume")).recording_ids == [recording_id]
        await service.kept(recording_id, "running")
        await other.speak(1.2, 55)
        await call.hang_up()
        assert (await line.next("dialled")).params["DialStatus"] == "completed"
        session = await stereo.delivered(line)
        await other.ended()
    assert {40, 55} <= seconds(session.far)
    assert 50 not in seconds(session.far)
    assert session.callback["RecordingEndReason"] == "hangup"
    true(session.side)
