"""Requests that only the database holds: bounded memory, nothing lost, nothing twice (H-4)."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from recordbridge.engine import backlog as backlog_module
from recordbridge.engine.attempts import HEADER
from recordbridge.engine.backlog import BATCH, LOW
from recordbridge.engine.deliveries import MOST
from recordbridge.engine.lanes import LANE
from recordbridge.errors import StorageError
from recordbridge.ports.rows import RequestRow, Unit
from recordbridge.store import open_store
from tests.unit.engine.test_deliveries import DOWN, OK, Desk, row
from tests.unit.store.places import Place

pytestmark = pytest.mark.rule("H-4")

URL = "http://a.example/cb"


def old(request_id: str, url: str = URL, **fields: Any) -> RequestRow:
    """One that waits for a step of the schedule."""
    return row(request_id, url, **({"settled": True, "step": 2, "recording_id": None} | fields))


async def test_a_backlog_is_sent_once_each_from_a_real_database(place: Place) -> None:
    """While new ones come in, on the same lane and on another."""
    rows = [old(f"q{n:04}") for n in range(1500)]
    async with open_store(place.url, worker="rb-1") as store:
        await store.commit(Unit(requests=tuple(rows)))
        desk = Desk()
        desk.use(store)
        assert await desk.deliveries.resume() == 1500
        most = 0
        for n in range(40):
            fresh = row(f"new{n}", URL if n % 2 else "http://b.example/", recording_id=None)
            await store.commit(Unit(requests=(fresh,)))
            desk.deliveries.submit(fresh)
            most = max(most, len(desk.deliveries._open))
        async with asyncio.timeout(60):
            while desk.deliveries.backlog:
                most = max(most, len(desk.deliveries._open))
                await asyncio.sleep(0.005)
        await desk.deliveries.close(5)
        assert await store.queues() == [], "which also waits for what was given to be kept"
        sent = Counter(headers[HEADER] for _, _, headers in desk.sender.sent)
        assert set(sent.values()) == {1}
        assert len(sent) == 1540
        assert most <= BATCH + LOW + LANE + 40
        for each in ("q0000", "q1499", "new1"):
            kept = await store.request(each)
            assert kept is not None
            assert (kept.state, kept.attempts) == ("delivered", 1)


async def test_what_is_due_later_costs_no_memory_and_is_sent_in_time() -> None:
    desk = Desk(schedule_s=(2,))
    desk.sender.replies[URL] = [DOWN, OK]
    await desk.submit(row("r1"))
    async with asyncio.timeout(1):
        while desk.deliveries._open:
            await asyncio.sleep(0.01)
    assert desk.deliveries.backlog == 1, "it is not forgotten"
    await desk.until_idle()
    assert len(desk.sender.sent) == 2
    assert desk.store.rows["r1"].state == "delivered"
    await desk.deliveries.close(0)


async def test_a_dead_lane_full_of_old_ones_delays_no_other() -> None:
    desk = Desk()
    dead = [old(f"d{n}", "http://dead.example/") for n in range(2 * MOST)]
    await desk.store.commit(Unit(requests=tuple(dead)))
    hold = desk.sender.gates["http://dead.example/"] = asyncio.Event()
    await desk.deliveries.resume()
    for n in range(50):
        await desk.submit(row(f"live{n}", "http://live.example/", recording_id=None))
    await asyncio.sleep(0.05)
    urls = Counter(desk.sender.urls())
    assert urls == {"http://dead.example/": LANE, "http://live.example/": 50}
    assert len(desk.deliveries._open) <= BATCH + LANE
    hold.set()
    await desk.until_idle()
    await desk.deliveries.close(0)


async def test_of_one_recording_one_is_sent_at_a_time() -> None:
    """Its action may be at a step of the schedule when its callback goes out."""
    desk = Desk()
    desk.sender.gate = asyncio.Event()
    await desk.submit(
        row("action", "http://a.example/action"),
        row("callback", "http://b.example/cb"),
        row("other", "http://b.example/cb", recording_id="another"),
    )
    await asyncio.sleep(0.02)
    assert [headers[HEADER] for _, _, headers in desk.sender.sent] == ["action", "other"]
    desk.sender.gate.set()
    await desk.until_idle()
    assert desk.sender.sent[-1][2] == {HEADER: "callback"}
    await desk.deliveries.close(0)


async def test_what_the_database_refused_is_kept_later_and_not_sent_twice() -> None:
    desk = Desk()
    await desk.submit(row("r1"))
    desk.store.broken = StorageError("The disk is full.", full=True)
    async with asyncio.timeout(5):
        while desk.deliveries._open or not desk.deliveries._results._refused:
            await asyncio.sleep(0.01)
    desk.store.broken = None
    await desk.deliveries._backlog.look()
    async with asyncio.timeout(5):
        while desk.store.rows["r1"].state != "delivered":
            await asyncio.sleep(0.01)
    assert len(desk.sender.sent) == 1
    await desk.deliveries.close(0)


async def test_a_database_that_cannot_be_read_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backlog_module, "AGAIN_S", 0.01)
    desk = Desk()
    await desk.store.commit(Unit(requests=(old("q1"),)))
    desk.store.unreadable = [StorageError("away")] * 2
    await desk.deliveries.resume()
    await desk.until_idle()
    assert desk.store.rows["q1"].state == "delivered"
    await desk.deliveries.close(0)


async def test_one_that_is_committed_during_a_look_is_counted_once() -> None:
    """It is in the database before it is in memory."""
    desk = Desk()
    desk.sender.gate = asyncio.Event()
    fresh = row("r1")
    await desk.store.commit(Unit(requests=(fresh,)))
    look = asyncio.create_task(desk.deliveries._backlog.look())
    await asyncio.sleep(0)
    desk.deliveries.submit(fresh)
    await look
    assert desk.deliveries.backlog == 1
    desk.sender.gate.set()
    await desk.until_idle()
    await desk.deliveries.close(0)


async def test_one_that_was_counted_twice_is_none_when_all_is_done() -> None:
    desk = Desk()
    fresh = row("r1")
    await desk.store.commit(Unit(requests=(fresh,)))
    await desk.deliveries._backlog.look()
    desk.deliveries.submit(fresh)
    await desk.until_idle()
    assert len(desk.sender.sent) == 1
    await desk.deliveries.close(0)


async def test_a_mistake_of_ours_is_no_endless_loop() -> None:
    desk = Desk()
    await desk.submit(row("r1", retry=b"not msgpack"))
    async with asyncio.timeout(2):
        while not desk.told:
            await asyncio.sleep(0.01)
    assert desk.told[0][1] is None, "nobody waits for it"
    assert desk.deliveries.backlog == 1
    assert desk.sender.sent == []
    await desk.deliveries.close(0)
    assert desk.store.rows["r1"].due_at > 0


@pytest.mark.rule("E-5")
async def test_many_are_sent_again(tmp_path: Path) -> None:
    async with open_store(f"sqlite:///{tmp_path}/rb.db", worker="rb-1") as store:
        rows = tuple(old(f"q{n}", state="parked") for n in range(1201))
        await store.commit(Unit(requests=rows))
        desk = Desk()
        desk.use(store)
        await desk.deliveries.replay([each.request_id for each in rows])
        async with asyncio.timeout(30):
            while desk.deliveries.backlog:
                await asyncio.sleep(0.01)
        await desk.deliveries.close(5)
    assert len({headers[HEADER] for _, _, headers in desk.sender.sent}) == 1201
    assert len(desk.sender.sent) == 1201
