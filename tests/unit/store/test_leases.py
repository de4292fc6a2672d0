"""Owners, fences and heartbeats: a call has one owner, and an older one cannot write any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from recordbridge.errors import FenceError
from recordbridge.ports.rows import CallRow, RequestUpdate, Unit
from recordbridge.store import Database, leases, open_store
from tests.unit.store.places import Place, PostgresPlace
from tests.unit.store.rows import NOON, a_call, a_request

pytestmark = pytest.mark.rule("N-6")


@pytest.fixture
async def other(postgres_place: PostgresPlace) -> AsyncIterator[Database]:
    """A second worker on the same database."""
    async with open_store(postgres_place.url, worker="rb-2") as opened:
        yield opened


@pytest.fixture
async def ours(postgres_place: PostgresPlace) -> AsyncIterator[Database]:
    async with open_store(postgres_place.url, worker="rb-1") as opened:
        yield opened


def _fences(rows: list[CallRow]) -> list[tuple[str, int, str]]:
    return [(row.call_uuid, row.fence, row.owner) for row in rows]


def _kill(place: Place, worker: str) -> None:
    """Its last beat was long ago."""
    place.execute(f"UPDATE workers SET expires_at = 0 WHERE worker = '{worker}'")


async def test_rows_belong_to_the_worker_that_made_them(store: Database) -> None:
    await store.commit(Unit(call=a_call(owner="x"), requests=(a_request(owner="x"),)))
    assert await store.call("c1") == a_call(owner="rb-1")
    assert await store.request("q1") == a_request(owner="rb-1")


async def test_coming_back_gives_a_higher_fence_and_the_old_one_fails(place: Place) -> None:
    """So whatever an earlier process of ours still writes is refused."""
    async with open_store(place.url, worker="rb-1") as store:
        await store.commit(Unit(call=a_call("c1")))
        await store.commit(Unit(call=a_call("c2", entered_at=NOON - 1)))
        await store.commit(Unit(call=a_call("done", open=False)))
        await store.commit(Unit(call=a_call("far", asterisk="pbx2")))
    async with open_store(place.url, worker="rb-1") as store:
        rows = await store.take_calls("pbx")
        assert _fences(rows) == [("c2", 1, "rb-1"), ("c1", 1, "rb-1")]
        assert rows[1] == a_call("c1", fence=1)
        with pytest.raises(FenceError):
            await store.commit(Unit(call=a_call("c1", 2)))
        await store.commit(Unit(call=a_call("c1", 2, fence=1)))
        assert _fences(await store.take_calls("pbx"))[1] == ("c1", 2, "rb-1")


async def test_unfinished_requests_are_taken_up(store: Database) -> None:
    await store.commit(
        Unit(requests=(a_request("q1", created_at=NOON + 1), a_request("q2"), a_request("q3")))
    )
    await store.commit(Unit(updates=(RequestUpdate("q3", state="delivered"),)))
    assert await store.take_requests() == [a_request("q2"), a_request("q1", created_at=NOON + 1)]


async def test_what_the_release_before_wrote_belongs_to_whoever_starts(place: Place) -> None:
    async with open_store(place.url, worker="rb-1") as store:
        await store.commit(Unit(call=a_call(), requests=(a_request(),)))
    place.execute("UPDATE calls SET owner = ''")
    place.execute("UPDATE requests SET owner = ''")
    async with open_store(place.url, worker="rb-1") as store:
        assert _fences(await store.take_calls("pbx")) == [("c1", 1, "rb-1")]
        assert await store.take_requests() == [a_request()]


async def test_the_only_worker_may_get_another_name(path_url: str) -> None:
    """SQLite serves one: whatever it was called."""
    async with open_store(path_url, worker="rb-1") as store:
        await store.commit(Unit(call=a_call(), requests=(a_request(),)))
    async with open_store(path_url, worker="rb-9") as store:
        assert _fences(await store.take_calls("pbx")) == [("c1", 1, "rb-9")]
        assert [row.owner for row in await store.take_requests()] == ["rb-9"]


async def test_a_beat_is_a_lease_by_the_databases_clock(store: Database, place: Place) -> None:
    await store.leases.beat()
    ((first, until),) = place.rows("SELECT beat_at, expires_at FROM workers")
    assert until - first == leases.LEASE_S * 1000
    await store.leases.beat()
    ((second, _),) = place.rows("SELECT beat_at, expires_at FROM workers")
    assert 0 <= second - first < 60_000
    assert abs(second - NOON) < 100 * 366 * 86_400_000  # epoch milliseconds, not seconds


async def test_another_workers_calls_are_left_alone_while_it_lives(
    ours: Database, other: Database, postgres_place: PostgresPlace
) -> None:
    await other.leases.beat()
    await other.commit(Unit(call=a_call(), requests=(a_request(call_uuid="over"),)))
    assert await ours.take_calls("pbx") == []
    assert await ours.take_requests() == []
    assert await ours.leases.adopt_calls("pbx") == []
    assert await ours.leases.adopt_requests() == []
    assert await ours.leases.calls_left() == {}
    _kill(postgres_place, "rb-2")
    assert await ours.take_calls("pbx") == []
    assert await ours.leases.calls_left() == {"rb-2": 1}


async def test_calls_of_a_dead_worker_are_adopted_and_it_does_no_harm_when_it_comes_back(
    ours: Database, other: Database, postgres_place: PostgresPlace
) -> None:
    await other.leases.beat()
    await other.commit(Unit(call=a_call()))
    _kill(postgres_place, "rb-2")
    assert await ours.leases.adopt_calls("elsewhere") == []
    assert await ours.leases.adopt_calls("pbx") == [a_call(fence=1)]
    assert await ours.leases.calls_left() == {}
    stuck = Unit(call=a_call(version=2), requests=(a_request("late"),))
    with pytest.raises(FenceError):
        await other.commit(stuck)
    assert await ours.request("late") is None
    await ours.commit(Unit(call=a_call(version=2, fence=1)))
    await other.leases.beat()
    assert await other.take_calls("pbx") == []


async def test_calls_that_are_handed_over_are_adopted_at_once_with_their_requests(
    ours: Database, other: Database
) -> None:
    await other.leases.beat({"pbx": "recordbridge-2"})
    await other.commit(Unit(call=a_call("c1"), requests=(a_request("q1", call_uuid="c1"),)))
    await other.commit(Unit(call=a_call("c2"), requests=(a_request("q2", call_uuid="c2"),)))
    assert not await ours.leases.anything_left()
    await other.leases.hand_over(["c1"])
    assert await ours.leases.anything_left()
    assert _fences(await ours.leases.adopt_calls("pbx")) == [("c1", 1, "rb-1")]
    assert [row.request_id for row in await ours.leases.adopt_requests()] == ["q1"]
    assert await other.leases.lost_calls(NOON) == {"c1"}
    assert await other.leases.unfinished() == {"q2"}
    with pytest.raises(FenceError):
        await other.commit(Unit(call=a_call("c1", 2)))


async def test_a_call_that_nobody_took_is_its_workers_again(
    other: Database, postgres_place: PostgresPlace
) -> None:
    await other.commit(Unit(call=a_call(), requests=(a_request(call_uuid="c1"),)))
    await other.leases.hand_over(["c1"])
    assert _fences(await other.take_calls("pbx")) == [("c1", 1, "rb-2")]
    assert len(await other.take_requests()) == 1


async def test_a_worker_that_resigns_is_dead_at_once_and_has_one_heir(
    ours: Database, other: Database
) -> None:
    await other.leases.beat({"pbx": "recordbridge-2"})
    (seen,) = await ours.leases.neighbours()
    assert (seen.worker, seen.apps, seen.lives) == ("rb-2", {"pbx": "recordbridge-2"}, True)
    assert not await ours.leases.inherit("rb-2")
    await other.leases.resign()
    (seen,) = await ours.leases.neighbours()
    assert (seen.heir, seen.lives) == ("", False)
    assert [await ours.leases.inherit("rb-2") for _ in range(2)] == [True, False]
    (seen,) = await ours.leases.neighbours()
    assert seen.heir == "rb-1"
    await other.leases.beat()
    (seen,) = await ours.leases.neighbours()
    assert (seen.heir, seen.lives) == ("", True)


async def test_a_call_that_is_over_is_taken_back_on_any_database(place: Place) -> None:
    """Also by the only worker, whatever it was called before."""
    async with open_store(place.url, worker="rb-1") as store:
        await store.commit(Unit(call=a_call(open=False)))
    async with open_store(place.url, worker="rb-9") as store:
        row = await store.leases.take_call("c1")
        assert row == a_call(open=False, fence=1, owner="rb-9")
        await store.commit(Unit(call=a_call(version=2, fence=1)))
        assert await store.leases.take_call("unknown") is None


async def test_what_an_attempt_of_a_stuck_worker_came_to_does_not_touch_anothers_request(
    ours: Database, other: Database, postgres_place: PostgresPlace
) -> None:
    """It is sent by its heir now, which alone knows where it stands."""
    await other.leases.beat()
    await other.commit(Unit(requests=(a_request(call_uuid="over"),)))
    _kill(postgres_place, "rb-2")
    assert len(await ours.leases.adopt_requests()) == 1
    await ours.commit(Unit(updates=(RequestUpdate("q1", state="delivered", attempts=2),)))
    late = RequestUpdate("q1", state="waiting", due_at=NOON + 5, step=3, attempts=1)
    await other.commit(Unit(updates=(late,)))
    kept = a_request(state="delivered", call_uuid="over", attempts=2)
    assert await ours.request("q1") == kept


async def test_what_a_call_says_of_its_requests_stands_under_its_fence(
    ours: Database, other: Database, postgres_place: PostgresPlace
) -> None:
    """Its new owner may give up a request before it has adopted it."""
    await other.leases.beat()
    await other.commit(Unit(call=a_call(), requests=(a_request(call_uuid="c1"),)))
    _kill(postgres_place, "rb-2")
    await ours.leases.adopt_calls("pbx")
    given_up = RequestUpdate("q1", state="parked", settled=True)
    await ours.commit(Unit(call=a_call(version=2, fence=1), updates=(given_up,)))
    assert await ours.leases.adopt_requests() == []


async def test_a_call_that_is_over_may_be_taken_back_by_anybody(
    ours: Database, other: Database
) -> None:
    await other.leases.beat()
    await other.commit(Unit(call=a_call("over", open=False)))
    await other.commit(Unit(call=a_call("open")))
    assert await ours.leases.take_call("open") is None
    row = await ours.leases.take_call("over")
    assert row is not None
    assert (row.owner, row.fence) == ("rb-1", 1)
    await ours.commit(Unit(call=a_call("over", 2, fence=1)))


async def test_requests_of_a_dead_worker_are_adopted_when_their_call_is_over(
    ours: Database, other: Database, postgres_place: PostgresPlace
) -> None:
    await other.leases.beat()
    await other.commit(
        Unit(
            call=a_call("open"),
            requests=(
                a_request("q1", call_uuid="open"),
                a_request("q2", call_uuid="over", due_at=NOON + 1),
                a_request("q3", call_uuid="over"),
                a_request("q4", "delivered", call_uuid="over"),
            ),
        )
    )
    _kill(postgres_place, "rb-2")
    assert [row.request_id for row in await ours.leases.adopt_requests(1)] == ["q3"]
    assert await ours.leases.adopt_requests() == [
        a_request("q2", call_uuid="over", due_at=NOON + 1)
    ]
    assert await ours.leases.adopt_requests() == []


async def test_workers_that_look_at_the_same_time_share_what_is_left(
    ours: Database, other: Database, postgres_place: PostgresPlace
) -> None:
    async with open_store(postgres_place.url, worker="rb-3") as dead:
        await dead.leases.beat()
        await dead.commit(Unit(requests=tuple(a_request(f"q{n:03}") for n in range(300))))
    _kill(postgres_place, "rb-3")
    await asyncio.gather(ours.leases.beat(), other.leases.beat())
    found = await asyncio.gather(
        *(store.leases.adopt_requests() for store in (ours, other) for _ in range(4))
    )
    adopted = [row.request_id for rows in found for row in rows]
    assert sorted(adopted) == [f"q{n:03}" for n in range(300)]


async def test_rows_that_another_worker_is_taking_are_not_waited_for(
    ours: Database, postgres_place: PostgresPlace
) -> None:
    async with open_store(postgres_place.url, worker="rb-3") as dead:
        await dead.leases.beat()
        await dead.commit(Unit(requests=(a_request("q1"), a_request("q2"))))
    _kill(postgres_place, "rb-3")
    with postgres_place.server.session(postgres_place.name) as session:
        session.execute("BEGIN")
        session.execute("SELECT * FROM requests WHERE request_id = 'q1' FOR UPDATE")
        assert [row.request_id for row in await ours.leases.adopt_requests()] == ["q2"]
        session.execute("ROLLBACK")
    assert [row.request_id for row in await ours.leases.adopt_requests()] == ["q1"]
