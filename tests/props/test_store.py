"""The store against a dictionary: whatever is committed, repeated, fenced or cut short."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from recordbridge.errors import FenceError, StorageError
from recordbridge.ports.rows import (
    AttemptRow,
    CallRow,
    RecordingRow,
    RequestRow,
    RequestState,
    RequestUpdate,
    Unit,
)
from recordbridge.store import Database, open_store, writer
from tests.postgres import Server
from tests.unit.store.faulty import Fate, Fates, open_faulty
from tests.unit.store.rows import NOON, a_call, a_recording, a_request, an_attempt

STATES: tuple[RequestState, ...] = ("waiting", "sending", "delivered", "parked", "gone")
CALLS = ("c1", "c2", "c3")

calls = st.builds(
    a_call,
    st.sampled_from(CALLS),
    st.integers(1, 4),
    fence=st.integers(0, 1),
    status=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5),
    state=st.binary(max_size=3),
    open=st.booleans(),
)
recordings = st.builds(
    a_recording,
    st.sampled_from(["r1", "r2"]),
    duration_ms=st.none() | st.integers(0, 2**40),
    error=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5),
)
requests = st.builds(a_request, st.sampled_from(["q1", "q2"]), st.sampled_from(STATES))
updates = st.builds(
    RequestUpdate,
    st.sampled_from(["q1", "q2"]),
    state=st.none() | st.sampled_from(STATES),
    due_at=st.none() | st.integers(0, NOON * 2),
    settled=st.none() | st.booleans(),
)
attempts = st.builds(
    an_attempt, st.sampled_from(["q1", "q2"]), st.integers(1, 3), st.sampled_from(["", "refused"])
)
units = st.builds(
    Unit,
    call=st.none() | calls,
    recordings=st.lists(recordings, max_size=2).map(tuple),
    requests=st.lists(requests, max_size=2).map(tuple),
    updates=st.lists(updates, max_size=2).map(tuple),
    attempts=st.lists(attempts, max_size=2).map(tuple),
)


Fresh = Callable[[], str]
"""Gives the URL of a new database."""


@pytest.fixture(params=["sqlite", "postgres"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fresh]:
    if request.param == "sqlite":
        names = itertools.count()
        yield lambda: f"sqlite:///{tmp_path}/{next(names)}.db"
        return
    server: Server = request.getfixturevalue("postgres")
    given: list[str] = []

    def another() -> str:
        if given:
            server.give_back(given.pop())
        given.append(server.fresh())
        return given[0]

    yield another
    server.give_back(given.pop())


class Model:
    """What the tables must hold."""

    def __init__(self) -> None:
        self.calls: dict[str, CallRow] = {}
        self.recordings: dict[str, RecordingRow] = {}
        self.requests: dict[str, RequestRow] = {}
        self.attempts: dict[tuple[str, int], AttemptRow] = {}

    def fits(self, call: CallRow) -> bool:
        there = self.calls.get(call.call_uuid)
        if there is None:
            return call.version == 1
        return there.version + 1 == call.version and there.fence == call.fence

    def is_repeat(self, call: CallRow) -> bool:
        there = self.calls.get(call.call_uuid)
        mark = ("version", "fence", "state")
        return there is not None and all(getattr(there, n) == getattr(call, n) for n in mark)

    def write(self, unit: Unit) -> None:
        if unit.call is not None:
            self.calls[unit.call.call_uuid] = unit.call
        for recording in unit.recordings:
            self.recordings[recording.recording_id] = recording
        for request in unit.requests:
            self.requests.setdefault(request.request_id, request)
        for update in unit.updates:
            given = {k: v for k, v in msgspec.structs.asdict(update).items() if v is not None}
            if there := self.requests.get(update.request_id):
                self.requests[update.request_id] = msgspec.structs.replace(there, **given)
        for attempt in unit.attempts:
            self.attempts.setdefault((attempt.request_id, attempt.number), attempt)

    async def equals(self, store: Database) -> None:
        assert {row.call_uuid: row for row in await store.calls()} == self.calls
        assert {row.recording_id: row for row in await store.recordings()} == self.recordings
        assert {row.request_id: row for row in await store.requests()} == self.requests
        found = [row for q in ("q1", "q2") for row in await store.attempts_of(q)]
        assert {(row.request_id, row.number): row for row in found} == self.attempts


class Store(RuleBasedStateMachine):
    """Batches of any units; a repeat of the last version counts as done and changes nothing."""

    fresh: Fresh

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.exits = contextlib.AsyncExitStack()
        self.url = self.fresh()
        self.model = Model()
        self.store = self.runner.run(self._open())

    async def _open(self) -> Database:
        return await self.exits.enter_async_context(open_store(self.url, worker="rb-1"))

    def teardown(self) -> None:
        self.runner.run(self.exits.aclose())
        self.runner.close()

    @rule(batch=st.lists(units, min_size=1, max_size=4))
    def commit(self, batch: list[Unit]) -> None:
        async def all_of_them() -> list[BaseException | None]:
            futures = [self.store.commit(unit) for unit in batch]
            return await asyncio.gather(*futures, return_exceptions=True)

        for unit, verdict in zip(batch, self.runner.run(all_of_them()), strict=True):
            if unit.call is None or self.model.fits(unit.call):
                assert verdict is None
                self.model.write(unit)
            elif verdict is not None:
                assert isinstance(verdict, FenceError)
            else:
                assert self.is_stored(unit.call, batch)

    def is_stored(self, call: CallRow, batch: list[Unit]) -> bool:
        later = [unit.call for unit in batch if unit.call is not None]
        same = [other for other in later if other.call_uuid == call.call_uuid]
        return self.model.is_repeat(call) or any(
            self.model.is_repeat(other) and other.version >= call.version for other in same
        )

    @rule(call=st.sampled_from(CALLS), state=st.binary(max_size=3), unit=units)
    def go_on(self, call: str, state: bytes, unit: Unit) -> None:
        there = self.model.calls.get(call)
        version, fence = (there.version + 1, there.fence) if there else (1, 0)
        row = a_call(call, version, fence=fence, state=state)
        self.commit([msgspec.structs.replace(unit, call=row)])

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        self.runner.run(self.model.equals(self.store))


@pytest.mark.rule("M-3")
def test_store_holds_what_the_model_holds(fresh: Fresh) -> None:
    class OfThisKind(Store):
        pass

    OfThisKind.fresh = staticmethod(fresh)
    run_state_machine_as_test(
        OfThisKind,
        settings=settings(
            max_examples=15,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


fates = st.lists(st.sampled_from(["kept", "lost", "unknown", "full"]), max_size=8)
shape = st.lists(
    st.tuples(st.sampled_from([None, "c1", "c2"]), st.booleans(), units), min_size=1, max_size=6
)


@pytest.mark.rule("N-5")
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(shape=shape, begins=fates, commits=fates)
def test_verdicts_are_true_whatever_the_disk_does(
    fresh: Fresh,
    shape: list[tuple[str | None, bool, Unit]],
    begins: list[Fate],
    commits: list[Fate],
) -> None:
    """A unit that is done is stored once and in order; one that is refused left nothing."""
    versions: dict[str, int] = {}
    batch = []
    for call, broken, unit in shape:
        row = None
        if call is not None:
            versions[call] = versions.get(call, 0) + 1
            row = a_call(call, versions[call], caller="\udc00" if broken else "+1")
        batch.append(msgspec.structs.replace(unit, call=row))

    async def run() -> None:
        planned = Fates()
        model = Model()
        async with open_faulty(fresh(), planned) as store:
            planned.begins.extend(begins)
            planned.commits.extend(commits)
            futures = [store.commit(unit) for unit in batch]
            verdicts = await asyncio.gather(*futures, return_exceptions=True)
            for unit, verdict in zip(batch, verdicts, strict=True):
                assert verdict is None or type(verdict) is StorageError
                if verdict is None:
                    model.write(unit)
            await model.equals(store)

    with (
        mock.patch.object(writer, "FIRST_BACK_OFF_S", 0.0001),
        mock.patch.object(writer, "MOST_BACK_OFF_S", 0.001),
    ):
        asyncio.run(run())
