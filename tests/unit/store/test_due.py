"""Requests that wait, as the outbox takes them: by lane, those due first, a batch at a time."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.dialects import sqlite

from recordbridge.ports.rows import Queue, RequestRow, RequestUpdate, Unit
from recordbridge.store import Database, lease_statements, open_store, schema
from recordbridge.store.backend import backend_of
from recordbridge.store.tables import requests
from tests.unit.store.places import Place
from tests.unit.store.rows import NOON, a_request

pytestmark = pytest.mark.rule("H-4")

LANE, OTHER = "https://app.example.com", "http://other.example.com:81"


def waiting(request_id: str, due_ms: int = 0, **fields: Any) -> RequestRow:
    known: dict[str, Any] = {"lane": LANE, "settled": True} | fields
    return a_request(request_id, due_at=NOON + due_ms, **known)


async def test_due_requests_of_a_lane_come_first_due_first(store: Database) -> None:
    rows = (
        waiting("q1", 3),
        waiting("q2", 1),
        waiting("elsewhere", lane=OTHER),
        waiting("later", 500),
        waiting("unsettled", settled=False),
        waiting("over", state="delivered"),
    )
    await store.commit(Unit(requests=rows))
    due = await store.due_requests(LANE, NOON + 100, 10)
    assert [row.request_id for row in due.rows] == ["q2", "q1"]
    assert due.rows[0] == rows[1]
    assert due.next_at == NOON + 500
    due = await store.due_requests(LANE, NOON + 100, 1)
    assert [row.request_id for row in due.rows] == ["q2"]
    assert due.next_at == NOON + 1, "there may be more"
    assert (await store.due_requests("http://nobody", NOON, 5)).next_at is None


async def test_the_lanes_that_have_something(store: Database) -> None:
    rows = (
        waiting("q1", 3),
        waiting("q2", 1),
        waiting("q3", lane=OTHER),
        waiting("q4", 0, state="gone"),
    )
    await store.commit(Unit(requests=rows))
    found = sorted(await store.queues(), key=lambda queue: queue.lane)
    assert found == [Queue(OTHER, 1, NOON), Queue(LANE, 2, NOON + 1)]


async def test_a_request_reads_as_it_stands_after_what_was_given_before(store: Database) -> None:
    """The order of the writer's queue tells which of those in memory have gone."""
    store.commit(Unit(requests=(waiting("q1"), waiting("q2"))), quiet=True)
    store.commit(Unit(updates=(RequestUpdate("q1", state="delivered"),)), quiet=True)
    assert [row.request_id for row in (await store.due_requests(LANE, NOON, 9)).rows] == ["q2"]


@pytest.mark.rule("E-5")
async def test_a_replay_makes_them_due_again(store: Database) -> None:
    rows = (
        waiting("parked", state="parked", step=10, durable=False),
        waiting("gone", state="gone", step=2, settled=False),
        waiting("document", state="parked", wants_document=True),
    )
    await store.commit(Unit(requests=rows))
    await store.replay_requests(["parked", "gone", "document", "unknown"], NOON + 7)
    due = await store.due_requests(LANE, NOON + 7, 9)
    assert {row.request_id for row in due.rows} == {"parked", "gone"}
    for row in due.rows:
        assert (row.state, row.step, row.settled, row.durable) == ("waiting", 0, True, True)
        assert row.due_at == NOON + 7
    document = await store.request("document")
    assert document is not None
    assert document.state == "parked"


async def test_finding_them_takes_the_index_of_those_that_wait(path_url: str) -> None:
    """Otherwise each batch would cost as much as all that was ever sent."""
    async with open_store(path_url, worker="rb-1") as store:
        for statement in (lease_statements.requests_due(), lease_statements.requests_queued()):
            compiled = statement.compile(dialect=sqlite.dialect())  # type: ignore[attr-defined]
            known = compiled.params | {"worker": "rb-1", "lane": LANE, "until": 1, "most": 9}
            values = tuple(known[name] for name in compiled.positiontup)

            def plan(
                cursor: object,
                _sql: object,
                text: str = str(compiled),
                values: tuple[object, ...] = values,
            ) -> object:
                cursor.execute(f"EXPLAIN QUERY PLAN {text}", values)  # type: ignore[attr-defined]
                return cursor.fetchall()  # type: ignore[attr-defined]

            assert "requests_waiting" in str(await store.run(plan))


@pytest.mark.rule("M-3")
async def test_what_the_release_before_wrote_gets_its_lane(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(schema, "LEVEL", 5)
        schema.migrate(backend_of(place.url))
    names = [c.name for c in requests.columns if c.name not in ("lane", "after", "recording_id")]
    row = a_request("old", "sending", url="https://user@App.example.com:8443/x", settled=True)
    values = {"retry": "''", "body": "''"} | {
        "wants_document": "false",
        "durable": "true",
        "settled": "true",
        "created_at": "1",
        "due_at": "1",
        "step": "0",
        "attempts": "0",
    }
    written = [values.get(name, f"'{getattr(row, name)}'") for name in names]
    place.execute(f"INSERT INTO requests ({', '.join(names)}) VALUES ({', '.join(written)})")
    async with open_store(place.url, worker="rb-1") as store:
        assert await store.take_requests() == []
        due = await store.due_requests("https://app.example.com:8443", NOON, 9)
        assert [(row.request_id, row.state) for row in due.rows] == [("old", "waiting")]
