"""Recordings begun through REST, each once: what counts as a repeat (E-1)."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import web

from recordbridge.engine import live
from recordbridge.engine.live import LiveCalls
from recordbridge.errors import StorageError
from recordbridge.machine.facts import RecordAsked
from recordbridge.machine.intents import Reply
from recordbridge.plivo.elements import Record
from recordbridge.ports.rows import StartRow
from recordbridge.web.api.starts import KEY_MS, REPEAT_MS, Begun, Starts, Wish, wish


class Engine:
    """The database and the live calls; with `held` answers wait for `release`."""

    def __init__(self) -> None:
        self.now = 1_000_000
        self.rows: dict[tuple[str, str], StartRow] = {}
        self.facts: list[RecordAsked] = []
        self.held = False
        self.waiting: list[tuple[RecordAsked, asyncio.Future[Reply]]] = []
        self.starts = Starts(self, cast("LiveCalls", self), lambda: self.now)

    async def find(self, account: str, call: str) -> object | None:
        return None if call == "gone" else object()

    def asked(self, actor: object, fact: RecordAsked, *, same: str = "") -> asyncio.Future[Reply]:
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.facts.append(fact)
        self.waiting.append((fact, future))
        if not self.held:
            self.release()
        return future

    def release(self) -> None:
        for fact, future in self.waiting:
            recording_id = f"r{self.facts.index(fact) + 1}"
            row = ("M", fact.key)
            self.rows[row] = StartRow(*row, fact.digest, "c", recording_id, fact.asked_id, self.now)
            future.set_result(Reply(fact.asked_id, (recording_id,)))
        self.waiting.clear()

    async def start(self, account: str, key: str) -> StartRow | None:
        return self.rows.get((account, key))

    async def forget_start(self, account: str, key: str) -> None:
        self.rows.pop((account, key), None)

    async def forget_starts(self, before: int) -> None:
        self.rows = {key: row for key, row in self.rows.items() if row.added_at >= before}


def request(key: str = "", *, connected: bool = True) -> Any:
    """What is looked at of an HTTP request."""
    transport = SimpleNamespace(is_closing=lambda: False) if connected else None
    return SimpleNamespace(transport=transport, headers={"Idempotency-Key": key} if key else {})


def wanted(http: Any, api_id: str, seconds: int = 60, call: str = "c") -> Wish:
    return wish(http, api_id, "M", call, Record(max_length_s=seconds))


@pytest.fixture
async def engine() -> Engine:
    return Engine()


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for an answer."""
    monkeypatch.setattr(live, "ANSWER_S", 0.02)


@pytest.mark.rule("E-1")
async def test_what_was_not_answered_is_a_repeat_for_thirty_seconds(engine: Engine) -> None:
    first = await engine.starts.begin(wanted(request(connected=False), "a1"))
    assert first == Begun("a1", "r1")
    engine.now += REPEAT_MS
    assert await engine.starts.begin(wanted(request(), "a2")) == first
    engine.now += 1
    assert await engine.starts.begin(wanted(request(), "a3")) == Begun("a3", "r2")


@pytest.mark.rule("E-1")
@pytest.mark.parametrize("other", [{"seconds": 61}, {"call": "d"}])
async def test_another_body_or_call_is_another_request(
    engine: Engine, other: dict[str, Any]
) -> None:
    await engine.starts.begin(wanted(request(connected=False), "a1"))
    assert await engine.starts.begin(wanted(request(), "a2", **other)) == Begun("a2", "r2")


@pytest.mark.rule("E-1")
async def test_one_that_was_answered_5xx_gets_its_answer_when_it_is_asked_again(
    engine: Engine,
) -> None:
    """The database takes long: nothing is begun twice, however often it is asked."""
    engine.held = True
    for each in ("a1", "a2", "a3"):
        with pytest.raises(StorageError):
            await engine.starts.begin(wanted(request(), each))
    assert len(engine.facts) == 1
    asked = asyncio.create_task(engine.starts.begin(wanted(request(), "a4")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    engine.release()
    assert await asked == Begun("a1", "r1")


@pytest.mark.rule("E-1")
async def test_two_at_once_are_two_recordings(engine: Engine) -> None:
    engine.held = True
    both = [
        asyncio.create_task(engine.starts.begin(wanted(request(), each))) for each in ("a1", "a2")
    ]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    engine.release()
    assert await asyncio.gather(*both) == [Begun("a1", "r1"), Begun("a2", "r2")]


@pytest.mark.rule("E-1")
async def test_a_key_holds_for_a_day(engine: Engine) -> None:
    first = await engine.starts.begin(wanted(request("k"), "a1"))
    engine.now += KEY_MS
    assert await engine.starts.begin(wanted(request("k"), "a2")) == first
    with pytest.raises(web.HTTPUnprocessableEntity):
        await engine.starts.begin(wanted(request("k"), "a3", seconds=61))
    engine.now += 1
    assert await engine.starts.begin(wanted(request("k"), "a4")) == Begun("a4", "r2")


@pytest.mark.rule("E-1")
async def test_two_at_once_with_a_key_are_one(engine: Engine) -> None:
    engine.held = True
    both = [
        asyncio.create_task(engine.starts.begin(wanted(request("k"), each)))
        for each in ("a1", "a2")
    ]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    engine.release()
    assert await asyncio.gather(*both) == [Begun("a1", "r1")] * 2


@pytest.mark.rule("E-1")
async def test_without_a_call_nothing_is_begun(engine: Engine) -> None:
    assert await engine.starts.begin(wanted(request(), "a1", call="gone")) is None
    assert not engine.facts


class Sending:
    """A reply that is sent, or whose connection breaks while it is."""

    def __init__(self, *, broken: bool) -> None:
        self._broken = broken

    async def prepare(self, http: object) -> None:
        if self._broken:
            raise ConnectionResetError

    async def write_eof(self) -> None: ...


@pytest.mark.rule("E-1")
async def test_a_reply_that_did_not_arrive_leaves_a_repeat_a_repeat(engine: Engine) -> None:
    """It broke while it was sent, which is noticed by the sending only."""
    first = wanted(request(), "a1")
    begun = await engine.starts.begin(first)
    with pytest.raises(ConnectionError):
        await engine.starts.deliver(first, cast("web.Response", Sending(broken=True)))
    assert await engine.starts.begin(wanted(request(), "a2")) == begun
    await engine.starts.deliver(
        wanted(request(), "a2"), cast("web.Response", Sending(broken=False))
    )
    assert await engine.starts.begin(wanted(request(), "a3")) == Begun("a3", "r2")
