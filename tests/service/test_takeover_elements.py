"""A worker dies in the middle of each element, and another goes on there (N-6)."""

from __future__ import annotations

import asyncio

import pytest

from tests.receiver import Reply
from tests.service.audio import hear
from tests.service.callees import Callees
from tests.service.program import Line as Logged
from tests.service.service import Line, document, true
from tests.service.steps import mute, press, speak
from tests.service.team import Team
from tests.service.test_dial import dial, number
from tests.service.test_early_media import hears
from tests.service.test_takeover import once

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


async def taken_over(pair: Team, call_uuid: str) -> Logged:
    """Worker 1 is killed, worker 2 has the call; then there are two again."""
    since = len(pair.programs[1].log)
    await pair.programs[0].kill()
    told = await pair.programs[1].said("calls_adopted", since=since)
    assert pair.owner(call_uuid) == "rb-2"
    await pair.programs[0].start()
    return told


async def ended(line: Line, cause: str = "4000") -> None:
    """Its flow went on to its end."""
    assert (await line.next("hangup")).params["HangupCauseCode"] == cause
    once(line, "hangup")


@pytest.mark.rule("N-6", "F-2")
async def test_a_play_is_heard_to_its_end(pair: Team) -> None:
    """The caller notices nothing: it is played once, without a gap."""
    line = pair.line()
    line.answers("<Play loop='3'>sound:vm-intro</Play>", line.record(maxLength="2"))
    async with pair.only(0):
        call = await line.call([speak(40)])
        uuid = await pair.driven_by(0, line)
    await call.answered()
    ear = await call.listen()
    await taken_over(pair, uuid)
    delivered = await line.delivered()
    true(delivered)
    levels = (await ear.heard()).levels()
    assert (levels > 100).sum() * 20 > 10_000, "three times, some five seconds each"
    once(line, "action", "callback")
    await ended(line, "4010")
    await call.ended()


@pytest.mark.rule("N-6", "F-2")
async def test_digits_are_gathered_by_the_new_worker(pair: Team) -> None:
    line = pair.line()
    keys = f"<GetDigits action='{line.url('digits')}' timeout='30' numDigits='3'/>"
    line.answers(keys)
    line.script("digits", Reply(body=document("<Hangup/>")))
    async with pair.only(0):
        call = await line.call([mute(60)])
        uuid = await pair.driven_by(0, line)
    await call.answered()
    await taken_over(pair, uuid)
    for key in "427":
        await call.press(key)
    assert (await line.next("digits")).params["Digits"] == "427"
    await ended(line)
    await call.ended()


@pytest.mark.rule("N-6", "F-2")
async def test_a_wait_ends_when_it_would_have(pair: Team) -> None:
    line = pair.line()
    line.answers("<Wait length='12'/>", line.record(maxLength="2"))
    async with pair.only(0):
        call = await line.call([speak(40)])
        uuid = await pair.driven_by(0, line)
    entered = (await pair.programs[0].said("document_arrived", call_uuid=uuid))["timestamp"]
    async with asyncio.timeout(2):  # else the document is asked for again
        while pair.rows("SELECT version FROM calls WHERE call_uuid = ?", uuid)[0]["version"] < 2:
            await asyncio.sleep(0.01)
    await taken_over(pair, uuid)
    began = (await pair.programs[1].said("recording_began", call_uuid=uuid, timeout=15))[
        "timestamp"
    ]
    assert 11.9 <= _seconds(began) - _seconds(entered) <= 13
    true(await line.delivered())
    await ended(line, "4010")
    await call.ended()


def _seconds(timestamp: str) -> float:
    hours, minutes, seconds = timestamp.split("T")[1].rstrip("Z").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


@pytest.mark.rule("N-6", "H-3")
async def test_a_document_is_asked_for_again_as_the_same_delivery(pair: Team) -> None:
    line = pair.line()
    line.answers(line.record(redirect="true"))
    line.script("action", Reply(delay_s=30), Reply(body=document("<Hangup/>")))
    async with pair.only(0):
        call = await line.call([speak(1), press("#")])
        uuid = await pair.driven_by(0, line)
    await line.next("action")
    await taken_over(pair, uuid)
    await line.next("action")
    await ended(line)
    assert hear((await line.delivered()).sound).voice_ms > 900
    once(line, "action", "callback")
    await call.ended()


@pytest.mark.rule("N-6", "S-3", "S-9")
async def test_a_conversation_goes_on_and_so_does_its_recording(pair: Team) -> None:
    """Caller and callee hear each other all the time; who hangs up then is noticed."""
    line = pair.line()
    line.answers(
        line.record(recordSession="true", recordChannelType="mono", redirect=None, maxLength="60"),
        dial(line, number(line)),
    )
    async with Callees(pair.carrier) as callees:
        async with pair.only(0):
            call = await line.call([speak(30)])
            uuid = await pair.driven_by(0, line)
        callee = await callees.next(number(line))
        await callee.answer()
        assert await hears(call, callee, 20)
        await taken_over(pair, uuid)
        assert await hears(call, callee, 30)
        assert await hears(callee, call, 20)
        await callee.hang_up()
        dialled = await line.next("dialled")
        assert dialled.params["DialStatus"] == "completed"
        delivered = await line.delivered()
        true(delivered)
        assert delivered.sound.ms > 6_000
        await call.ended()
    once(line, "dialled", "callback")


@pytest.mark.rule("N-6", "F-4")
async def test_a_phone_that_rings_is_not_rung_again(pair: Team) -> None:
    line = pair.line()
    line.answers(dial(line, number(line)))
    async with Callees(pair.carrier) as callees:
        async with pair.only(0):
            call = await line.call([mute(60)])
            uuid = await pair.driven_by(0, line)
        callee = await callees.next(number(line))
        await taken_over(pair, uuid)
        assert not callee.is_over
        await callee.answer()
        assert await hears(call, callee, 20)
        await call.hang_up()
        assert (await line.next("dialled")).params["DialStatus"] == "completed"
        await call.ended()


@pytest.mark.rule("N-6", "N-1")
async def test_a_hangup_while_nobody_had_the_call_is_noticed(pair: Team) -> None:
    line = pair.line()
    line.answers(line.record())
    async with pair.only(0):
        call = await line.call([speak(10)])
        uuid = await pair.driven_by(0, line)
    began = await pair.programs[0].said("recording_began", call_uuid=uuid)
    await pair.kept(began["recording_id"], "running")
    await asyncio.sleep(1)
    since = len(pair.programs[1].log)
    await pair.programs[0].kill()
    await call.hang_up()
    await call.ended()
    await pair.programs[1].said("calls_adopted", since=since)
    assert (await line.next("action")).params["RecordingEndReason"] == "hangup"
    delivered = await line.delivered()
    true(delivered)
    assert delivered.callback["RecordingID"] == began["recording_id"]
    assert hear(delivered.sound).voice_ms > 900
    await line.next("hangup")
    once(line, "action", "callback", "hangup")
    await pair.programs[0].start()
