"""Asterisk dies during recordings: what it had written is repaired and delivered (N-2)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio

from recordbridge.instant import SystemClock
from tests.rigged import pbx
from tests.service.audio import Sound, hear
from tests.service.conftest import judge, running
from tests.service.service import Line, Service
from tests.service.steps import speak
from tests.service.stereo import read

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(
        "RECORDBRIDGE_ASTERISK_URL" in os.environ, reason="an Asterisk of the user's is not killed"
    ),
]

LOST_MS = 2_100


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(
    rig: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    async with running(rig, tmp_path_factory.mktemp("service")) as service:
        yield service
        await service.nothing_left()
        await service.program.stop()
        judge(service.program)


async def saved(line: Line, killed_at: int, *, stereo: bool) -> Sound:
    """The caller's side of what was delivered; nothing is missing but the last two seconds."""
    callback = (await line.next("callback")).params
    assert callback["RecordingEndReason"] == "failed"
    assert "Asterisk was ended" in callback["RecordingError"]
    status, _, data = await line.service.get(callback["RecordUrl"])
    assert status == 200
    sound = read(data)[0] if stereo else await line.service.sound(callback["RecordUrl"])
    assert int(callback["RecordingDurationMs"]) == round(sound.ms)
    lost = killed_at - int(callback["RecordingStartMs"]) - sound.ms
    assert -50 < lost < LOST_MS + 50, lost
    return sound


@pytest.mark.rule("N-2", "Q-2", "M-1")
@pytest.mark.parametrize("ours_too", [False, True])
async def test_what_asterisk_had_written_is_delivered(service: Service, ours_too: bool) -> None:
    """Also when the whole machine goes: then the service comes back later, too."""
    plain, session = service.line(), service.line()
    plain.answers(plain.record())
    session.answers(
        session.record(recordSession="true", recordChannelType="stereo"), "<Wait length='60'/>"
    )
    since = len(service.program.log)
    calls = [await line.call([speak(30)]) for line in (plain, session)]
    for line in (plain, session):
        asked = (await line.next("answer")).params
        await service.program.said("recording_began", since=since, call_uuid=asked["CallUUID"])
    await asyncio.sleep(4.5)  # of speech
    await asyncio.to_thread(pbx.kill, service.rig)
    killed_at = SystemClock()()
    if ours_too:
        await service.program.kill()
    await asyncio.to_thread(pbx.start, service.rig)
    if ours_too:
        await service.program.start()
    for line in (plain, session):
        sound = await saved(line, killed_at, stereo=line is session)
        assert hear(sound).voice_ms > 0.9 * sound.ms - 100
        assert (await line.next("hangup")).params["CallStatus"] == "completed"
        assert len(line.requests("callback")) == 1
    assert (await plain.next("action")).params["RecordingEndReason"] == "failed"
    for call in calls:
        await call.hang_up()
        await call.ended()
    await service.program.ready()
    line = service.line()
    line.answers("<Hangup/>")
    await (await line.call([])).ended()
