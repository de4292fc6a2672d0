"""One worker in the place of another, at the engine's ports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from recordbridge import ids
from recordbridge.engine import rows
from recordbridge.engine.applications import Application
from recordbridge.engine.ownership import Ownership
from recordbridge.engine.recovery import Recovery
from recordbridge.engine.returns import Returns
from recordbridge.engine.succession import Succession
from recordbridge.engine.tenure import Tenure
from recordbridge.errors import ElsewhereError, FenceError
from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine.state import Profile
from recordbridge.ports.pbx import Belongings
from recordbridge.ports.rows import CallRow
from recordbridge.ports.store import Neighbour
from tests.unit.engine.neighbours import MemoryLeases
from tests.unit.engine.test_router import CALL, VOICEMAIL, Bench

pytestmark = pytest.mark.rule("N-6")

HEX = CALL.replace("-", "")
DEAD = Neighbour("rb-2", {"pbx": "recordbridge-2"}, "", lives=False)


class Worker:
    """An engine beside others."""

    def __init__(self, folder: Path) -> None:
        profile = Profile(account="M", application="a")
        self.bench = bench = Bench(folder, Application(profile=profile, flow=VOICEMAIL))
        self.leases = MemoryLeases()
        self.now = 0.0
        self.tenure = Tenure(lambda: self.now)
        bench.router.doubtful = self.tenure.doubtful
        bench.router.when_sure = self.tenure.when_sure
        self.recovery = Recovery(
            router=bench.router, store=bench.store, pipeline=bench.pipeline, worker="rb-1"
        )
        assert bench.router.deliveries is not None
        self.succession = Succession(
            leases=self.leases,
            router=bench.router,
            recovery=self.recovery,
            deliveries=bench.router.deliveries,
            tenure=self.tenure,
        )
        self.returns = Returns(self.leases, bench.store, bench.router)
        bench.router.returned = self.returns.take

    async def recording(self) -> CallRow:
        """The row of a call that records."""
        await self.bench.enter()
        self.bench.run_recording()
        self.bench.flush()
        return self.bench.store.calls[CALL]


@pytest.fixture
async def worker(tmp_path: Path) -> AsyncIterator[Worker]:
    worker = Worker(tmp_path)
    yield worker
    await worker.returns.close()
    await worker.bench.close()


async def left_by_another(worker: Worker, tmp_path: Path) -> tuple[CallRow, str, str]:
    """A call of a dead worker, which records: its row, the snoop's id and the file's name."""
    folder = tmp_path / "other"
    folder.mkdir()
    other = Worker(folder)
    row = msgspec.structs.replace(await other.recording(), fence=1, owner="rb-1")
    snoop, name = other.bench.snoop, other.bench.capture
    await other.bench.close()
    pbx = worker.bench.pbx
    pbx.surveyed.channels["c1"] = "Up"
    pbx.surveyed.belongings[CALL] = Belongings(snoops=[snoop], bridges={f"rb-{HEX}-bridge9": ()})
    worker.leases.others, worker.leases.left = [DEAD], [row]
    return row, snoop, name


async def test_a_dead_workers_call_is_brought_in_and_goes_on(
    worker: Worker, tmp_path: Path
) -> None:
    row, snoop, name = await left_by_another(worker, tmp_path)
    pbx = worker.bench.pbx
    pbx.seen = f.PbxSeen(
        at=worker.bench.clock(), channel=True, answered=True, live=(name,), snoops=(snoop,)
    )
    await worker.succession.adopt()
    assert pbx.brought == [(["c1"], [snoop], [f"rb-{HEX}-bridge9"])]
    actor = worker.bench.router.calls[CALL]
    assert (actor.version >= row.version, actor.fence) == (True, 1)
    assert not worker.bench.told(i.EndSnoop), "it records"
    await worker.succession.adopt()
    assert len(pbx.brought) == 1


async def test_nothing_is_adopted_for_an_asterisk_that_we_do_not_reach(
    worker: Worker, tmp_path: Path
) -> None:
    await left_by_another(worker, tmp_path)
    worker.bench.pbx.connected = False
    await worker.succession.adopt()
    assert not worker.bench.router.calls
    assert worker.leases.left


async def test_channels_that_no_row_tells_of_have_one_heir(worker: Worker) -> None:
    worker.leases.others = [DEAD]
    pbx = worker.bench.pbx
    pbx.waiting["recordbridge-2"] = ["c1"]
    pbx.surveyed.calls["c1"] = False
    await worker.succession.adopt()
    assert pbx.brought == [(["c1"], [], [])]
    assert CALL in worker.bench.router.calls
    await worker.succession.adopt()
    assert len(pbx.brought) == 1


async def test_a_stuck_worker_does_nothing_until_it_knows_what_is_its_own(worker: Worker) -> None:
    """Keys, timers and commits of before wait; the call that was adopted is dropped."""
    await worker.recording()
    worker.tenure.renewed(6.0)
    worker.now = 7.0
    done = len(worker.bench.pbx.done)
    worker.bench.feed(f.KeyPressed(at=worker.bench.clock(), key="#", duration_ms=100))
    assert len(worker.bench.pbx.done) == done
    worker.leases.lost = {CALL}
    await worker.succession.drop_lost()
    worker.tenure.renewed(13.0)
    worker.succession.go_on()
    assert len(worker.bench.pbx.done) == done
    assert not worker.bench.router.calls


async def test_what_a_stuck_worker_still_owns_goes_on(worker: Worker) -> None:
    await worker.recording()
    worker.tenure.renewed(6.0)
    worker.now = 7.0
    worker.bench.feed(f.KeyPressed(at=worker.bench.clock(), key="#", duration_ms=100))
    await worker.succession.drop_lost()
    worker.tenure.renewed(13.0)
    worker.succession.go_on()
    worker.bench.flush()
    await asyncio.sleep(0)
    assert [intent.name for intent in worker.bench.told(i.EndCapture)]  # type: ignore[attr-defined]


async def test_what_a_commit_allows_waits_as_well(worker: Worker) -> None:
    """It was made just before we were stuck; another worker has gone on from it."""
    worker.bench.store.hold()
    await worker.bench.enter()
    worker.tenure.renewed(6.0)
    worker.now = 7.0
    worker.bench.store.release()
    await asyncio.sleep(0)
    assert not worker.bench.told(i.BeginSnoop)
    worker.tenure.renewed(13.0)
    worker.succession.go_on()
    assert worker.bench.told(i.BeginSnoop)


async def test_calls_are_handed_over_where_somebody_has_their_asterisk(worker: Worker) -> None:
    await worker.recording()
    worker.leases.others = [Neighbour("rb-2", {"far": "x"}, "", lives=True), DEAD]
    await worker.succession.hand_over([CALL])
    assert worker.leases.given == []
    worker.leases.others = [Neighbour("rb-3", {"pbx": "recordbridge-3"}, "", lives=True)]
    await worker.succession.hand_over([CALL])
    assert worker.leases.given == [CALL]


async def test_a_channel_that_was_a_call_before_goes_on_as_that_call(worker: Worker) -> None:
    """Its first commit is refused: the database knows it; it was over with another worker."""
    row = await worker.recording()
    worker.bench.feed(f.CallDestroyed(at=worker.bench.clock()))
    await worker.bench.until_released()
    over = msgspec.structs.replace(worker.bench.store.calls[CALL], fence=5)
    assert over.version > row.version
    worker.leases.over[CALL] = over
    worker.bench.store.broken = FenceError("its row has moved on")
    worker.bench.feed(f.CallEntered(at=worker.bench.clock(), channel_id="c1"))
    worker.bench.store.broken = None
    async with asyncio.timeout(5):
        while (actor := worker.bench.router.calls.get(CALL)) is None or actor.fence != 5:
            await asyncio.sleep(0.001)
    worker.bench.flush()
    assert actor.version > over.version
    assert len(actor.state.recordings) >= 1, "it is the same call"


async def test_a_channel_that_another_worker_records_is_sent_on_to_it(worker: Worker) -> None:
    await worker.recording()
    state = rows.decode(worker.bench.store.calls[CALL].state)
    row = msgspec.structs.replace(
        rows.call_row(msgspec.structs.replace(state, outside=True), 9, 0, open_=True), owner="rb-3"
    )
    worker.bench.router.calls[CALL].close()
    worker.bench.store.calls[CALL] = row
    worker.leases.others = [Neighbour("rb-3", {"pbx": "recordbridge-3"}, "", lives=True)]
    entered = f.CallEntered(at=1, channel_id="c1", args={"application": "a"})
    worker.returns.take("pbx", entered)
    async with asyncio.timeout(5):
        while not worker.bench.pbx.sent_on:
            await asyncio.sleep(0.001)
    assert worker.bench.pbx.sent_on == [("c1", "recordbridge-3", {"application": "a"})]


async def test_a_call_of_another_worker_is_not_taken_up(worker: Worker) -> None:
    row = msgspec.structs.replace(await worker.recording(), owner="rb-2")
    worker.bench.store.calls[CALL] = row
    ours = Ownership(worker.bench.store, worker.leases, "rb-1")
    assert await ours.elsewhere(CALL) == row
    with pytest.raises(ElsewhereError):
        await ours.taken(CALL)
    assert await ours.elsewhere(ids.call_uuid("pbx", "unknown")) is None
    alone = Ownership(worker.bench.store)
    assert (await alone.elsewhere(CALL), await alone.taken(CALL)) == (None, row)


async def test_after_a_reconnect_another_workers_call_is_left_alone(worker: Worker) -> None:
    """A snoop of it may still be in our application: it records for the other."""
    row = msgspec.structs.replace(await worker.recording(), owner="rb-2")
    worker.bench.store.calls[CALL] = row
    worker.bench.router.calls[CALL].lose()
    pbx, snoop = worker.bench.pbx, worker.bench.snoop
    pbx.surveyed.calls["c1"] = True
    pbx.surveyed.ours.update(("c1", snoop))
    pbx.surveyed.belongings[CALL] = Belongings(snoops=[snoop])
    await worker.recovery.reconcile(pbx)
    assert not worker.bench.told(i.EndSnoop)
    assert not worker.bench.router.calls
