"""FastAGI when something is wrong: the dialplan goes on, and so do recordings (G-4)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from tests.service.callees import Callees
from tests.service.conftest import judge, running
from tests.service.dialplan import Dialplan
from tests.service.program import free_port
from tests.service.service import Service, true
from tests.service.steps import press, silence, speak
from tests.service.test_dial import number

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

PORT = free_port()
GOES_ON_S = 5.0
"""G-4."""
CALLEE = "17770001"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mortal(
    rig: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """A service that its tests kill and start again."""

    def changed(settings: dict[str, Any]) -> None:
        settings["agi"] = {"listen": f"127.0.0.1:{PORT}"}
        settings["default_application"] = next(iter(settings["applications"]))

    async with running(rig, tmp_path_factory.mktemp("mortal"), changed) as service:
        yield service
        await service.nothing_left(files=False)
        await service.program.stop()
        judge(service.program)


@pytest.fixture
def dialplan(mortal: Service) -> Dialplan:
    return Dialplan(mortal, PORT)


@pytest.mark.rule("G-4", "N-1")
async def test_killed_during_a_plain_recording(mortal: Service, dialplan: Dialplan) -> None:
    """The dialplan goes on at once; the recording is completed under its own id."""
    line, since = mortal.line(), len(mortal.program.log)
    call = await dialplan.call(line, [speak(4), silence(60)], maxLength=3)
    await mortal.program.said("recording_began", since=since)
    (row,) = mortal.rows("SELECT recording_id FROM recordings WHERE dialled = ?", line.number)
    began = time.monotonic()
    await mortal.program.kill()
    told = await dialplan.told(line, GOES_ON_S)
    went_on("plain", time.monotonic() - began)
    assert told.status == ""
    await mortal.program.start()
    kept = await line.delivered()
    assert kept.callback["RecordingID"] == row["recording_id"]
    assert kept.callback["RecordingEndReason"] == "maxLength"
    assert kept.sound.ms >= 2900
    assert (await line.next("action")).params["RecordingID"] == row["recording_id"]
    true(kept)
    await call.hang_up()


def went_on(what: str, took_s: float, after: str = "the kill") -> None:
    print(f"{what}: the dialplan went on {took_s * 1000:.0f} ms after {after}")
    assert took_s < GOES_ON_S


async def asking(mortal: Service) -> None:
    """Until a dialplan stands in AGI()."""
    async with asyncio.timeout(10):
        while not any(
            each["dialplan"]["app_name"] == "AGI" for each in await mortal.pbx("GET", "channels")
        ):
            await asyncio.sleep(0.02)


MONO = {"recordChannelType": "mono", "maxLength": "20"}
BACKGROUND = {
    "session": MONO | {"recordSession": "true"},
    "dial-answer": MONO | {"startOnDialAnswer": "true"},
    "both": MONO | {"recordSession": "true", "startOnDialAnswer": "true"},
}


@pytest.mark.rule("G-4")
@pytest.mark.parametrize("mode", BACKGROUND)
async def test_killed_before_it_says_that_it_began(
    mortal: Service, dialplan: Dialplan, mode: str
) -> None:
    """The connection stands and nobody answers; then it breaks. The dialplan dials all the same."""
    line = mortal.line()
    async with Callees(mortal.carrier) as callees:
        mortal.program.freeze()
        call = await dialplan.call(line, [speak(20)], dial=number(line), **BACKGROUND[mode])
        await asking(mortal)
        began = time.monotonic()
        await mortal.program.kill()
        told = await dialplan.told(line, GOES_ON_S)
        went_on(mode, time.monotonic() - began)
        assert told.status == ""
        callee = await callees.next(number(line))
        await callee.answer()
        await call.answered()
        await mortal.program.start()
        await callee.hang_up()
        assert await dialplan.dialled(line) == "ANSWER"
    assert not call.is_over
    await call.hang_up()


@pytest.mark.rule("G-4", "N-1", "S-1", "S-2", "S-3")
@pytest.mark.parametrize("mode", BACKGROUND)
async def test_killed_while_the_dialplan_is_connected(
    mortal: Service, dialplan: Dialplan, mode: str
) -> None:
    """The parties talk on; the recording ends when it should, under its id."""
    line = mortal.line()
    async with Callees(mortal.carrier) as callees:
        call = await dialplan.call(line, [speak(30)], dial=number(line), **BACKGROUND[mode])
        told = await dialplan.told(line)
        callee = await callees.next(number(line))
        await callee.answer()
        await mortal.kept(told.recording_id, "running")
        await mortal.program.kill()
        await callee.speak(2)
        await mortal.program.start()
        began = time.monotonic()
        await callee.hang_up()
        assert await dialplan.dialled(line) == "ANSWER"
        went_on(f"{mode}, connected", time.monotonic() - began, "the callee's hangup")
        await asyncio.sleep(1)
        assert not call.is_over
        await call.hang_up()
        kept = await line.delivered()
    assert kept.callback["RecordingID"] == told.recording_id
    ended_by = "dialEnded" if mode == "dial-answer" else "hangup"
    assert kept.callback["RecordingEndReason"] == ended_by
    assert kept.sound.ms >= 2000
    true(kept)


@pytest.mark.rule("G-4", "N-7")
async def test_stopped_during_a_session(mortal: Service, dialplan: Dialplan) -> None:
    """SIGTERM, and a start: the session is recorded until the hangup."""
    line = mortal.line()
    call = await dialplan.call(line, [speak(20)], recordSession="true", maxLength=30)
    told = await dialplan.told(line)
    await mortal.program.stop()
    await mortal.program.start()
    await asyncio.sleep(1)
    await call.hang_up()
    kept = await line.next("callback")
    assert kept.params["RecordingID"] == told.recording_id
    assert kept.params["RecordingEndReason"] == "hangup"


@pytest.mark.rule("G-4")
async def test_stopped_while_a_dialplan_waits(mortal: Service, dialplan: Dialplan) -> None:
    line, since = mortal.line(), len(mortal.program.log)
    call = await dialplan.call(line, [speak(4), silence(60)], playBeep="true", maxLength=3)
    await mortal.program.said("recording_began", since=since)
    await mortal.program.stop()
    assert (await dialplan.told(line, GOES_ON_S)).status == ""
    await mortal.program.start()
    assert (await line.delivered()).callback["RecordingEndReason"] == "maxLength"
    await call.hang_up()


@pytest.mark.rule("G-4")
async def test_down_from_the_beginning(mortal: Service, dialplan: Dialplan) -> None:
    line = mortal.line()
    await mortal.program.stop()
    call = await dialplan.call(line, [silence(60)])
    told = await dialplan.told(line, GOES_ON_S)
    assert (told.agi_status, told.status) == ("FAILURE", "")
    await mortal.program.start()
    await call.hang_up()


@pytest.mark.rule("G-4")
async def test_the_example_goes_on_past_a_service_that_hangs(
    mortal: Service, dialplan: Dialplan
) -> None:
    """It takes connections and says nothing: the example dials all the same."""
    await dialplan.point()
    async with Callees(mortal.carrier) as callees:
        mortal.program.freeze()
        try:
            call = await mortal.carrier.call(f"*2{CALLEE}", [silence(60)])
            async with asyncio.timeout(GOES_ON_S + 2):
                callee = await callees.next(CALLEE)
            await callee.answer()
            await call.answered()
        finally:
            mortal.program.freeze(frozen=False)
        await call.hang_up()
        await call.ended()


@pytest.mark.rule("G-1")
async def test_the_example_escapes_commas_and_semicolons(
    mortal: Service, dialplan: Dialplan
) -> None:
    """What extensions.conf writes as \\, and \\; arrives as it was meant."""
    await dialplan.point()
    call = await mortal.carrier.call("*17099", [silence(1), speak(1), press("#")])
    action = await mortal.application.next("/done")
    assert action.query == {"tags": "a,b;c"}
    assert action.params["Digits"] == "#"
    await call.ended()


@pytest.mark.rule("G-1")
async def test_an_escaped_comma_in_an_argument(mortal: Service, dialplan: Dialplan) -> None:
    line = mortal.line()
    url = line.url("action") + "?list=1\\,2"
    call = await dialplan.call(line, [speak(1), press("#")], action=url)
    assert (await dialplan.told(line)).status == "DONE"
    assert (await line.next("action")).query == {"list": "1,2"}
    await call.hang_up()
