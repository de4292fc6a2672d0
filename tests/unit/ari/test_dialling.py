"""Dialling when answers are lost, lines break and Asterisk refuses halfway."""

from __future__ import annotations

import asyncio

from recordbridge.machine import facts, intents
from tests.contract.driver import Driver, Told
from tests.fakeari import FakeAsterisk, FakeCall


async def enter(driver: Driver, fake: FakeAsterisk) -> FakeCall:
    call = await fake.call("100", args=("headers=",))
    driver.channel_id = (await driver.expect(facts.CallEntered)).channel_id
    return call


def leg(driver: Driver, script: str) -> intents.BeginLeg:
    endpoint = f"PJSIP/{script}@carrier"
    return intents.BeginLeg(driver.channel_id, driver.id("leg"), endpoint, "1555", "Ann", 5)


def requested(fake: FakeAsterisk, what: str) -> int:
    return sum(what in each for each in fake.requests)


async def test_a_leg_whose_answer_was_lost_is_dialled_once(
    driver: Driver, fake: FakeAsterisk, told: Told
) -> None:
    """It was created, but nobody is told that it is there: it stays as it is."""
    await enter(driver, fake)
    fake.faults.lose_answer("POST channels/create")
    driver.perform(leg(driver, "talk"))
    while told.ups < 2:
        await told.changed()
    await driver.until_connected()
    seen = await driver.look()
    assert seen.legs == (driver.id("leg"),)
    assert requested(fake, "channels/create") == 1
    assert not told.of(facts.CommandRefused)


async def test_a_leg_that_was_never_created_is_told(driver: Driver, fake: FakeAsterisk) -> None:
    await enter(driver, fake)
    fake.faults.delay("POST channels/create", 0.2)
    driver.perform(leg(driver, "talk"))
    await fake.cut()
    refused = await driver.expect(facts.CommandRefused)
    assert (refused.object_id, refused.command) == (driver.id("leg"), "BeginLeg")


async def test_a_leg_that_cannot_be_dialled_ends(driver: Driver, fake: FakeAsterisk) -> None:
    await enter(driver, fake)
    fake.faults.refuse("POST channels/*/dial", 500, "Allocation failed")
    driver.perform(leg(driver, "talk"))
    assert (await driver.expect(facts.LegEnded)).cause == 38


async def test_a_leg_that_ended_before_it_was_dialled(
    driver: Driver, fake: FakeAsterisk, told: Told
) -> None:
    await enter(driver, fake)
    fake.faults.refuse("POST channels/*/dial", 404, "Channel not found")
    driver.perform(leg(driver, "talk"))
    while not requested(fake, "/dial"):
        await asyncio.sleep(0.01)
    driver.perform(intents.EndLeg(driver.channel_id, driver.id("leg")))
    assert (await driver.expect(facts.LegEnded)).cause == 16
    assert not told.of(facts.CommandRefused)


async def test_keys_end_although_the_line_breaks(
    driver: Driver, fake: FakeAsterisk, told: Told
) -> None:
    """They are not sent again."""
    await enter(driver, fake)
    fake.faults.lose_answer("POST channels/*/dtmf")
    keys = intents.SendKeys(driver.channel_id, driver.id("keys"), driver.channel_id, "12w")
    driver.perform(keys)
    assert (await driver.expect(facts.KeysSent)).keys_id == driver.id("keys")
    while told.ups < 2:
        await told.changed()
    assert requested(fake, "/dtmf") == 1
    assert not told.of(facts.CommandRefused)


async def test_keys_while_away_are_refused_and_end(
    driver: Driver, fake: FakeAsterisk, told: Told
) -> None:
    await enter(driver, fake)
    await fake.crash()
    while not told.downs:
        await told.changed()
    driver.perform(intents.SendKeys(driver.channel_id, driver.id("keys"), "c", "1"))
    assert (await driver.expect(facts.CommandRefused)).object_id == driver.id("keys")
    await driver.expect(facts.KeysSent)


async def test_a_bridge_whose_answer_was_lost_is_no_failure(
    driver: Driver, fake: FakeAsterisk, told: Told
) -> None:
    await enter(driver, fake)
    fake.faults.lose_answer("POST bridges/*")
    driver.perform(intents.MakeBridge(driver.channel_id, driver.id("bridge")))
    while requested(fake, "POST bridges/") < 2 or requested(fake, "GET bridges/") < 1:
        await asyncio.sleep(0.01)
    await driver.until_connected()
    assert driver.id("bridge") in fake.bridges
    assert not told.of(facts.CommandRefused)


async def test_a_bridge_that_cannot_be_made(driver: Driver, fake: FakeAsterisk) -> None:
    await enter(driver, fake)
    fake.faults.refuse("POST bridges/*", 500, "Unable to create bridge")
    driver.perform(intents.MakeBridge(driver.channel_id, driver.id("bridge")))
    refused = await driver.expect(facts.CommandRefused)
    assert (refused.object_id, refused.reason) == (driver.id("bridge"), "Unable to create bridge")
