"""Beats, and when what others have left may be adopted."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from recordbridge.engine import heartbeat
from recordbridge.engine.heartbeat import Heartbeat
from recordbridge.errors import StorageError
from recordbridge.ports.rows import RequestRow
from tests.unit.store.rows import a_request

pytestmark = pytest.mark.rule("N-6")


class Leases:
    """Every adoption finds one request."""

    lease_s = 6.0

    def __init__(self) -> None:
        self.beats = 0
        self.beaten = asyncio.Event()
        self.broken = False

    async def beat(self) -> None:
        self.beats += 1
        self.beaten.set()
        if self.broken:
            raise StorageError("The database is away.")

    async def adopt_requests(self) -> list[RequestRow]:
        return [a_request()]

    async def calls_left(self) -> dict[str, int]:
        return {"rb-2": 3}


async def test_nothing_is_adopted_before_our_beats_were_in_time_for_a_lease() -> None:
    """At the start, and again after an outage in which everybody's beat was late."""
    now, sent = 0.0, list[RequestRow]()
    pulse = Heartbeat(Leases(), sent.append, lambda: now)
    adopted = []
    for now in (0, 2, 4, 6, 8, 20, 22, 24, 26):  # noqa: B007 - the clock reads it
        before = len(sent)
        await pulse.beat()
        adopted.append(len(sent) - before)
    assert adopted == [0, 0, 0, 1, 1, 0, 0, 0, 1]


async def test_calls_that_nobody_drives_are_told_once() -> None:
    now = 0.0
    pulse = Heartbeat(Leases(), lambda _: None, lambda: now)
    with capture_logs() as lines:
        for now in (0, 6, 8):  # noqa: B007 - the clock reads it
            await pulse.beat()
    told = [line for line in lines if line["event"] == "calls_left_by_dead_worker"]
    assert [(line["worker"], line["calls"]) for line in told] == [("rb-2", 3)]


async def test_it_goes_on_beating_when_a_beat_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "HEARTBEAT_S", 0.001)
    leases = Leases()
    loop = asyncio.get_running_loop()
    with capture_logs() as lines:
        async with Heartbeat(leases, lambda _: None, loop.time).running():
            leases.broken = True
            while leases.beats < 4:
                leases.beaten.clear()
                await leases.beaten.wait()
    assert {line["event"] for line in lines} == {"heartbeat_failed"}
