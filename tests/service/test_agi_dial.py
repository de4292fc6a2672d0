"""FastAGI and the dialplan's own Dial: what is recorded of it (S-2, S-3, S-7, S-9)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.service import stereo
from tests.service.audio import RATE, hear
from tests.service.callees import Callees
from tests.service.conftest import Change
from tests.service.dialplan import Dialplan
from tests.service.program import free_port
from tests.service.service import Service, true
from tests.service.steps import hang_up, silence, speak
from tests.service.test_dial import number

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

PORT = free_port()
LOST_MS = 60
"""S-9: how much of the far side's first word may be missing."""
OVERLOAD_MS = 150
ARMED = {"startOnDialAnswer": "true", "maxLength": 20}


@pytest.fixture(scope="module")
def change() -> Change:
    def changed(settings: dict[str, Any]) -> None:
        settings["agi"] = {"listen": f"127.0.0.1:{PORT}"}

    return changed


@pytest.fixture
def dialplan(service: Service) -> Dialplan:
    return Dialplan(service, PORT)


@pytest.mark.rule("G-1", "S-2", "S-5", "S-7", "S-9", "E-7")
async def test_the_conversation_of_a_dial_of_the_dialplans_own(
    service: Service, dialplan: Dialplan
) -> None:
    """It begins with the answer and ends with the Dial, though the dialplan keeps the call."""
    line = service.line()
    async with Callees(service.carrier) as callees:
        call = await dialplan.call(line, [speak(10)], dial=number(line), **ARMED)
        callee = await callees.next(number(line))
        told = await dialplan.told(line)
        assert (told.status, told.duration_ms) == ("STARTED", "-1")
        assert not line.requests("action")
        await asyncio.sleep(1)  # it rings
        await callee.answer()
        await callee.speak(2)
        action = await line.next("action")
        await callee.hang_up()
        assert await dialplan.dialled(line) == "ANSWER"
        kept = await stereo.delivered(line)
    assert action.params["RecordingID"] == told.recording_id == kept.callback["RecordingID"]
    assert action.params["RecordingDuration"] == "-1"
    assert kept.callback["RecordingEndReason"] == "dialEnded"
    began = int(kept.callback["RecordingStartMs"])
    assert began - await callee.answered() <= LOST_MS
    at, of = stereo.places(kept.far, RATE // 4)[0]
    spoke_at = began + (at - of) * 1000 / RATE
    assert abs(spoke_at - callee.spoke_at[0]) <= OVERLOAD_MS, "the callee is in its place"
    assert 1900 <= kept.far.ms <= 2600
    assert hear(kept.caller).voice_ms >= kept.caller.ms - 200
    true(kept.side)
    assert not call.is_over
    await call.hang_up()


@pytest.mark.rule("S-2")
async def test_a_dial_that_nobody_answers_makes_no_recording(
    service: Service, dialplan: Dialplan
) -> None:
    line = service.line()
    call = await dialplan.call(line, [silence(60)], dial="busy", **ARMED)
    told = await dialplan.told(line)
    assert told.status == "STARTED"
    assert await dialplan.dialled(line) == "BUSY"
    await service.program.said("recording_not_begun", recording_id=told.recording_id)
    await call.hang_up()
    await service.nothing_left()
    assert not line.requests("action")
    assert not line.requests("callback")
    assert not service.rows("SELECT * FROM recordings WHERE recording_id = ?", told.recording_id)


@pytest.mark.rule("S-3")
async def test_both_flags_go_on_after_the_dial(service: Service, dialplan: Dialplan) -> None:
    line = service.line()
    async with Callees(service.carrier) as callees:
        both = ARMED | {"recordSession": "true"}
        call = await dialplan.call(line, [speak(20)], dial=number(line), **both)
        callee = await callees.next(number(line))
        await callee.answer()
        await line.next("action")
        await callee.hang_up()
        await dialplan.dialled(line)
        await asyncio.sleep(1)
        await call.hang_up()
        kept = await stereo.delivered(line)
    assert kept.callback["RecordingEndReason"] == "hangup"
    assert kept.caller.ms >= 1000
    true(kept.side)


@pytest.mark.rule("G-1", "S-1", "S-7")
async def test_a_stereo_session_around_the_dial(service: Service, dialplan: Dialplan) -> None:
    """Caller left, callee right, aligned; the caller's hangup ends it."""
    line = service.line()
    session = {"recordSession": "true", "maxLength": 20}
    async with Callees(service.carrier) as callees:
        call = await dialplan.call(
            line, [silence(0.7), speak(3), hang_up()], dial=number(line), **session
        )
        callee = await callees.next(number(line))
        await callee.answer()
        await callee.speak(6)
        kept = await stereo.delivered(line)
        await call.ended()
    said_ms = callee.spoke_at[0] - call.spoke_at[0]
    lags = stereo.lags_ms(kept, every=RATE // 2)
    assert len(lags) >= 2
    assert all(abs(lag - said_ms) <= 60 for lag in lags), (lags, said_ms)
    assert kept.callback["RecordingEndReason"] == "hangup"
    true(kept.side)
