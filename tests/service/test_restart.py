"""The program ends and comes back: nothing is lost, nothing is sent under another id (H-3, N-1)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio

from tests.receiver import Reply, Reset
from tests.rigged import pbx
from tests.service.audio import hear
from tests.service.callees import Callees
from tests.service.conftest import judge, running
from tests.service.service import Service, document, true
from tests.service.steps import hang_up, mute, press, speak
from tests.service.test_dial import dial, number
from tests.service.test_early_media import hears

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mortal(
    rig: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """A service that its tests kill and start again, one after the other.

    A copy of Asterisk's may remain: kill can come between its file being safe and its deletion.
    """
    async with running(rig, tmp_path_factory.mktemp("mortal")) as service:
        yield service
        await service.nothing_left(files=False)
        await service.program.stop()
        judge(service.program)


@pytest.mark.rule("H-3", "N-1")
async def test_a_callback_that_nobody_took_is_sent_after_kill(mortal: Service) -> None:
    """The application is down, the service is killed; the same delivery comes after the restart."""
    line = mortal.line()
    line.answers(line.record(action=None, callbackUrl=line.url("callback") + "#rc=0"))
    line.script("callback", Reset())
    call = await line.call([speak(0.5), press("#")])
    refused = await line.next("callback")
    await call.ended()
    await mortal.program.kill()
    line.script("callback", Reply())
    await mortal.program.start()
    again = await line.next("callback")
    name = "X-Recordbridge-Delivery"
    assert again.headers[name] == refused.headers[name]
    assert again.params["RecordingID"] == refused.params["RecordingID"]
    assert hear(await mortal.sound(again.params["RecordUrl"])).voice_ms > 400


@pytest.mark.rule("N-1", "P-8")
async def test_kill_at_the_end_of_a_recording_loses_nothing(mortal: Service) -> None:
    """Killed as soon as it has kept why the recording ended: the file may still be Asterisk's."""
    line = mortal.line()
    line.answers(line.record(redirect="true"))
    line.script("action", Reply(body=document("<Hangup/>")))
    since = len(mortal.program.log)
    call = await line.call([speak(1), press("#")])
    began = await mortal.program.said("recording_began", since=since)
    await mortal.kept(began["recording_id"], "ending", "collecting", "done")
    await mortal.program.kill()
    await mortal.program.start()
    action = (await line.next("action")).params
    delivered = await line.delivered()
    true(delivered)
    assert action["RecordingID"] == delivered.callback["RecordingID"] == began["recording_id"]
    assert (action["Digits"], action["RecordingEndReason"]) == ("#", "finishOnKey")
    assert hear(delivered.sound).voice_ms > 900
    await call.ended()


@pytest.mark.rule("N-1", "P-6")
async def test_kill_in_the_middle_of_a_recording_loses_nothing(mortal: Service) -> None:
    """The recording goes on without us and ends at its maxLength."""
    line = mortal.line()
    line.answers(line.record(maxLength=4))
    since = len(mortal.program.log)
    call = await line.call([speak(8)])
    began = await mortal.program.said("recording_began", since=since)
    await mortal.kept(began["recording_id"], "running")
    await mortal.program.kill()
    await mortal.program.start()
    delivered = await line.delivered()
    true(delivered)
    assert delivered.callback["RecordingID"] == began["recording_id"]
    assert delivered.callback["RecordingEndReason"] == "maxLength"
    assert 3980 <= delivered.sound.ms <= 4000
    assert hear(delivered.sound).voice_ms >= 0.95 * delivered.sound.ms
    await call.ended()


@pytest.mark.rule("N-1", "P-10")
async def test_a_hangup_while_we_were_away_is_noticed(mortal: Service) -> None:
    line = mortal.line()
    line.answers(line.record())
    since = len(mortal.program.log)
    call = await line.call([speak(1), hang_up()])
    began = await mortal.program.said("recording_began", since=since)
    await mortal.kept(began["recording_id"], "running")
    await mortal.program.kill()
    await call.ended()
    await mortal.program.start()
    action = (await line.next("action")).params
    delivered = await line.delivered()
    assert (action["RecordingEndReason"], action["CallStatus"]) == ("hangup", "completed")
    assert hear(delivered.sound).voice_ms > 900
    await line.next("hangup")


