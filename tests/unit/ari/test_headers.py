"""F-3: X-PH headers are read before the call's entry is told, and never hold it up for long."""

from __future__ import annotations

import asyncio

import pytest

from recordbridge.ari import events, headers, session
from recordbridge.machine import facts, intents
from tests.contract.driver import Driver, Told
from tests.fakeari import FakeAsterisk

HEADERS = {"X-PH-Foo": "bar, baz", "X-PH-B": "2"}


def names(channel: str, *args: str) -> list[str] | None:
    return headers.told_names(events.Channel("c", channel), args)


def asked(fake: FakeAsterisk) -> int:
    return sum("/variable" in each for each in fake.requests)


@pytest.mark.rule("F-3")
def test_a_dialplan_may_tell_the_names() -> None:
    assert names("PJSIP/a-1", "headers=X-PH-Foo", "X-PH-B") == ["X-PH-Foo", "X-PH-B"]
    assert names("PJSIP/a-1", "to=1", " headers=") == []
    assert names("PJSIP/a-1", "headers=x-ph-a", "X-PH-", "X-PH-b)(", "to=3") == ["x-ph-a"]
    assert names("PJSIP/a-1", "application=x") is None
    assert names("Local/a-1") == []


@pytest.mark.rule("F-3")
@pytest.mark.parametrize(("args", "requests"), [((), 3), (("headers=X-PH-Foo", "X-PH-B"), 2)])
async def test_headers_are_there_at_the_entry(
    driver: Driver, fake: FakeAsterisk, args: tuple[str, ...], requests: int
) -> None:
    await fake.call("100", args=args, headers=HEADERS | {"X-Other": "no"})
    assert (await driver.expect(facts.CallEntered)).headers == HEADERS
    assert asked(fake) == requests


async def test_no_headers_cost_one_question_or_none(driver: Driver, fake: FakeAsterisk) -> None:
    await fake.call("100")
    assert (await driver.expect(facts.CallEntered)).headers == {}
    assert asked(fake) == 1
    await fake.call("100", args=("headers=",))
    while len(driver.told.of(facts.CallEntered)) < 2:
        await driver.told.changed()
    assert asked(fake) == 1


async def test_what_happens_meanwhile_is_told_after_the_entry(
    driver: Driver, fake: FakeAsterisk, told: Told
) -> None:
    fake.faults.delay("GET channels/*/variable", 0.2)
    call = await fake.call("100", headers=HEADERS)
    await call.hangup()
    assert (await driver.expect(facts.CallEntered)).headers == {}, "it is gone: none can be read"
    assert told.kinds() == ["CallEntered", "HangupRequested", "CallLeft", "CallDestroyed"]


async def test_calls_that_are_found_have_their_headers(driver: Driver, fake: FakeAsterisk) -> None:
    await fake.call("100", headers=HEADERS)
    ((_, found),) = await driver.calls_present()
    assert isinstance(found, facts.CallEntered)
    assert found.headers == HEADERS


async def test_an_asterisk_that_does_not_answer_costs_the_headers_not_the_call(
    driver: Driver, fake: FakeAsterisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "HEADERS_WAIT_S", 0.1)
    fake.faults.delay("GET channels/*/variable", 0.5)
    await fake.call("100", headers=HEADERS)
    entered = await asyncio.wait_for(driver.expect(facts.CallEntered), 0.4)
    assert entered.headers == {}


async def test_a_line_that_breaks_meanwhile_does_not_lose_the_call(
    driver: Driver, fake: FakeAsterisk
) -> None:
    fake.faults.delay("GET channels/*/variable", 0.3)
    call = await fake.call("100", headers=HEADERS)
    while not asked(fake):
        await asyncio.sleep(0.01)
    await fake.cut()
    assert (await driver.expect(facts.CallEntered)).channel_id == call.channel_id
    await asyncio.sleep(0.3)  # until the fake has done with the request that it delays


async def test_the_flow_of_other_calls_goes_on(driver: Driver, fake: FakeAsterisk) -> None:
    first = await fake.call("100", args=("headers=",))
    driver.channel_id = (await driver.expect(facts.CallEntered)).channel_id
    fake.faults.delay("GET channels/*/variable", 0.3)
    await fake.call("100", headers=HEADERS)
    await first.press("5", duration_ms=20)
    assert (await driver.expect(facts.KeyPressed)).key == "5"
    driver.perform(intents.Answer(driver.channel_id))
    await driver.expect(facts.CallAnswered)
