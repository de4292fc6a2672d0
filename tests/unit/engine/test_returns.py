"""A channel that was a call before comes back to a worker that has forgotten it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from recordbridge.engine import rows
from recordbridge.engine.applications import Application
from recordbridge.engine.returns import Returns
from recordbridge.errors import FenceError
from recordbridge.machine import facts as f
from recordbridge.machine.state import Profile
from tests.unit.engine.neighbours import MemoryLeases
from tests.unit.engine.test_router import CALL, CALLBACK, VOICEMAIL, Bench


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    profile = Profile(account="M", application="voicemail")
    bench = Bench(tmp_path, Application(profile=profile, flow=VOICEMAIL))
    yield bench
    await bench.close()


async def test_a_call_that_left_alive_comes_back_under_its_uuid(bench: Bench) -> None:
    await bench.enter()
    bench.run_recording()
    capture = bench.capture
    bench.feed(f.CallLeft(at=bench.clock() - 2000))
    await asyncio.sleep(0.05)
    bench.feed(f.CaptureEnded(name=capture, at=bench.clock()))
    await bench.until(CALLBACK.url)
    await bench.until_released()
    leases = MemoryLeases()
    leases.over = bench.store.calls
    returns = Returns(leases, bench.store, bench.router)
    bench.router.returned = returns.take
    bench.store.broken = FenceError("the database knows it")
    bench.feed(f.CallEntered(at=bench.clock(), channel_id="c1"))
    bench.store.broken = None
    async with asyncio.timeout(5):
        while (actor := bench.router.calls.get(CALL)) is None or actor.version == 1:
            await asyncio.sleep(0.001)
    state = actor.state
    assert len(state.recordings) == 2
    bench.flush()
    await returns.close()
    assert rows.decode(bench.store.calls[CALL].state).recordings == state.recordings
