"""Requests on their way: H-3, H-4, H-6, Q-4 at the engine's ports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from recordbridge.engine.attempts import HEADER
from recordbridge.engine.commits import Commits
from recordbridge.engine.deliveries import Deliveries
from recordbridge.engine.lanes import LANE
from recordbridge.instant import SystemClock
from recordbridge.plivo.lanes import lane_of
from recordbridge.plivo.retry import Retry
from recordbridge.ports.http import Outcome
from recordbridge.ports.rows import RequestRow, Unit
from recordbridge.store import Database
from recordbridge.telemetry.metrics import Metrics
from tests.unit.engine.doubles import MemoryStore, ScriptedSender

OK = Outcome(failure="", status=200, body=b"<Response/>")
DOWN = Outcome(failure="ct", error="refused")


def row(request_id: str, url: str = "http://a.example/cb", **fields: Any) -> RequestRow:
    known: dict[str, Any] = {
        "request_id": request_id,
        "kind": "callback",
        "call_uuid": "call",
        "recording_id": "rec",
        "account": "M",
        "method": "POST",
        "url": url,
        "retry": msgspec.msgpack.encode(Retry(retries=0)),
        "body": msgspec.json.encode({"RecordUrl": "recording:rec.wav", "CallUUID": "call"}),
        "wants_document": False,
        "durable": True,
        "after": None,
        "state": "waiting",
        "created_at": 0,
        "due_at": 0,
    }
    known |= fields
    known.setdefault("lane", lane_of(known["url"]))
    return RequestRow(**known)


class Desk:
    """Deliveries with their surroundings."""

    def __init__(self, schedule_s: tuple[int, ...] = (0, 0)) -> None:
        self.store = MemoryStore()
        self.sender = ScriptedSender()
        self.commits = Commits()
        self.told: list[tuple[RequestRow, Outcome | None]] = []
        self.deliveries = Deliveries(
            store=self.store,
            sender=self.sender,
            clock=SystemClock(),
            tokens=lambda _: ("token",),
            file_url=lambda account, name: f"http://files/{account}/{name}?sig=1",
            settled=lambda told, outcome: self.told.append((told, outcome)),
            schedule_s=schedule_s,
            metrics=Metrics("test"),
            commits=self.commits,
        )

    def use(self, store: Database) -> None:
        """A real one from now on."""
        each: Any
        for each in (self.deliveries, self.deliveries._backlog, self.deliveries._results):
            each._store = store

    async def submit(self, *rows: RequestRow) -> None:
        await self.store.commit(Unit(requests=rows))
        for each in rows:
            self.deliveries.submit(each)

    async def until_idle(self) -> None:
        async with asyncio.timeout(20):
            while self.deliveries.backlog:
                await asyncio.sleep(0.01)
        self.commits.now(lambda: None)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    yield made
    await made.deliveries.close(0)


@pytest.mark.rule("H-3")
@pytest.mark.rule("H-6")
async def test_a_delivered_request_is_told_and_its_attempt_kept(desk: Desk) -> None:
    await desk.submit(row("r1"))
    await desk.until_idle()
    ((target, parameters, headers),) = desk.sender.sent
    assert target.url == "http://a.example/cb"
    assert parameters["RecordUrl"] == "http://files/M/rec.wav?sig=1"
    assert headers == {HEADER: "r1"}
    assert desk.store.rows["r1"].state == "delivered"
    (attempt,) = desk.store.units[-1].attempts
    assert (attempt.number, attempt.status) == (1, 200)
    assert [told.request_id for told, _ in desk.told] == ["r1"]


@pytest.mark.rule("H-4")
async def test_the_schedule_is_followed_with_one_id_until_it_is_delivered(desk: Desk) -> None:
    desk.sender.replies["http://a.example/cb"] = [DOWN, DOWN, OK]
    await desk.submit(row("r1"))
    await desk.until_idle()
    assert {headers[HEADER] for _, _, headers in desk.sender.sent} == {"r1"}
    assert len(desk.sender.sent) == 3
    assert desk.store.rows["r1"].state == "delivered"
    assert len(desk.told) == 1, "settled once, when the fragment was used up"


@pytest.mark.rule("H-4")
async def test_all_tries_used_parks_it(desk: Desk) -> None:
    desk.sender.replies["http://a.example/cb"] = [DOWN]
    await desk.submit(row("r1"))
    await desk.until_idle()
    assert desk.store.rows["r1"].state == "parked"
    assert len(desk.sender.sent) == 3


@pytest.mark.rule("Q-4")
async def test_a_callback_is_not_sent_before_the_action_is_answered(desk: Desk) -> None:
    desk.sender.gate = asyncio.Event()
    await desk.submit(row("action", "http://a.example/action"), row("callback", after="action"))
    await asyncio.sleep(0.05)
    assert desk.sender.urls() == ["http://a.example/action"]
    desk.sender.gate.set()
    await desk.until_idle()
    assert desk.sender.urls() == ["http://a.example/action", "http://a.example/cb"]


@pytest.mark.rule("H-6", "H-1")
async def test_a_request_on_a_dead_connection_is_an_attempt_that_counts_for_nothing(
    desk: Desk,
) -> None:
    """It may have reached the server: so there is a row of it; the fragment loses no try."""
    stale = Outcome(failure="rt", error="lost", stale=True)
    desk.sender.replies["http://a.example/cb"] = [stale, stale, OK]
    await desk.submit(row("r1", durable=False))
    await desk.until_idle()
    assert desk.store.rows["r1"].state == "delivered"
    attempts = [each for unit in desk.store.units for each in unit.attempts]
    assert [(each.number, each.error) for each in attempts] == [(1, "lost"), (2, "lost"), (3, "")]
    assert [headers[HEADER] for _, _, headers in desk.sender.sent] == ["r1"] * 3


@pytest.mark.rule("Q-4")
async def test_an_action_that_used_up_its_fragment_lets_the_callback_go(desk: Desk) -> None:
    desk.sender.replies["http://dead.example/action"] = [DOWN]
    await desk.submit(row("action", "http://dead.example/action"), row("callback", after="action"))
    await desk.until_idle()
    assert "http://a.example/cb" in desk.sender.urls()


@pytest.mark.rule("H-4")
async def test_a_lane_takes_32_at_once_and_delays_no_other(desk: Desk) -> None:
    desk.sender.gate = asyncio.Event()
    slow = [row(f"s{n}", "http://slow.example/cb", recording_id=None) for n in range(40)]
    await desk.submit(*slow, row("fast", "http://fast.example/cb"))
    await asyncio.sleep(0.05)
    assert desk.sender.urls().count("http://slow.example/cb") == LANE
    assert desk.sender.urls().count("http://fast.example/cb") == 1
    desk.sender.gate.set()
    await desk.until_idle()


@pytest.mark.rule("H-3")
async def test_an_awaited_reply_is_given_back_and_a_failure_is_not_tried_by_schedule(
    desk: Desk,
) -> None:
    desk.sender.replies["http://a.example/cb"] = [Outcome(failure="5xx", status=500)]
    await desk.submit(row("doc", wants_document=True, durable=False, kind="answer"))
    await desk.until_idle()
    ((told, outcome),) = desk.told
    assert told.wants_document
    assert outcome is not None
    assert outcome.status == 500
    assert desk.store.rows["doc"].state == "parked"


@pytest.mark.rule("H-3")
async def test_an_action_whose_caller_hung_up_goes_on_by_schedule(desk: Desk) -> None:
    desk.sender.gate = asyncio.Event()
    desk.sender.replies["http://a.example/cb"] = [DOWN, OK]
    await desk.submit(row("action", wants_document=True, durable=False, kind="action"))
    await asyncio.sleep(0.01)
    desk.deliveries.make_durable("action")
    desk.sender.gate.set()
    await desk.until_idle()
    assert desk.store.rows["action"].state == "delivered"
    assert not desk.told[0][0].wants_document


async def test_an_abandoned_request_is_not_sent_again(desk: Desk) -> None:
    desk.sender.gate = asyncio.Event()
    await desk.submit(row("doc", wants_document=True, durable=False))
    await asyncio.sleep(0.01)
    desk.deliveries.abandon("doc")
    await desk.until_idle()
    assert desk.told == []


@pytest.mark.rule("H-3")
async def test_what_was_open_at_a_stop_is_sent_after_the_start(desk: Desk) -> None:
    await desk.store.commit(Unit(requests=(row("old"),)))
    assert await desk.deliveries.resume() == 1
    await desk.until_idle()
    assert desk.sender.sent[0][2] == {HEADER: "old"}


@pytest.mark.rule("H-6")
async def test_attempts_are_counted_on_after_a_start(desk: Desk) -> None:
    """Their number is their key: an attempt that takes an earlier one's would not be kept."""
    await desk.store.commit(Unit(requests=(row("old", step=2, settled=True, attempts=3),)))
    await desk.deliveries.resume()
    await desk.until_idle()
    attempts = [each for unit in desk.store.units for each in unit.attempts]
    assert [each.number for each in attempts] == [4]
    assert desk.store.rows["old"].attempts == 4


