"""The connection to Asterisk is cut while calls go on, and comes back (N-3)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from tests.contract.cable import Cable
from tests.receiver import Reply
from tests.service.audio import hear
from tests.service.callees import Callees
from tests.service.conftest import judge, running
from tests.service.service import Service, document, true
from tests.service.steps import hang_up, speak
from tests.service.test_dial import dial, number

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


class Far(NamedTuple):
    """A service and its connection."""

    service: Service
    cable: Cable

    async def cut(self) -> None:
        since = len(self.service.program.log)
        await self.cable.cut()
        await self.service.program.said("asterisk_away", since=since)

    async def mend(self) -> None:
        await self.cable.mend()
        await self.service.program.ready()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def far(
    rig: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Far]:
    async with Cable(rig["RECORDBRIDGE_ASTERISK_URL"]) as cable:

        def change(settings: dict[str, Any]) -> None:
            settings["asterisk"][0]["url"] = cable.url

        async with running(rig, tmp_path_factory.mktemp("far"), change) as service:
            yield Far(service, cable)
            await service.nothing_left()
            await service.program.stop()
            judge(service.program)


@pytest.mark.rule("N-3", "P-6", "P-10", "F-2", "F-4")
async def test_calls_go_on_after_a_cut_whatever_they_were_doing(far: Far) -> None:
    """Recordings run and end, a caller hangs up, a callee answers, a Wait is over: all unheard."""
    service = far.service
    limit, gone, keys, rings, waits = (service.line() for _ in range(5))
    limit.answers(limit.record(maxLength="4"))
    gone.answers(gone.record())
    keys.answers(
        f"<GetDigits action='{keys.url('keys')}' numDigits='2' timeout='4' redirect='false'/>",
        "<Wait length='30'/>",
    )
    rings.answers(dial(rings, number(rings)))
    waits.answers("<Wait length='2'/>", f"<Redirect>{waits.url('after')}</Redirect>")
    waits.script("after", Reply(body=document("<Hangup/>")))
    async with Callees(service.carrier) as callees:
        calls = [await line.call([speak(12)]) for line in (limit, keys, rings, waits)]
        calls.append(await gone.call([speak(1), hang_up()]))
        callee = await callees.next(number(rings))
        await calls[1].answered()
        await asyncio.sleep(0.4)
        await far.cut()
        await callee.answer()
        await calls[-1].ended()
        await asyncio.sleep(2)
        assert not waits.requests("after"), "nothing is begun that cannot be seen to its end"
        await far.mend()
        await waits.next("after")
        await calls[1].press("1", 100)
        await calls[1].press("2", 100)
        assert (await keys.next("keys")).params["Digits"] == "12"
        callee_hears = await callee.listen()
        await asyncio.sleep(1.5)
        assert hear(await callee_hears.heard()).voice_ms > 700
        await callee.hang_up()
        assert (await rings.next("dialled")).params["DialStatus"] == "completed"
    whole = await limit.delivered()
    true(whole)
    assert whole.callback["RecordingEndReason"] == "maxLength"
    assert 3980 <= whole.sound.ms <= 4000
    assert hear(whole.sound).voice_ms >= 0.95 * whole.sound.ms
    short = await gone.delivered()
    true(short)
    assert short.callback["RecordingEndReason"] == "hangup"
    assert hear(short.sound).voice_ms > 900
    for call in calls:
        await call.hang_up()
        await call.ended()


@pytest.mark.rule("N-3", "P-6", "Q-1")
@pytest.mark.parametrize(
    ("timeout", "longest", "reason"), [(2, 60, "silence"), (15, 2, "maxLength")]
)
async def test_a_recording_that_asterisk_ended_meanwhile_tells_why(
    far: Far, timeout: int, longest: int, reason: str
) -> None:
    line = far.service.line()
    line.answers(line.record(timeout=timeout, maxLength=longest))
    since = len(far.service.program.log)
    call = await line.call([speak(1 if reason == "silence" else 20)])
    await far.service.program.said("recording_began", since=since)
    await asyncio.sleep(0.3)
    await far.cut()
    await asyncio.sleep(4 if reason == "silence" else 8)
    await far.mend()
    delivered = await line.delivered()
    true(delivered)
    assert delivered.callback["RecordingEndReason"] == reason
    if reason == "silence":
        assert 1000 < delivered.sound.ms < 1400
        stopped = int(delivered.callback["RecordingStoppedMs"])
        assert 1700 < stopped - int(delivered.callback["RecordingEndMs"]) < 2100
    else:
        assert 1980 <= delivered.sound.ms <= 2000
    await call.hang_up()
    await call.ended()