@pytest.mark.rule("H-3", "N-1")
async def test_an_action_in_flight_is_asked_again_after_kill(mortal: Service) -> None:
    """The caller waits for its reply all the while, and goes on with it."""
    line = mortal.line()
    line.answers(line.record(redirect="true"))
    line.script("action", Reply(delay_s=30))
    call = await line.call([speak(0.5), press("#")])
    first = await line.next("action")
    await mortal.program.kill()
    line.script("action", Reply(body=document("<Hangup/>")))
    await mortal.program.start()
    again = await line.next("action")
    name = "X-Recordbridge-Delivery"
    assert again.headers[name] == first.headers[name]
    assert again.params["RecordingID"] == first.params["RecordingID"]
    assert (await line.next("hangup")).params["HangupCauseCode"] == "4000"
    assert hear((await line.delivered()).sound).voice_ms > 400
    await call.ended()


@pytest.mark.rule("N-7", "N-1")
async def test_sigterm_parks_a_call_and_the_next_start_goes_on(mortal: Service) -> None:
    """It ends well within ten seconds, in the middle of a recording, without an error."""
    line = mortal.line()
    line.answers(line.record(maxLength=4))
    since = len(mortal.program.log)
    call = await line.call([speak(8)])
    began = await mortal.program.said("recording_began", since=since)
    assert await mortal.program.stop() < 10
    await asyncio.sleep(0.2)
    await mortal.program.start()
    delivered = await line.delivered()
    assert delivered.callback["RecordingID"] == began["recording_id"]
    assert 3980 <= delivered.sound.ms <= 4000
    await call.ended()


@pytest.mark.rule("N-1", "F-4")
async def test_a_callee_that_is_heard_before_it_answers_is_heard_after_kill(
    mortal: Service,
) -> None:
    """Its phone is not rung again; the conversation comes when it answers."""
    line = mortal.line()
    line.answers(dial(line, number(line), dialMusic="real"))
    async with Callees(mortal.carrier) as callees:
        call = await line.call([mute(0)])
        callee = await callees.next(number(line))
        assert await hears(call, callee, 40)
        await mortal.program.kill()
        assert await hears(call, callee, 45), "Asterisk goes on by itself"
        await mortal.program.start()
        assert not callee.is_over
        assert await hears(call, callee, 50)
        await callee.answer()
        await call.answered()
        assert await hears(call, callee, 55)
        assert await hears(callee, call, 20)
        await callee.hang_up()
        assert (await line.next("dialled")).params["DialStatus"] == "completed"
        await call.ended()


@pytest.mark.rule("N-1", "E-7")
async def test_a_call_that_comes_back_after_the_restart_is_the_same_call(mortal: Service) -> None:
    """It had left for the dialplan, and was over for us; the database alone knows it."""
    line = mortal.line()
    line.answers("<Wait length='60'/>")
    call = await line.call([speak(30)])
    uuid = (await line.next("answer")).params["CallUUID"]
    channel = await mortal.channel(line)
    elsewhere = {"context": "from-carrier", "extension": "9198"}
    await mortal.pbx("POST", f"channels/{channel}/continue", **elsewhere)
    await line.next("hangup")
    await mortal.program.kill()
    await mortal.program.start()
    line.answers(line.record(maxLength=2), "<Hangup/>")
    name = (await mortal.pbx("GET", f"channels/{channel}"))["name"]
    command = f"channel redirect {name} recordbridge,{line.number},1"
    await asyncio.to_thread(pbx.console, mortal.rig, command)
    assert (await line.next("answer")).params["CallUUID"] == uuid
    true(await line.delivered())
    await line.next("hangup")
    await call.ended()
