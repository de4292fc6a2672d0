"""Calls through the engine on a real database of either kind, with the world around as doubles."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from recordbridge.engine.applications import Application
from recordbridge.machine import facts as f
from recordbridge.machine import life
from recordbridge.machine.state import Profile
from recordbridge.store import Database, open_store
from tests.unit.engine.test_router import ACTION, CALL, CALLBACK, VOICEMAIL, Bench
from tests.unit.store.places import Place

pytestmark = pytest.mark.rule("M-3")

APPLICATION = Application(profile=Profile(account="M", application="voicemail"), flow=VOICEMAIL)


def _engine(folder: Path, store: Database) -> Bench:
    made = Bench(folder, APPLICATION)
    made.router._store = made.recovery._store = store
    deliveries: Any = made.router.deliveries
    for each in (deliveries, deliveries._backlog, deliveries._results):
        each._store = store
    return made


async def test_a_voicemail_leaves_its_rows(tmp_path: Path, place: Place) -> None:
    async with open_store(place.url, worker="rb-1") as store:
        engine = _engine(tmp_path, store)
        await engine.enter()
        engine.run_recording()
        recording = engine.router.calls[CALL].state.recordings[0]
        capture = engine.capture
        engine.feed(f.KeyPressed(at=engine.clock(), key="#"))
        engine.feed(f.CaptureEnded(name=capture, at=engine.clock()))
        said = await engine.until(CALLBACK.url)
        engine.feed(f.CallDestroyed(at=engine.clock(), cause=16))
        await engine.until_released()
        await engine.close()
    async with open_store(place.url, worker="rb-1") as store:
        call, kept = await store.call(CALL), await store.recording(recording.recording_id)
        assert call is not None
        assert kept is not None
        assert (call.open, call.version > 1) == (False, True)
        assert (kept.status, kept.duration_ms) == ("ready", int(said["RecordingDurationMs"]))
        assert [row.state for row in await store.requests_of(CALL)] == ["delivered"] * 2
        assert await store.take_requests() == []


@pytest.mark.rule("N-1", "H-3")
async def test_a_new_process_takes_up_calls_and_requests(tmp_path: Path, place: Place) -> None:
    async with open_store(place.url, worker="rb-1") as store:
        before = _engine(tmp_path, store)
        await before.enter()
        before.run_recording()
        recording = before.router.calls[CALL].state.recordings[0]
        before.router.calls[CALL].close()
        await before.close()
    async with open_store(place.url, worker="rb-1") as store:
        after = _engine(tmp_path, store)
        assert await after.recovery.load("pbx") == 1
        after.pbx.seen = f.PbxSeen(at=after.clock(), channel=False)
        after.sender.gate = asyncio.Event()  # nothing is answered before this process ends
        await after.recovery.reconcile(after.pbx)
        after.feed(f.CaptureEnded(name=life.capture_name(recording.taps[0]), at=after.clock()))
        assert (await after.until(ACTION.url))["RecordingID"] == recording.recording_id
        await after.close()
    async with open_store(place.url, worker="rb-1") as store:
        last = _engine(tmp_path, store)
        await last.recovery.load("pbx")
        assert last.router.deliveries is not None
        assert await last.router.deliveries.resume() >= 1
        said = await last.until(CALLBACK.url)
        assert said["RecordingEndReason"] == "hangup"
        await last.until_released()
        await last.close()
