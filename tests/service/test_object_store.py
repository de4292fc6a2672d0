"""Recordings in a real S3 server: both formats, both deliveries (M-2, E-4)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from urllib.parse import urlsplit

import aiohttp
import pytest
import pytest_asyncio
from yarl import URL

from tests.objectstore import BUCKET, SECRET, ObjectStore
from tests.service import conftest, stereo
from tests.service.audio import hear, read_mp3, read_wav
from tests.service.conftest import in_store
from tests.service.service import Service, true
from tests.service.steps import hang_up, press, speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

SPOKEN = [speak(1), press("#")]


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["proxy", "redirect"])
async def service(
    request: pytest.FixtureRequest,
    rig: Mapping[str, str],
    store: ObjectStore,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Service]:
    folder, changed = tmp_path_factory.mktemp("service"), in_store(store, delivery=request.param)
    async with conftest.running(rig, folder, changed) as service:
        yield service
        await service.nothing_left()
        await service.program.stop()
        conftest.judge(service.program)
        assert SECRET not in service.program.told()


def delivery(service: Service) -> str:
    return "redirect" if "redirect" in service.program.file.read_text() else "proxy"


@pytest.mark.rule("M-2", "E-4", "A-4", "Q-1")
@pytest.mark.parametrize("file_format", ["mp3", "wav"])
async def test_a_mono_recording_comes_from_the_store(
    service: Service, store: ObjectStore, file_format: str
) -> None:
    line = service.line()
    line.answers(line.record(fileFormat=file_format))
    call = await line.call(SPOKEN)
    callback = (await line.next("callback")).params
    url, recording_id = callback["RecordUrl"], callback["RecordingID"]
    key = f"{recording_id[:2]}/{recording_id}.{file_format}"
    assert key in store.names()
    status, _, data = await service.get(url)
    assert (status, data) == (200, store.content(key))
    sound = read_wav(data) if file_format == "wav" else read_mp3(data)
    said = int(callback["RecordingDurationMs"])
    assert said <= sound.ms <= said + (0 if file_format == "wav" else 3 * 72) + 1
    assert not list(service.program.folder.glob("recordings/??/*")), "nothing waits"
    await call.ended()


@pytest.mark.rule("M-2", "E-4", "S-7")
async def test_a_stereo_session_comes_from_the_store(service: Service) -> None:
    line = service.line()
    line.answers(line.record(recordSession="true", maxLength=20), "<Wait length='60'/>")
    call = await line.call([speak(2), hang_up()])
    kept = await stereo.delivered(line)
    await call.ended()
    assert hear(kept.caller).voice_ms > 1800
    true(kept.side)


@pytest.mark.rule("E-4")
async def test_parts_heads_and_conditions(service: Service) -> None:
    line = service.line()
    line.answers(line.record())
    call = await line.call(SPOKEN)
    url = (await line.next("callback")).params["RecordUrl"]
    _, headers, whole = await service.get(url)
    half = len(whole) // 2
    parts = [
        await service.get(url, Range=f"bytes={each}") for each in (f"0-{half - 1}", f"{half}-")
    ]
    assert [each[0] for each in parts] == [206, 206]
    assert b"".join(each[2] for each in parts) == whole
    assert parts[1][1]["Content-Range"] == f"bytes {half}-{len(whole) - 1}/{len(whole)}"
    assert (await service.get(url, Range=f"bytes={len(whole)}-"))[0] == 416
    assert (await service.get(url, **{"If-None-Match": headers["ETag"]}))[0] == 304
    async with aiohttp.ClientSession() as http, http.head(url, allow_redirects=True) as reply:
        assert (reply.status, reply.content_length) == (200, len(whole))
        assert reply.content_type == "audio/wav"
    await call.ended()


@pytest.mark.rule("E-4")
async def test_the_delivery_is_the_one_asked_for(service: Service, store: ObjectStore) -> None:
    """RecordUrl is always ours; a redirect leads to the store for 5 minutes."""
    line = service.line()
    line.answers(line.record())
    call = await line.call(SPOKEN)
    url = (await line.next("callback")).params["RecordUrl"]
    assert url.startswith(service.program.url)
    async with (
        aiohttp.ClientSession() as http,
        http.get(URL(url, encoded=True), allow_redirects=False) as reply,
    ):
        if delivery(service) == "proxy":
            assert reply.status == 200
        else:
            assert reply.status == 302
            there = urlsplit(reply.headers["Location"])
            assert f"{there.scheme}://{there.netloc}" == store.url
            assert there.path.startswith(f"/{BUCKET}/")
            assert "X-Amz-Expires=300" in there.query
    await call.ended()
