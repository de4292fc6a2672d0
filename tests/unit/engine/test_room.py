"""Room on the disks: measured, judged, told to the calls, counted (N-4)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from recordbridge.engine import room as rooms
from recordbridge.engine.applications import Application
from recordbridge.engine.room import MEGABYTE, Place, Room
from recordbridge.errors import StorageError
from recordbridge.machine import intents as i
from recordbridge.machine.state import Profile
from recordbridge.telemetry.metrics import Metrics
from tests.unit.engine.test_router import CALL, VOICEMAIL, Bench

pytestmark = pytest.mark.rule("N-4")


class Disk:
    """A disk with that many MB free; None: it cannot be measured."""

    def __init__(self, free_mb: int | None) -> None:
        self.free_mb = free_mb

    async def free_bytes(self) -> int:
        if self.free_mb is None:
            raise StorageError("the disk cannot be measured")
        return self.free_mb * MEGABYTE


def gauge(metrics: Metrics, place: str) -> float | None:
    labels = {"place": place}
    return metrics.registry.get_sample_value("recordbridge_disk_free_bytes", labels)


async def test_less_than_the_least_room_is_full() -> None:
    disk, metrics = Disk(512), Metrics("test")
    room = Room([Place("storage", disk.free_bytes, 512)], metrics)
    with capture_logs() as logs:
        assert not await room.look()
        assert room.full("pbx") == ""
        disk.free_mb = 511
        assert await room.look()
        assert not await room.look()
        assert room.full("pbx") == "storage"
        disk.free_mb = 512
        assert await room.look()
        assert room.full("pbx") == ""
    assert logs == [
        {"event": "disk_low", "log_level": "error", "place": "storage", "free_mb": 511,
         "least_mb": 512},
        {"event": "disk_has_room", "log_level": "info", "place": "storage", "free_mb": 512,
         "least_mb": 512},
    ]  # fmt: skip
    assert gauge(metrics, "storage") == 512 * MEGABYTE


async def test_zero_means_no_check_but_it_is_measured() -> None:
    metrics = Metrics("test")
    room = Room([Place("storage", Disk(0).free_bytes, 0)], metrics)
    assert not await room.look()
    assert room.full("pbx") == ""
    assert gauge(metrics, "storage") == 0


async def test_a_spool_concerns_its_asterisk_only() -> None:
    places = [
        Place(f"spool:{name}", Disk(mb).free_bytes, 9, name) for name, mb in (("a", 1), ("b", 10))
    ]
    room = Room(places, Metrics("test"))
    await room.look()
    assert (room.full("a"), room.full("b")) == ("spool:a", "")


async def test_what_cannot_be_measured_keeps_its_judgement_and_is_told_once() -> None:
    disk = Disk(1)
    room = Room([Place("storage", disk.free_bytes, 9)], Metrics("test"))
    await room.look()
    disk.free_mb = None
    with capture_logs() as logs:
        assert not await room.look()
        assert not await room.look()
    assert room.full("pbx") == "storage"
    assert [each["event"] for each in logs] == ["disk_unmeasured"]


async def test_calls_are_told_and_refusals_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a call that is there, and of one that enters later."""
    monkeypatch.setattr(rooms, "LOOK_S", 0.01)
    bench = Bench(tmp_path, Application(Profile(account="MA1", application="a"), flow=VOICEMAIL))
    disk, metrics = Disk(1), Metrics("test")
    room = Room([Place("storage", disk.free_bytes, 9)], metrics)
    await room.look()
    bench.router.room = room.full
    await bench.enter()
    assert bench.router.calls[CALL].state.recordings[0].error == "disk full: storage"
    assert not bench.told(i.BeginSnoop)
    refused = bench.metrics.registry.get_sample_value(
        "recordbridge_recordings_refused_total", {"reason": "disk"}
    )
    assert refused == 1
    told = asyncio.Event()

    def changed() -> None:
        bench.router.room_changed()
        told.set()

    async with room.watching(changed):
        disk.free_mb = 10
        async with asyncio.timeout(5):
            await told.wait()
    assert bench.router.calls[CALL].state.full == ""
