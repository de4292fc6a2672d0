"""Beats, and when what others have left may be adopted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from structlog.testing import capture_logs

from recordbridge.engine import heartbeat
from recordbridge.engine.heartbeat import Heartbeat
from recordbridge.engine.tenure import Tenure
from recordbridge.errors import StorageError
from tests.unit.engine.neighbours import MemoryLeases

pytestmark = pytest.mark.rule("N-6")


class Leases(MemoryLeases):
    """Counts beats; `broken` fails them."""

    def __init__(self) -> None:
        super().__init__()
        self.beats = 0
        self.beaten = asyncio.Event()
        self.broken = False

    async def beat(self, apps: Mapping[str, str]) -> None:
        self.beats += 1
        self.beaten.set()
        if self.broken:
            raise StorageError("The database is away.")


class Succession:
    """Tells in which order it was asked."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.asked = asyncio.Event()

    async def drop_lost(self) -> None:
        self.told.append("drop_lost")

    async def adopt(self) -> None:
        self.told.append("adopt")
        self.asked.set()


class Pulse:
    """A heartbeat by a clock of the test's own."""

    def __init__(self) -> None:
        self.now = 0.0
        self.leases, self.succession = Leases(), Succession()
        self.tenure = Tenure(lambda: self.now)
        self.heart = Heartbeat(
            self.leases,
            self.succession,
            self.tenure,
            apps=dict,
            sure=lambda: self.succession.told.append("sure"),
            now=lambda: self.now,
        )


async def test_nothing_is_adopted_before_our_beats_were_in_time_for_a_lease() -> None:
    """At the start, and again after an outage in which everybody's beat was late."""
    pulse = Pulse()
    well = []
    for pulse.now in (0, 2, 4, 6, 8, 20, 22, 24, 26):
        await pulse.heart.beat()
        well.append(pulse.heart.well)
    assert well == [False, False, False, True, True, False, False, False, True]
    pulse.now += 6
    assert not pulse.heart.well, "our own lease is over"


async def test_after_a_late_beat_what_was_lost_is_dropped_before_anything_is_done() -> None:
    pulse = Pulse()
    await pulse.heart.beat()
    assert not pulse.tenure.doubtful()
    pulse.now = 5.9
    assert not pulse.tenure.doubtful()
    pulse.now = 6.0
    assert pulse.tenure.doubtful()
    sure = asyncio.create_task(pulse.tenure.sure())
    await asyncio.sleep(0)
    assert not sure.done()
    pulse.now = 9.0
    await pulse.heart.beat()
    assert pulse.succession.told == ["drop_lost", "sure"]
    assert not pulse.tenure.doubtful()
    await sure


async def test_a_beat_holds_from_its_beginning_on() -> None:
    """The database counts from when it wrote it, which is later: we never believe too much."""
    pulse = Pulse()

    async def slow(_apps: Mapping[str, str]) -> None:
        pulse.now += 4

    pulse.leases.beat = slow  # type: ignore[method-assign,assignment]
    await pulse.heart.beat()
    pulse.now += 2
    assert pulse.tenure.doubtful()


async def test_with_the_database_away_nobody_can_have_taken_anything() -> None:
    pulse = Pulse()
    await pulse.heart.beat()
    pulse.tenure.database(there=False)
    pulse.now = 100.0
    assert not pulse.tenure.doubtful()
    pulse.tenure.database(there=True)
    assert pulse.tenure.doubtful(), "until the next beat"


async def test_it_goes_on_beating_and_looking_when_a_beat_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heartbeat, "HEARTBEAT_S", 0.001)
    monkeypatch.setattr(heartbeat, "LOOK_S", 0.001)
    pulse = Pulse()
    with capture_logs() as lines:
        async with pulse.heart.running():
            pulse.now = 5.0
            await pulse.heart.beat()
            pulse.now = 6.0
            await pulse.heart.beat()
            await pulse.succession.asked.wait()
            pulse.leases.broken = True
            while pulse.leases.beats < 8:
                pulse.leases.beaten.clear()
                await pulse.leases.beaten.wait()
    assert {line["event"] for line in lines} == {"heartbeat_failed"}
