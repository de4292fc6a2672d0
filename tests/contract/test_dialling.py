"""Legs: what is told of them, in which order, and with which cause."""

from __future__ import annotations

import asyncio
import json

import pytest

from recordbridge.ari.rest import RestClient
from recordbridge.machine import facts, intents
from tests.contract.cable import Cable
from tests.contract.conftest import Caller, Exchange
from tests.contract.driver import Driver, Told

UNREACHABLE = "PJSIP/nobody@carrier/sip:nobody@127.0.0.1:1"


async def enter(driver: Driver, exchange: Exchange, *, talk_s: float = 9) -> Caller:
    caller = await exchange.calls.call("100", talk_s=talk_s)
    driver.channel_id = (await driver.expect(facts.CallEntered)).channel_id
    return caller


def leg(driver: Driver, endpoint: str, number: int = 1, **changes: object) -> intents.BeginLeg:
    fields = {
        "channel_id": driver.channel_id,
        "leg_id": driver.id("leg", number),
        "endpoint": endpoint if "/" in endpoint else f"PJSIP/{endpoint}@carrier",
        "caller_id": "15557654321",
        "caller_name": "Ann Bee",
        "timeout_s": 5,
    } | changes
    return intents.BeginLeg(**fields)  # type: ignore[arg-type]  # as named above


def of_legs(told: Told) -> list[str]:
    return [each for each in told.kinds() if each.startswith("Leg")]


async def test_a_leg_rings_is_answered_and_hangs_up(
    driver: Driver, exchange: Exchange, told: Told
) -> None:
    await enter(driver, exchange)
    began = driver.clock()
    driver.perform(leg(driver, "answer-late", headers={"X-PH-Foo": "bar baz"}))
    rings = await driver.expect(facts.LegRinging)
    callee = await exchange.calls.callee()
    answered = await driver.expect(facts.LegAnswered)
    assert rings.leg_id == answered.leg_id == driver.id("leg")
    assert began - 5 <= rings.at < answered.at <= driver.clock() + 5
    assert (callee.caller_name, callee.caller_number) == ("Ann Bee", "15557654321")
    assert await callee.header("X-PH-Foo") == "bar baz"
    await callee.hangup()
    assert (await driver.expect(facts.LegEnded)).cause == 16
    await asyncio.sleep(0.2)
    assert of_legs(told) == ["LegRinging", "LegAnswered", "LegEnded"]


@pytest.mark.parametrize(
    ("endpoint", "causes", "before"),
    [
        ("busy", {17}, []),
        ("rejected", {21}, []),
        ("never-answer", {19}, ["LegRinging"]),
        ("early", {0, 16, 19}, ["LegRinging", "LegEarly"]),
        (UNREACHABLE, {0, 3, 16, 18, 19, 20}, []),
    ],
)
async def test_legs_that_are_not_answered(
    driver: Driver,
    exchange: Exchange,
    told: Told,
    endpoint: str,
    causes: set[int],
    before: list[str],
) -> None:
    """Each ends once, with the cause the far end gave; one that waits, at the timeout."""
    await enter(driver, exchange)
    driver.perform(leg(driver, endpoint, timeout_s=1))
    ended = await driver.expect(facts.LegEnded)
    assert (ended.leg_id, ended.cause in causes) == (driver.id("leg"), True), ended
    await asyncio.sleep(0.1)
    assert of_legs(told) == [*before, "LegEnded"]
    assert not told.of(facts.CommandRefused)


@pytest.mark.parametrize("endpoint", ["PJSIP/x@nowhere", "NOSUCH/x", "nonsense/"])
async def test_an_endpoint_that_does_not_exist_is_refused(
    driver: Driver, exchange: Exchange, told: Told, endpoint: str
) -> None:
    """Also after Asterisk has refused a taken id, which makes it give wrong reasons."""
    await enter(driver, exchange)
    driver.perform(leg(driver, "never-answer"), leg(driver, "never-answer"))
    await driver.expect(facts.LegRinging)
    for number in (2, 3):
        driver.perform(leg(driver, endpoint, number))
        refused = await driver.expect(facts.CommandRefused)
        assert (refused.object_id, refused.command) == (driver.id("leg", number), "BeginLeg")
        assert not refused.gone
    assert of_legs(told) == ["LegRinging"]


async def test_the_first_answer_wins(driver: Driver, exchange: Exchange, told: Told) -> None:
    await enter(driver, exchange)
    driver.perform(leg(driver, "never-answer", 1), leg(driver, "answer-late", 2))
    assert (await driver.expect(facts.LegAnswered)).leg_id == driver.id("leg", 2)
    driver.perform(intents.EndLeg(driver.channel_id, driver.id("leg", 1), "elsewhere"))
    ended = await driver.expect(facts.LegEnded)
    assert (ended.leg_id, ended.cause) == (driver.id("leg", 1), 26)
    driver.perform(intents.EndLeg(driver.channel_id, driver.id("leg", 1)))
    assert of_legs(told) == ["LegRinging", "LegRinging", "LegAnswered", "LegEnded"]