@pytest.mark.rule("E-5")
async def test_a_replay_is_sent_again_under_the_same_id(desk: Desk) -> None:
    desk.sender.replies["http://a.example/cb"] = [Outcome(failure="4xx", status=410), OK]
    await desk.submit(row("r1"))
    await desk.until_idle()
    refused = desk.store.rows["r1"]
    assert refused.state == "gone"
    await desk.deliveries.replay(["r1"])
    await desk.until_idle()
    assert [each[2] for each in desk.sender.sent] == [{HEADER: "r1"}] * 2
    assert desk.store.rows["r1"].state == "delivered"
    assert desk.store.rows["r1"].attempts == 2
    assert len(desk.told) == 1, "nobody is told twice that it was answered"


@pytest.mark.rule("E-5")
async def test_a_replay_of_what_waits_for_its_next_try_is_sent_now() -> None:
    desk = Desk(schedule_s=(3600,))
    desk.sender.replies["http://a.example/cb"] = [DOWN, OK]
    await desk.submit(row("r1"))
    async with asyncio.timeout(5):
        while not desk.told:
            await asyncio.sleep(0.01)
    await desk.deliveries.replay(["r1"])
    await desk.until_idle()
    assert desk.store.rows["r1"].state == "delivered"


@pytest.mark.rule("F-2", "H-6")
async def test_unlogged_digits_are_sent_and_not_kept(desk: Desk) -> None:
    """A repeat sends them again."""
    parameters = {"CallUUID": "call", "Digits": "unlogged:12"}
    desk.sender.replies["http://a.example/cb"] = [
        msgspec.structs.replace(each, sent=b"CallUUID=call&Digits=12") for each in (DOWN, OK)
    ]
    await desk.submit(row("r1", body=msgspec.json.encode(parameters)))
    await desk.until_idle()
    assert [each[1]["Digits"] for each in desk.sender.sent] == ["12", "12"]
    kept = [attempt.sent for unit in desk.store.units for attempt in unit.attempts]
    assert kept == [b"CallUUID=call&Digits=[not logged]"] * 2


@pytest.mark.rule("N-7")
async def test_a_stop_lets_the_attempt_in_flight_finish(desk: Desk) -> None:
    desk.sender.gate = asyncio.Event()
    await desk.submit(row("r1"))
    await asyncio.sleep(0.01)
    closing = asyncio.create_task(desk.deliveries.close(5))
    await asyncio.sleep(0.01)
    desk.sender.gate.set()
    await closing
    assert desk.store.rows["r1"].state == "delivered"


@pytest.mark.rule("N-7")
async def test_a_stop_does_not_wait_for_what_is_only_due_later() -> None:
    desk = Desk(schedule_s=(3600,))
    desk.sender.replies["http://a.example/cb"] = [DOWN]
    await desk.submit(row("r1"))
    await asyncio.sleep(0.05)
    async with asyncio.timeout(1):
        await desk.deliveries.close(60)
    assert desk.store.rows["r1"].state == "waiting"
