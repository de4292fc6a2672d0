"""A mistake of ours in one call: it is hung up, and its recording is told of all the same (N-1)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from recordbridge.engine.applications import Application
from recordbridge.engine.mending import Mending
from recordbridge.machine import call as machine
from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine.state import Profile
from recordbridge.store import Database, open_store
from tests.unit.engine.test_router import ACTION, CALL, CALLBACK, VOICEMAIL, Bench

pytestmark = pytest.mark.rule("N-1")


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    profile = Profile(account="M", application="voicemail")
    bench = Bench(tmp_path, Application(profile=profile, flow=VOICEMAIL))
    yield bench
    await bench.close()


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch) -> set[type[f.Fact]]:
    """Facts of these kinds are too much for the machine."""
    kinds: set[type[f.Fact]] = set()
    step = machine.step

    def breaks(state: Any, fact: Any, now: Any) -> Any:
        if type(fact) in kinds:
            raise ZeroDivisionError
        return step(state, fact, now)

    monkeypatch.setattr(machine, "step", breaks)
    return kinds


@pytest.fixture
async def store(bench: Bench) -> AsyncIterator[Database]:
    """A real database behind the engine, whose broken calls are mended."""
    async with open_store(f"sqlite:///{bench.pbx.folder}/rb.db", worker="rb-1") as store:
        each: Any
        deliveries: Any = bench.router.deliveries
        for each in (bench.router, bench.recovery, deliveries):
            each._store = store
        for each in (deliveries._backlog, deliveries._results):
            each._store = store
        mending = Mending(store.leases, bench.router, bench.recovery)
        bench.router.broken = mending.take
        yield store
        await bench.close()
        await mending.close()


async def record(bench: Bench) -> None:
    """To the middle of a recording, of which Asterisk has the file when the channel is gone."""
    await bench.enter()
    async with asyncio.timeout(5):
        while not bench.router.calls[CALL].stored:
            await asyncio.sleep(0.001)
    bench.run_recording()
    bench.flush()
    bench.pbx.seen = f.PbxSeen(at=bench.clock(), channel=False, stored=(bench.capture,))


async def test_its_recording_is_told_of(
    bench: Bench, store: Database, fault: set[type[f.Fact]]
) -> None:
    await record(bench)
    fault.add(f.KeyPressed)
    bench.feed(f.KeyPressed(at=bench.clock(), key="5"))
    assert bench.told(i.HangUp), "it must not be stuck"
    said = await bench.until(CALLBACK.url)
    assert said["RecordingDurationMs"] == "1000"
    assert ACTION.url in bench.sender.urls()
    await bench.until_released()
    row = await store.call(CALL)
    assert row is not None
    assert not row.open


async def test_one_that_breaks_again_is_left_to_the_next_start(
    bench: Bench, store: Database, fault: set[type[f.Fact]]
) -> None:
    await record(bench)
    fault |= {f.KeyPressed, f.PbxSeen}
    bench.feed(f.KeyPressed(at=bench.clock(), key="5"))
    async with asyncio.timeout(5):
        while len(bench.told(i.HangUp)) < 2 or bench.router.calls:
            await asyncio.sleep(0.001)
    await asyncio.sleep(0.05)
    assert not bench.router.calls
    row = await store.call(CALL)
    assert row is not None
    assert row.open
