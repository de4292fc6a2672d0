"""One writer: in order, in groups, each unit with its own verdict, whatever the commit does."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest

from recordbridge.errors import FenceError, StorageError
from recordbridge.ports.rows import RequestUpdate, Unit
from recordbridge.store import Database, open_store, sqlite, writer
from recordbridge.store.statements import Cursor, Statements
from recordbridge.store.units import StaleError
from tests.unit.store.faulty import Fate, Fates, open_faulty
from tests.unit.store.places import Place
from tests.unit.store.rows import a_call, a_recording, a_request, an_attempt

Outcome = BaseException | None


async def _hold(store: Database) -> Callable[[], None]:
    """Keep the writer busy until the call: what is committed meanwhile waits as one batch."""
    busy, free, loop = asyncio.Event(), threading.Event(), asyncio.get_running_loop()

    def wait(_cursor: Cursor, _sql: Statements) -> object:
        loop.call_soon_threadsafe(busy.set)
        return free.wait(10)

    store.run(wait)
    await busy.wait()
    return free.set


async def _verdicts(store: Database, units: list[Unit]) -> list[Outcome]:
    """Commit them as one batch."""
    free = await _hold(store)
    futures = [store.commit(unit) for unit in units]
    free()
    return await asyncio.gather(*futures, return_exceptions=True)


async def test_waiting_units_share_one_transaction(store: Database) -> None:
    free = await _hold(store)
    futures = [store.commit(Unit(call=a_call(f"c{n}"))) for n in range(100)]
    free()
    await asyncio.gather(*futures)
    assert store.transactions == 2  # that of the held piece, and one for all
    assert await store.count_calls() == 100


async def test_unit_is_durable_when_its_future_is_done(store: Database) -> None:
    future = store.commit(Unit(call=a_call()))
    assert not future.done()
    await future
    assert await store.call("c1") == a_call()


async def test_units_are_committed_in_the_order_given(store: Database) -> None:
    units = [Unit(call=a_call(version=version)) for version in range(1, 600)]
    assert await _verdicts(store, units) == [None] * 599
    assert await store.call("c1") == a_call(version=599)


async def test_failing_units_are_alone(store: Database) -> None:
    """A fenced one and one that cannot be stored, among good ones, some of the same call."""
    await store.commit(Unit(call=a_call("old", fence=7)))
    units = [
        Unit(call=a_call("c1"), requests=(a_request("q1"),)),
        Unit(call=a_call("old", 2, fence=6), requests=(a_request("q2"),)),
        Unit(call=a_call("c1", 2), updates=(RequestUpdate("q1", state="sending"),)),
        Unit(recordings=(a_recording("r9", caller="\udc00"),), requests=(a_request("q3"),)),
        Unit(attempts=(an_attempt("q1"),)),
    ]
    verdicts = await _verdicts(store, units)
    assert [verdicts[0], verdicts[2], verdicts[4]] == [None, None, None]
    assert isinstance(verdicts[1], FenceError)
    assert type(verdicts[3]) is StorageError
    assert [row.request_id for row in await store.requests()] == ["q1"]
    assert await store.request("q1") == a_request(state="sending")
    assert await store.call("c1") == a_call(version=2)
    assert await store.attempts_of("q1") == [an_attempt()]


async def test_units_after_one_that_was_not_stored_get_its_reason(store: Database) -> None:
    """Not FenceError, which would have the call dropped; a later try of the same may succeed."""
    bad = Unit(call=a_call("c1", caller="\udc00"))
    verdicts = await _verdicts(store, [bad, Unit(call=a_call("c1", 2))])
    assert [type(verdict) for verdict in verdicts] == [StorageError, StorageError]
    assert await _verdicts(store, [Unit(call=a_call("c1")), Unit(call=a_call("c1", 2))]) == [
        None,
        None,
    ]
    with pytest.raises(FenceError):
        await store.commit(Unit(call=a_call("c1", 9)))


@pytest.mark.rule("N-4")
async def test_full_disk_fails_units_as_full_and_harms_no_other(path: Path) -> None:
    def limit(cursor: Cursor, _sql: Statements) -> object:
        cursor.execute("PRAGMA max_page_count = 60")
        return None

    big = Unit(requests=(a_request("big", body=b"x" * 500_000),))
    units = [Unit(call=a_call("c1")), big, Unit(call=a_call("c1", 2)), Unit(call=a_call("c2"))]
    async with open_store(f"sqlite:///{path}", worker="rb-1") as store:
        await store.run(limit)
        verdicts = await _verdicts(store, units)
        assert [verdicts[0], verdicts[2], verdicts[3]] == [None, None, None]
        assert isinstance(verdicts[1], StorageError)
        assert verdicts[1].full
        assert "the disk is full" in str(verdicts[1])
        assert await store.request("big") is None
        assert await store.call("c1") == a_call(version=2)


async def test_units_beside_a_failing_one_share_a_transaction(store: Database) -> None:
    """Each has a savepoint: one bad unit does not make a commit of every other one."""
    units = [Unit(call=a_call(f"c{n}")) for n in range(50)]
    units.insert(20, Unit(call=a_call("bad", 7)))
    verdicts = await _verdicts(store, units)
    assert [type(each) for each in verdicts if each is not None] == [StaleError]
    assert store.transactions == 2
    assert await store.count_calls() == 50


@pytest.mark.parametrize("fates", [["lost"], ["unknown"], ["lost", "lost", "unknown"]])
async def test_failed_commit_is_repeated_and_stores_every_unit_once(
    url: str, fates: list[Fate]
) -> None:
    """Whether it was kept is not known: both ways end in the same rows and good verdicts."""
    planned = Fates()
    async with open_faulty(url, planned) as store:
        await store.commit(Unit(call=a_call("c1")))
        planned.commits.extend(["kept", *fates])  # the first one is that of the held piece
        units = [
            Unit(call=a_call("c1", 2), requests=(a_request("q1"),)),
            Unit(updates=(RequestUpdate("q1", state="sending"),)),
            Unit(call=a_call("c2"), recordings=(a_recording("r1"),)),
            Unit(call=a_call("c1", 3), updates=(RequestUpdate("q1", state="delivered"),)),
            Unit(attempts=(an_attempt("q1"),)),
        ]
        assert await _verdicts(store, units) == [None] * 5
        assert not planned.commits
        assert await store.call("c1") == a_call("c1", 3)
        assert await store.call("c2") == a_call("c2")
        assert await store.requests() == [a_request(state="delivered")]
        assert await store.recordings() == [a_recording()]
        assert await store.attempts_of("q1") == [an_attempt()]


async def test_full_disk_leaves_no_doubt_that_a_later_fault_could_misread(url: str) -> None:
    """The group fails for want of room, the call is stored alone, then the disk goes away."""
    planned = Fates()
    async with open_faulty(url, planned) as store:
        await store.commit(Unit(requests=(a_request("q1"),)))
        planned.commits.extend(["kept", "full", "full"])
        planned.begins.extend(["kept", "kept", "kept", "kept", "lost"])
        update = RequestUpdate("q1", state="delivered")
        units = [Unit(call=a_call("c1")), Unit(updates=(update,))]
        assert await _verdicts(store, units) == [None, None]
        assert not planned.begins
        assert await store.request("q1") == a_request(state="delivered")


async def test_connection_given_up_leaves_no_lock_behind(url: str) -> None:
    """Its transaction was open when the fault came; the next connection must not wait for it."""
    planned = Fates()
    async with open_faulty(url, planned) as store:
        gc.disable()
        planned.begins.extend(["unknown"] * 3)
        await store.commit(Unit(call=a_call("c1")))
        gc.enable()
        assert not planned.begins


async def test_mistake_in_the_writer_leaves_nobody_waiting(url: str) -> None:
    """Any error we did not think of ends the thread: waiters are told, and later ones refused."""

    class UnforeseenError(Exception):
        pass

    def broken(_cursor: Cursor, _sql: Statements) -> object:
        raise UnforeseenError

    told: asyncio.Queue[bool] = asyncio.Queue()
    with mock.patch.object(threading, "excepthook"):
        async with open_store(url, worker="rb-1", notice=told.put_nowait) as store:
            free = await _hold(store)
            futures = [store.run(broken), store.run(broken)]
            free()
            for future in futures:
                with pytest.raises(StorageError):
                    await future
            assert await told.get() is False
            with pytest.raises(StorageError, match="is closed"):
                await store.commit(Unit(call=a_call()))


async def test_repeat_of_an_unknown_commit_still_fences_what_is_not_ours(url: str) -> None:
    planned = Fates()
    async with open_faulty(url, planned) as store:
        await store.commit(Unit(call=a_call("c1", fence=2)))
        planned.commits.extend(["kept", "unknown"])
        verdicts = await _verdicts(
            store, [Unit(call=a_call("c2")), Unit(call=a_call("c1", 2, fence=1))]
        )
        assert verdicts[0] is None
        assert isinstance(verdicts[1], FenceError)


@pytest.mark.rule("N-5")
async def test_availability_is_an_attribute_too(place: Place, url: str) -> None:
    told: asyncio.Queue[bool] = asyncio.Queue()
    async with open_store(url, worker="rb-1", notice=told.put_nowait) as store:
        seen = [store.available]
        assert store.away_s < 1.5
        place.leave()
        future = store.commit(Unit(call=a_call()))
        await told.get()
        seen.append(store.available)
        first = store.away_s
        assert 0 < first < store.away_s
        place.come_back()
        await future
        assert await told.get() is True
        assert store.away_s < 1.5
        seen.append(store.available)
    assert seen == [True, False, True]


@pytest.mark.rule("N-5")
async def test_units_wait_in_order_while_the_database_is_away(place: Place, url: str) -> None:
    told: asyncio.Queue[bool] = asyncio.Queue()
    async with open_store(url, worker="rb-1", notice=told.put_nowait) as store:
        await store.commit(Unit(call=a_call()))
        place.leave()
        futures = [store.commit(Unit(call=a_call(version=version))) for version in (2, 3, 4)]
        assert await told.get() is False
        assert not any(future.done() for future in futures)
        place.come_back()
        await asyncio.gather(*futures)
        assert await told.get() is True
        assert await store.call("c1") == a_call(version=4)


@pytest.mark.rule("N-5")
async def test_idle_writer_notices_that_another_program_holds_the_database(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{path}"
    monkeypatch.setattr(sqlite, "BUSY_S", 0.01)
    monkeypatch.setattr(writer, "PROBE_S", 0.02)
    told: asyncio.Queue[bool] = asyncio.Queue()
    async with open_store(url, worker="rb-1", notice=told.put_nowait) as store:
        other = sqlite.writer_engine(path).raw_connection()
        cursor = other.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        assert await told.get() is False
        future = store.commit(Unit(call=a_call()))
        assert await store.call("c1") is None  # reading goes on
        cursor.execute("ROLLBACK")
        await future
        assert await told.get() is True
        other.close()


@pytest.mark.rule("N-5")
async def test_only_so_many_units_wait(place: Place, url: str) -> None:
    told: asyncio.Queue[bool] = asyncio.Queue()
    async with open_store(url, worker="rb-1", notice=told.put_nowait, max_waiting=3) as store:
        place.leave()
        futures = [store.commit(Unit(call=a_call("first")))]
        assert await told.get() is False
        futures += [store.commit(Unit(call=a_call(f"c{n}"))) for n in range(3)]
        with pytest.raises(StorageError, match="is away and 3 steps wait already"):
            await store.commit(Unit(call=a_call("c3")))
        place.come_back()
        await asyncio.gather(*futures)
        assert await store.count_calls() == 4


@pytest.mark.rule("N-7")
async def test_close_commits_what_waits(url: str) -> None:
    async with open_store(url, worker="rb-1") as store:
        futures = [store.commit(Unit(call=a_call(f"c{n}"))) for n in range(700)]
    assert all(future.done() and future.exception() is None for future in futures)
    with pytest.raises(StorageError, match="is closed"):
        await store.commit(Unit(call=a_call("late")))
    async with open_store(url, worker="rb-1") as store:
        assert await store.count_calls() == 700


@pytest.mark.rule("N-7")
async def test_close_does_not_wait_long_for_a_database_that_is_away(
    place: Place, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "CLOSE_S", 0.1)
    async with open_store(url, worker="rb-1") as store:
        place.leave()
        futures = [store.commit(Unit(call=a_call(f"c{n}"))) for n in range(2)]
    for future in futures:
        with pytest.raises(StorageError, match=r"until the service stopped|is closed"):
            await future


async def test_waiter_that_left_does_not_stop_its_unit(store: Database) -> None:
    free = await _hold(store)
    store.commit(Unit(call=a_call("c1"))).cancel()
    last = store.commit(Unit(call=a_call("c2")))
    free()
    await last
    assert await store.call("c1") == a_call("c1")


async def test_broken_piece_of_work_reaches_its_waiter(store: Database) -> None:
    def broken(_cursor: Cursor, _sql: Statements) -> object:
        raise ValueError("no such thing")

    with pytest.raises(StorageError, match="no such thing"):
        await store.run(broken)
    await store.commit(Unit(call=a_call()))


async def test_success_of_a_quiet_unit_is_told_with_the_next_one(store: Database) -> None:
    free = await _hold(store)
    quiet = store.commit(Unit(call=a_call("c1")), quiet=True)
    free()
    await store.commit(Unit(call=a_call("c2")))
    assert quiet.done()
    quiet = store.commit(Unit(call=a_call("c3")), quiet=True)
    while await store.call("c3") is None:
        assert not quiet.done()
    await store.commit(Unit(call=a_call("c4")))
    assert quiet.done()


async def test_success_of_a_quiet_unit_is_told_when_nothing_follows(
    monkeypatch: pytest.MonkeyPatch, store: Database
) -> None:
    monkeypatch.setattr(writer, "PROBE_S", 0.01)
    await store.commit(Unit(call=a_call("c1")))
    await store.commit(Unit(call=a_call("c2")), quiet=True)


async def test_failure_of_a_quiet_unit_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, store: Database
) -> None:
    monkeypatch.setattr(writer, "PROBE_S", 3600)
    await store.commit(Unit(call=a_call("c1")))
    with pytest.raises(FenceError):
        await store.commit(Unit(call=a_call("c1", 9)), quiet=True)


async def test_quiet_units_do_not_pile_up_untold(
    monkeypatch: pytest.MonkeyPatch, store: Database
) -> None:
    monkeypatch.setattr(writer, "PROBE_S", 3600)
    await store.commit(Unit(call=a_call("first")))
    quiet = [store.commit(Unit(call=a_call(f"c{n}")), quiet=True) for n in range(writer.BATCH)]
    await asyncio.gather(*quiet)


async def test_quiet_units_are_told_at_the_end(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr(writer, "PROBE_S", 3600)
    async with open_store(url, worker="rb-1") as store:
        quiet = store.commit(Unit(call=a_call()), quiet=True)
    await quiet


async def test_of_every_kept_unit_it_is_told_how_long_it_took(url: str) -> None:
    took: list[float] = []
    async with open_store(url, worker="rb-1", took=took.append) as store:
        await store.commit(Unit(call=a_call("c1")))
        with pytest.raises(FenceError):
            await store.commit(Unit(call=a_call("c1", 9)))
        await store.commit(Unit(call=a_call("c2")))
    assert len(took) == 2
    assert all(0 < each < 60 for each in took)
