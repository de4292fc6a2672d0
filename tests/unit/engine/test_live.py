"""Live calls found and asked for REST: E-1, E-3, E-6."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from recordbridge import ids
from recordbridge.engine.actor import Actor
from recordbridge.engine.applications import Application
from recordbridge.engine.live import LiveCalls
from recordbridge.engine.ownership import Ownership
from recordbridge.errors import PbxUnavailableError, StorageError
from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine.state import Profile
from recordbridge.plivo.elements import Document, Record, Wait
from tests.unit.engine.test_router import CALL, Bench

FOUND = f.CallEntered(at=1, channel_id="c1", caller="1", dialled="9", answered=True)
WAIT = Document(elements=(Wait(length_s=600),))
OURS = Application(profile=Profile(account="M", application="a"), flow=WAIT)


class Desk:
    """An engine, and what asks it."""

    def __init__(self, folder: Path) -> None:
        self.bench = Bench(folder, OURS)
        self.live = LiveCalls(
            self.bench.router,
            self.bench.store,
            self.bench.blobs,
            ownership=Ownership(self.bench.store),
            owner={"pbx": "M"}.get,
            clock=self.bench.clock,
        )

    async def record(self, call: str, account: str = "M") -> i.Reply:
        actor = await self.live.find(account, call)
        assert actor is not None
        return await self.live.ask(actor, f.RecordAsked("api", Record(record_session=True)))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    await desk.bench.close()


def enter(desk: Desk) -> None:
    desk.bench.router.fact("pbx", CALL, FOUND)


@pytest.mark.rule("E-6", "E-7")
@pytest.mark.parametrize("name", [CALL, "c1", "rb-" + CALL.replace("-", "") + "-leg3"])
async def test_a_call_by_uuid_by_channel_and_by_the_leg_of_its_dial(desk: Desk, name: str) -> None:
    enter(desk)
    actor = await desk.live.find("M", name)
    assert isinstance(actor, Actor)
    assert actor.state.call_uuid == CALL
    assert await desk.live.find("OTHER", name) is None
    state = desk.live.state("M", name)
    assert state is not None
    assert desk.live.state("OTHER", name) is None


@pytest.mark.rule("E-1")
async def test_the_uuid_of_a_leg_leads_to_its_call(desk: Desk) -> None:
    enter(desk)
    leg = "rb-" + CALL.replace("-", "") + "-leg3"
    uuid = ids.call_uuid("pbx", leg)
    desk.bench.pbx.channels[uuid] = msgspec.structs.replace(FOUND, channel_id=leg)
    actor = await desk.live.find("M", uuid)
    assert isinstance(actor, Actor)
    assert actor.state.call_uuid == CALL
    assert await desk.live.find("OTHER", uuid) is None


@pytest.mark.rule("E-1", "E-6")
async def test_a_channel_in_the_dialplan_is_taken_up_once(desk: Desk) -> None:
    desk.bench.pbx.channels["c1"] = FOUND
    assert await desk.live.find("OTHER", "c1") is None
    assert not desk.bench.router.calls
    first = await desk.record("c1")
    second = await desk.record(CALL)
    assert len({*first.recording_ids, *second.recording_ids}) == 2
    assert desk.bench.pbx.done.count(i.Follow(channel_id="c1")) == 1
    assert await desk.live.find("M", "nobody") is None


@pytest.mark.rule("E-1")
async def test_an_asterisk_that_is_away_is_no_answer(desk: Desk) -> None:
    desk.bench.pbx.connected = False
    with pytest.raises(PbxUnavailableError):
        await desk.live.find("M", "c1")


@pytest.mark.rule("E-1")
async def test_a_call_that_left_us_is_taken_up_where_it_was(desk: Desk) -> None:
    """Its ids go on: nothing of it is under an id twice. Also when only the database knows it."""
    desk.bench.pbx.channels["c1"] = FOUND
    before = await desk.record("c1")
    actor = desk.bench.router.calls[CALL]
    for snoop in [tap for r in actor.state.recordings for tap in r.taps]:
        desk.bench.router.fact("pbx", CALL, f.SnoopEntered(snoop.snoop_id))
    desk.bench.router.dropped(actor, hang_up=False)
    actor.close()
    assert await desk.live.find("OTHER", "c1") is None
    after = await desk.record("c1")
    assert before.recording_ids != after.recording_ids
    assert len(desk.bench.router.calls[CALL].state.recordings) == 2


@pytest.mark.rule("E-1")
async def test_what_cannot_be_kept_is_told(desk: Desk) -> None:
    enter(desk)
    desk.bench.store.broken = StorageError("the disk is full")
    with pytest.raises(StorageError):
        await desk.record(CALL)


@pytest.mark.rule("E-1", "E-6")
async def test_a_channel_that_comes_in_gets_the_flow_of_its_application(desk: Desk) -> None:
    desk.bench.pbx.channels["c1"] = FOUND
    await desk.record("c1")
    assert desk.bench.router.calls[CALL].state.outside
    enter(desk)
    state = desk.bench.router.calls[CALL].state
    assert (state.outside, state.profile.application) == (False, "a")
