"""Workers are restarted one after the other under live calls, or stand still and come back."""

from __future__ import annotations

import asyncio

import pytest

from tests.receiver import Reply
from tests.service.audio import hear, lost
from tests.service.service import document, true
from tests.service.steps import press, speak
from tests.service.team import Team
from tests.service.test_takeover import MOST_LOST, once

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

HANDED_OVER_S = 2.0


@pytest.mark.rule("N-7", "N-6")
async def test_a_rolling_restart_drops_no_call_in_either_direction(pair: Team) -> None:
    """Each worker is stopped once while calls run; they are recorded all the time."""
    lines = [pair.line() for _ in range(4)]
    for line in lines:
        line.answers(line.record(maxLength=60))
    async with pair.only(0):
        calls = [await line.call([speak(25), press("#")]) for line in lines]
        uuids = [await pair.driven_by(0, line) for line in lines]
    began = [await pair.programs[0].said("recording_began", call_uuid=each) for each in uuids]
    for stopping, other in ((0, 1), (1, 0)):
        await asyncio.sleep(6.5)  # the other adopts nothing before it has beaten for a lease
        since = len(pair.programs[other].log)
        stopped = asyncio.create_task(pair.programs[stopping].stop())
        await pair.owned_by(f"rb-{other + 1}", len(calls), timeout=HANDED_OVER_S)
        assert await stopped < 10
        await pair.programs[other].said("calls_adopted", since=since, calls=len(calls))
        await pair.programs[stopping].start()
    for line, recording in zip(lines, began, strict=True):
        delivered = await line.delivered()
        true(delivered)
        assert delivered.callback["RecordingID"] == recording["recording_id"]
        assert delivered.callback["RecordingEndReason"] == "finishOnKey"
        assert lost(delivered.sound) <= MOST_LOST
        assert hear(delivered.sound).voice_ms > 24_800
        once(line, "action", "callback")
    for call in calls:
        await call.ended()


@pytest.mark.rule("N-7")
async def test_a_reply_on_its_way_is_waited_for_and_asked_for_once(pair: Team) -> None:
    line = pair.line()
    line.answers(line.record(redirect="true"))
    line.script("action", Reply(delay_s=1.5, body=document("<Wait length='3'/>", "<Hangup/>")))
    async with pair.only(0):
        call = await line.call([speak(1), press("#")])
        await pair.driven_by(0, line)
    await line.next("action")
    assert await pair.programs[0].stop() < 10
    assert (await line.next("hangup")).params["HangupCauseCode"] == "4000"
    assert len(line.requests("action")) == 1
    true(await line.delivered())
    await call.ended()
    await pair.programs[0].start()


@pytest.mark.rule("N-6")
async def test_a_worker_that_was_only_stuck_does_no_harm_when_it_returns(pair: Team) -> None:
    """It loses the call whose key was pressed meanwhile, and takes new ones."""
    line = pair.line()
    line.answers(line.record(redirect="true"), "<Hangup/>")
    line.script("action", Reply(body=document("<Wait length='8'/>", "<Hangup/>")))
    async with pair.only(0):
        call = await line.call([speak(9), press("#")])
        uuid = await pair.driven_by(0, line)
    began = await pair.programs[0].said("recording_began", call_uuid=uuid)
    await pair.kept(began["recording_id"], "running")
    since, told = len(pair.programs[0].log), len(pair.programs[1].log)
    pair.programs[0].freeze()
    await pair.programs[1].said("calls_adopted", since=told)
    action = await line.next("action")
    assert action.params["Digits"] == "#"
    pair.programs[0].freeze(frozen=False)
    await pair.programs[0].said("lease_was_over", since=since)
    assert pair.owner(uuid) == "rb-2"
    delivered = await line.delivered()
    true(delivered)
    assert delivered.callback["RecordingID"] == began["recording_id"]
    assert hear(delivered.sound).voice_ms > 8_800
    assert (await line.next("hangup")).params["HangupCauseCode"] == "4000"
    once(line, "action", "callback", "hangup")
    assert len(line.requests("action")) == 1
    await call.ended()
    again = pair.line()
    again.answers(again.record(maxLength="2"))
    async with pair.only(0):
        call = await again.call([speak(5)])
        await pair.driven_by(0, again)
    true(await again.delivered())
    await call.ended()


@pytest.mark.rule("N-6")
async def test_a_worker_whose_call_was_taken_while_it_ran_is_refused_by_the_fence(
    pair: Team,
) -> None:
    """Its lease is ended behind its back: nothing tells it but its own next commit."""
    line = pair.line()
    line.answers("<Wait length='5'/>", line.record(maxLength="2"))
    async with pair.only(0):
        call = await line.call([speak(30)])
        uuid = await pair.driven_by(0, line)
    await pair.programs[0].said("document_arrived", call_uuid=uuid)
    since = len(pair.programs[0].log)
    async with asyncio.timeout(10):
        while pair.owner(uuid) != "rb-2":
            pair.rows("UPDATE workers SET expires_at = 0 WHERE worker = 'rb-1' RETURNING worker")
            await asyncio.sleep(0.05)
    await pair.programs[0].said("fence_lost", since=since, call_uuid=uuid)
    assert pair.owner(uuid) == "rb-2"
    true(await line.delivered())
    assert (await line.next("hangup")).params["HangupCauseCode"] == "4010"
    once(line, "action", "callback", "hangup")
    await call.ended()
