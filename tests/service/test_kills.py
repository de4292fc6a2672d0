"""The program is killed at every place between what is kept and what is done (N-1, H-3).

One call goes through all the places of its course: at each the program dies, is started again,
and dies at the next. In the end there is one recording, whole, and whatever was sent twice was
sent with the same `X-Recordbridge-Delivery`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio

from tests.receiver import Reply
from tests.service.audio import RATE, find, hear
from tests.service.callees import Callees
from tests.service.conftest import judge, running
from tests.service.service import Delivered, Line, Service, document, true
from tests.service.steps import press, speak
from tests.service.test_dial import dial, number

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

DELIVERY = "X-Recordbridge-Delivery"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mortal(
    rig: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """A service that dies where its tests want it; in the end Asterisk has nothing of it that runs.

    A file of a step that was never kept may remain, when the next kill comes before its deletion.
    """
    folder = tmp_path_factory.mktemp("mortal")
    (folder / "failpoints").mkdir()
    async with running(rig, folder) as service:
        yield service
        await service.nothing_left(files=False)
        await service.program.stop()
        judge(service.program)


async def through(service: Service, *places: str) -> None:
    """Die at the place that is armed, and then at each of these, starting again in between."""
    for place in places:
        await service.program.died()
        service.program.dies_at(place)
        await service.program.start(ready=False)
    await service.program.died()
    await service.program.start()


async def once(line: Line, *names: str) -> None:
    """To each address one request was made, however often."""
    for name in names:
        sent = {each.headers[DELIVERY] for each in line.requests(name)}
        assert len(sent) == 1, (name, sent)


async def one_recording(line: Line, reason: str) -> Delivered:
    """The only one there is, with its requests."""
    delivered = await line.delivered()
    action = await line.next("action")
    if delivered.sound.rate == RATE:  # an MP3 is a few hundredths longer
        true(delivered)
    assert action.params["RecordingID"] == delivered.callback["RecordingID"]
    assert delivered.callback["RecordingEndReason"] == reason, delivered.callback
    await once(line, "answer", "action", "callback", "hangup")
    return delivered


@pytest.mark.rule("N-1", "H-3", "M-1")
@pytest.mark.parametrize(
    ("kind", "places"),
    [
        ("wav", "after.EndCapture pipeline.kept before.action sending.action answered.action"),
        ("mp3", "pipeline.measured before.Discard pipeline.deleting"),
    ],
)
async def test_a_voicemail_survives_a_kill_at_every_place_of_its_end(
    mortal: Service, kind: str, places: str
) -> None:
    line = mortal.line()
    line.answers(line.record(fileFormat=kind))
    since = len(mortal.program.log)
    call = await line.call([speak(1.5)])
    await mortal.program.said("recording_began", since=since)
    await call.followed()
    mortal.program.dies_at("before.EndCapture")
    await call.press("#", 100)
    await through(mortal, *places.split())
    delivered = await one_recording(line, "finishOnKey")
    assert line.requests("action")[0].params["Digits"] == "#"
    assert hear(delivered.sound).voice_ms > 1300 or kind == "mp3"
    await call.ended()


@pytest.mark.rule("N-1", "X-2")
async def test_a_voicemail_survives_a_kill_at_every_place_of_its_beginning(
    mortal: Service,
) -> None:
    """A recording that was not kept yet begins anew, and nothing is left of the first one."""
    line = mortal.line()
    line.answers(line.record())
    mortal.program.dies_at("sending.answer")
    call = await line.call([speak(60)])
    await through(mortal, "answered.answer", "after.BeginSnoop", "after.BeginCapture")
    await call.answered()
    await call.press("#", 100)
    delivered = await one_recording(line, "finishOnKey")
    assert hear(delivered.sound).voice_ms > delivered.sound.ms - 300
    await call.ended()


@pytest.mark.rule("N-1", "X-2")
async def test_what_is_said_is_in_the_file_from_the_answer_on(mortal: Service) -> None:
    """A call is answered for a recording only when a restart will know of the recording."""
    line = mortal.line()
    line.answers(line.record())
    mortal.program.dies_at("after.Answer")
    call = await line.call([speak(60)])
    await through(mortal)
    await call.answered()
    await call.press("#", 100)
    delivered = await one_recording(line, "finishOnKey")
    assert find(delivered.sound, RATE).wanted_at > -RATE // 50, "its beginning is missing"
    assert hear(delivered.sound).voice_ms > delivered.sound.ms - 300
    await call.ended()


@pytest.mark.rule("N-1", "F-4", "S-2")
async def test_a_phone_is_dialled_once_however_often_its_service_dies(mortal: Service) -> None:
    """A leg that was made and not dialled is dialled, one that was is left alone."""
    line = mortal.line()
    record = line.record(startOnDialAnswer="true", recordChannelType="mono")
    line.answers(record, dial(line, number(line)))
    async with Callees(mortal.carrier) as callees:
        mortal.program.dies_at("after.BeginLeg")
        call = await line.call([speak(60)])
        await through(mortal)
        callee = await callees.next(number(line))
        await mortal.program.kill()  # it has neither rung nor answered
        await mortal.program.start()
        mortal.program.dies_at("before.JoinBridge")
        await callee.answer()
        await through(mortal)
        heard = await callee.listen()
        await callee.speak(1.5)
        await callee.hang_up()
        assert hear(await heard.heard()).voice_ms > 1000
        assert [each.number for each in callees.all] == [callee.number]
    delivered = await line.delivered()
    true(delivered)
    assert (await line.next("dialled")).params["DialStatus"] == "completed"
    await once(line, "answer", "action", "callback", "dialled", "hangup")
    await call.ended()


@pytest.mark.rule("N-1", "P-2", "Q-1")
async def test_a_beep_that_may_not_have_been_heard_is_played_again(mortal: Service) -> None:
    """A recording that began unheard is kept from its first sample on, with its true times."""
    line = mortal.line()
    line.answers(line.record(playBeep="true"))
    mortal.program.dies_at("before.BeginPlayback")
    call = await line.call([speak(60)])
    await call.answered()
    caller_hears = await call.listen()
    await through(mortal, "after.BeginPlayback", "after.BeginCapture")
    heard = (await caller_hears.heard()).levels()
    await call.press("#", 100)
    delivered = await one_recording(line, "finishOnKey")
    assert (heard > 500).sum() * 20 > 600, "more than one beep"
    assert hear(delivered.sound).voice_ms > delivered.sound.ms - 300
    stopped = int(delivered.callback["RecordingStoppedMs"])
    assert 0 <= stopped - int(delivered.callback["RecordingEndMs"]) < 400
    await call.ended()


@pytest.mark.rule("N-1", "P-9")
async def test_a_document_that_came_and_was_not_kept_is_asked_for_again(mortal: Service) -> None:
    line = mortal.line()
    line.answers(line.record(redirect="true", maxLength="2"))
    line.script("action", Reply(body=document("<Wait length='1'/>", "<Hangup/>")))
    mortal.program.dies_at("sending.action")
    call = await line.call([speak(4), press("1")])
    await through(mortal, "answered.action")
    assert (await line.next("hangup")).params["HangupCauseCode"] == "4000"
    await once(line, "action", "callback", "hangup")
    await call.ended()
