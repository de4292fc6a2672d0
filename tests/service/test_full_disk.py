"""Disks that fill up: Asterisk's while it records, ours while a file is kept (N-4)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests import rigged
from tests.rigged.disk import SmallDisk, small_disk
from tests.service import conftest
from tests.service.audio import hear
from tests.service.conftest import Change
from tests.service.service import Service, true
from tests.service.steps import hang_up, press, speak

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.rule("N-4", "Q-2", "M-1"),
]
KILOBYTE = 1024
BYTES_A_MS = 16


@pytest.fixture(scope="module")
def own_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """Its recording folder is to be a disk of its own: nobody's own Asterisk is treated so."""
    if "RECORDBRIDGE_ASTERISK_URL" in os.environ:
        pytest.skip("a small disk is mounted over the recording folder of a rig only")
    with rigged.running(tmp_path_factory.mktemp("rig")) as facts:
        yield facts


@pytest.fixture(scope="module")
def spool(own_rig: Mapping[str, str]) -> Iterator[SmallDisk]:
    with small_disk(Path(own_rig["RIG_RECORDINGS"]), 1000) as disk:
        yield disk


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallDisk]:
    """Where recordings are kept."""
    with small_disk(tmp_path_factory.mktemp("disk") / "kept", 4000) as disk:
        yield disk


@pytest.fixture(scope="module")
def change(kept: SmallDisk) -> Change:
    def changed(configured: dict[str, Any]) -> None:
        configured["storage"] |= {"path": str(kept.path), "min_free_mb": 0}

    return changed


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(
    own_rig: Mapping[str, str],
    spool: SmallDisk,
    change: Change,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    async with conftest.running(own_rig, folder, change) as service:
        yield service
        await service.nothing_left()
        await service.program.stop()
        conftest.judge(service.program)


async def fill(spool: SmallDisk, leave: int) -> None:
    """Once nothing of earlier recordings is there, which would make room when it is deleted."""
    async with asyncio.timeout(10):
        while any(spool.path.glob("rb-*")):
            await asyncio.sleep(0.05)
    spool.fill(leave)


@pytest.mark.parametrize("timeout", [1, 2, 15])
async def test_asterisk_s_disk_fills_up_while_the_caller_talks(
    service: Service, spool: SmallDisk, timeout: int
) -> None:
    """Asterisk calls it done; it is no silence, however short `timeout` is."""
    line = service.line()
    line.answers(line.record(timeout=timeout), "<Wait length='60'/>")
    await fill(spool, 48 * KILOBYTE)
    call = await line.call([speak(8)])
    delivered = await line.delivered()
    spool.empty()
    assert delivered.callback["RecordingEndReason"] == "failed"
    assert "disk full" in delivered.callback["RecordingError"]
    true(delivered)
    assert delivered.sound.ms >= 48 * KILOBYTE / BYTES_A_MS - 100
    assert hear(delivered.sound).voice_ms >= delivered.sound.ms - 200, "nothing but what was said"
    await call.hang_up()
    await call.ended()


@pytest.mark.parametrize("end", [press("#"), hang_up()], ids=["key", "hangup"])
@pytest.mark.parametrize("left_kb", [0, 8])
async def test_what_asterisk_cannot_write_at_the_end_is_missed(
    service: Service, spool: SmallDisk, left_kb: int, end: Any
) -> None:
    """Less than two seconds: Asterisk writes them all at the end, to a disk without room."""
    line = service.line()
    line.answers(line.record(), "<Wait length='60'/>")
    await fill(spool, left_kb * KILOBYTE)
    call = await line.call([speak(1.5), end])
    callback = (await line.next("callback")).params
    spool.empty()
    assert callback["RecordingEndReason"] == "failed"
    assert callback["RecordingError"] == "disk full: spool:pbx"
    if left_kb:
        sound = await service.sound(callback["RecordUrl"])
        assert 300 <= sound.ms <= left_kb * KILOBYTE / BYTES_A_MS
        assert hear(sound).voice_ms >= sound.ms - 100, "nothing but what was said"
    else:
        assert callback["RecordingDurationMs"] == "0"
        assert "RecordUrl" not in callback
    await call.hang_up()
    await call.ended()


@pytest.mark.parametrize("file_format", ["wav", "mp3"])
async def test_our_disk_is_full_and_then_has_room(
    service: Service, kept: SmallDisk, file_format: str
) -> None:
    """First it is failed, then delivered; Asterisk's copy stays until then."""
    line = service.line()
    line.answers(line.record(fileFormat=file_format))
    kept.fill()
    call = await line.call([speak(2), press("#")])
    first = (await line.next("callback")).params
    assert (first["RecordingEndReason"], first["RecordingError"]) == (
        "failed",
        "disk full: storage",
    )
    assert (first["RecordingDurationMs"], "RecordUrl" in first) == ("0", False)
    kept.empty()
    again = await line.delivered()
    assert again.callback["RecordingID"] == first["RecordingID"]
    assert again.callback["RecordingError"] == "disk full: storage"
    said = int(again.callback["RecordingDurationMs"])
    assert 1800 <= said <= 2200
    assert said <= again.sound.ms <= said + 3 * 72
    if file_format == "wav":
        true(again)
        assert hear(again.sound).voice_ms > 1800
    await call.ended()


async def test_our_disk_is_full_for_a_moment_only(service: Service, kept: SmallDisk) -> None:
    line = service.line()
    line.answers(line.record())
    kept.fill()
    call = await line.call([speak(2), press("#")])
    await service.program.said("collect_failed")
    await asyncio.sleep(1)  # it is tried in vain a few times
    kept.empty()
    delivered = await line.delivered()
    assert delivered.callback["RecordingEndReason"] == "finishOnKey"
    true(delivered)
    await call.ended()