async def test_a_ringing_leg_is_cancelled(driver: Driver, exchange: Exchange, told: Told) -> None:
    await enter(driver, exchange)
    driver.perform(leg(driver, "never-answer"))
    await driver.expect(facts.LegRinging)
    driver.perform(intents.EndLeg(driver.channel_id, driver.id("leg")))
    assert (await driver.expect(facts.LegEnded)).cause == 16
    driver.perform(intents.EndLeg(driver.channel_id, driver.id("leg")))
    await asyncio.sleep(0.2)
    assert of_legs(told) == ["LegRinging", "LegEnded"]
    assert not told.of(facts.CommandRefused)


async def test_legs_outlive_a_caller_who_hangs_up(
    driver: Driver, exchange: Exchange, told: Told
) -> None:
    """Nobody but us ends them."""
    caller = await enter(driver, exchange)
    driver.perform(leg(driver, "never-answer"))
    await driver.expect(facts.LegRinging)
    await caller.hangup()
    await driver.expect(facts.CallDestroyed)
    assert of_legs(told) == ["LegRinging"]
    driver.perform(intents.EndLeg(driver.channel_id, driver.id("leg")))
    await driver.expect(facts.LegEnded)


async def test_a_leg_after_the_line_was_cut(
    driver: Driver, exchange: Exchange, cable: Cable, told: Told
) -> None:
    """N-3: it is there although it was answered meanwhile, and its events flow again."""
    await enter(driver, exchange)
    driver.perform(leg(driver, "answer-late"), leg(driver, "busy", 2))
    await driver.expect(facts.LegRinging)
    await cable.cut()
    while not told.downs:
        await told.changed()
    await exchange.calls.callee()
    legs = [driver.id("leg", 1), driver.id("leg", 2)]
    await _are(exchange, legs, ["Up", ""])
    await cable.mend()
    await driver.until_connected()
    seen = await driver.look()
    assert (seen.channel, seen.legs) == (True, (legs[0],))
    assert (await driver.expect(facts.LegAnswered)).leg_id == legs[0]
    await (await exchange.calls.callee()).hangup()
    assert (await driver.expect(facts.LegEnded)).leg_id == legs[0]


async def _are(exchange: Exchange, legs: list[str], wanted: list[str]) -> None:
    """Until the legs are in those states (empty: gone), as another line to Asterisk tells."""
    async with (
        asyncio.timeout(15),
        RestClient(exchange.url, "recordbridge", exchange.password) as rest,
    ):
        while [await _state(rest, each) for each in legs] != wanted:
            await asyncio.sleep(0.05)


async def _state(rest: RestClient, leg: str) -> str:
    reply = await rest.exchange("GET", f"channels/{leg}")
    return "" if reply.status == 404 else str(json.loads(reply.body)["state"])


@pytest.mark.rule("N-1")
async def test_a_leg_that_was_dialled_is_known_though_nothing_shows_it(
    driver: Driver, exchange: Exchange
) -> None:
    """Both are `Down`; after a crash one must be dialled, and the other never again."""
    await enter(driver, exchange)
    driver.perform(leg(driver, "early"))
    await driver.expect(facts.LegEarly)
    undialled = driver.id("leg", 2)
    create = (
        "endpoint=PJSIP%2Fearly%40carrier&app=recordbridge&appArgs=another"
        f"&originator={driver.channel_id}"
    )
    async with RestClient(exchange.url, "recordbridge", exchange.password) as rest:
        await rest.request("POST", f"channels/create?{create}&channelId={undialled}")
    seen = await driver.look()
    assert set(seen.legs) == {driver.id("leg", 1), undialled}
    assert seen.undialled == (undialled,)


async def test_who_left_is_not_here_although_a_leg_was_made_for_it(
    driver: Driver, exchange: Exchange
) -> None:
    """Making one subscribes us to the caller, so the application goes on listing the channel."""
    await enter(driver, exchange)
    driver.perform(leg(driver, "busy"))
    await driver.expect(facts.LegEnded)
    onwards = "continue?context=from-carrier&extension=9198&priority=1"
    async with RestClient(exchange.url, "recordbridge", exchange.password) as rest:
        await rest.request("POST", f"channels/{driver.channel_id}/{onwards}")
    await driver.expect(facts.CallLeft)
    seen = await driver.look()
    assert not seen.channel
    assert await driver.calls_present() == []


@pytest.mark.rule("F-3")
@pytest.mark.parametrize("headers", [{}, {"X-PH-Foo": "bar", "X-PH-Long-Name": "a, b; c=d"}])
async def test_headers_of_the_call_come_with_its_entry(
    driver: Driver, exchange: Exchange, told: Told, headers: dict[str, str]
) -> None:
    await exchange.calls.call("100", headers=headers | {"X-Other": "no"})
    assert (await driver.expect(facts.CallEntered)).headers == headers
    assert told.kinds() == ["CallEntered"]


@pytest.mark.parametrize(("reason", "cause"), [("normal", 16), ("busy", 17), ("rejected", 21)])
async def test_the_cause_of_our_own_hangup(
    driver: Driver, exchange: Exchange, reason: str, cause: int
) -> None:
    await enter(driver, exchange)
    driver.perform(intents.HangUp(driver.channel_id, reason))
    assert (await driver.expect(facts.CallDestroyed)).cause == cause
