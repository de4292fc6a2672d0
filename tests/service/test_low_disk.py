"""Disks with too little room: new recordings are refused, the calls go on (N-4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from tests.rigged.disk import SmallDisk, small_disk
from tests.service.audio import hear
from tests.service.conftest import Change
from tests.service.service import Line, Service, true
from tests.service.steps import press, silence, speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

LOW_S = 5.0
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallDisk]:
    """Recordings are kept on it; 10 MB, of which 4 must be free."""
    with small_disk(tmp_path_factory.mktemp("disk") / "kept", 10_000) as disk:
        yield disk


@pytest.fixture(scope="module")
def change(disk: SmallDisk) -> Change:
    def changed(configured: dict[str, Any]) -> None:
        configured["storage"] |= {"path": str(disk.path), "min_free_mb": 4}

    return changed


async def fill(disk: SmallDisk, service: Service) -> None:
    since = len(service.program.log)
    disk.fill(leave=MEGABYTE)
    told = await service.program.said("disk_low", since=since, timeout=LOW_S, level="error")
    assert (told["place"], told["least_mb"]) == ("storage", 4)
    service.program.log.remove(told)  # the one error that was wanted


async def empty(disk: SmallDisk, service: Service) -> None:
    since = len(service.program.log)
    disk.empty()
    await service.program.said("disk_has_room", since=since, timeout=LOW_S)


async def refused(line: Line, place: str) -> str:
    """The callback of a recording that was refused; its id."""
    said = (await line.next("callback")).params
    assert (said["RecordingEndReason"], said["RecordingError"]) == ("failed", f"disk full: {place}")
    assert (said["RecordingDuration"], said["RecordingDurationMs"]) == ("0", "0")
    assert "RecordUrl" not in said
    return said["RecordingID"]


async def metric(service: Service, name: str) -> float:
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{service.program.url}/metrics") as reply,
    ):
        lines = (await reply.text()).splitlines()
    return float(next(line for line in lines if line.startswith(name + " ")).split()[-1])


@pytest.mark.rule("N-4", "Q-2", "P-9")
async def test_below_the_least_room_recordings_fail_and_the_flow_goes_on(
    service: Service, disk: SmallDisk
) -> None:
    """No beep is heard; a session is refused too; with room again the next one is made."""
    await fill(disk, service)
    assert await metric(service, 'recordbridge_disk_free_bytes{place="storage"}') < 4 * MEGABYTE
    before = await metric(service, 'recordbridge_recordings_refused_total{reason="disk"}')
    line = service.line()
    line.answers(
        line.record(playBeep="true"),
        line.record(recordSession="true"),
        "<Wait length='2'/>",
    )
    call = await line.call([silence(30)])
    await call.answered()
    ear = await call.listen()
    ids = {await refused(line, "storage"), await refused(line, "storage")}
    assert {each.params["RecordingID"] for each in line.requests("action")} == ids
    rows = service.rows("SELECT recording_id, status, error FROM recordings")
    kept = {row["recording_id"]: (row["status"], row["error"]) for row in rows}
    assert [kept[each] for each in ids] == [("failed", "disk full: storage")] * 2
    hangup = (await line.next("hangup")).params
    assert hangup["HangupCauseCode"] == "4010", "the document went on to its end"
    assert int(hangup["Duration"]) >= 2
    assert (await ear.heard()).levels().max() < 100, "a beep was heard"
    await call.ended()
    after = await metric(service, 'recordbridge_recordings_refused_total{reason="disk"}')
    assert after == before + 2
    await empty(disk, service)
    line = service.line()
    line.answers(line.record())
    call = await line.call([speak(1), press("#")])
    delivered = await line.delivered()
    assert hear(delivered.sound).voice_ms > 900
    true(delivered)
    await call.ended()


@pytest.mark.rule("N-4")
async def test_a_recording_that_runs_goes_on(service: Service, disk: SmallDisk) -> None:
    line = service.line()
    line.answers(line.record())
    call = await line.call([speak(5), press("#")])
    await service.program.said("recording_began", timeout=LOW_S)
    await fill(disk, service)
    delivered = await line.delivered()
    assert delivered.callback["RecordingEndReason"] == "finishOnKey"
    assert hear(delivered.sound).voice_ms > 4800
    await call.ended()
    await empty(disk, service)
