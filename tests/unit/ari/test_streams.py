"""S-1: Dials are mixed where Asterisk would not record a second callee, and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from recordbridge.instant import SystemClock
from recordbridge.machine import facts, intents
from tests.contract.driver import Driver, Told, link
from tests.fakeari import FakeAsterisk

DEBIAN = "22.10.1+dfsg+~cs6.17.60671434-1"
GENERIC, EQUAL = (
    f"codecs.conf,plc,{each}" for each in ("genericplc", "genericplc_on_equal_codecs")
)

pytestmark = pytest.mark.rule("S-1")


@asynccontextmanager
async def connected(fake: FakeAsterisk) -> AsyncIterator[Driver]:
    told = Told()
    driver = Driver(link(fake.url, fake.password, told), told, SystemClock())
    running = asyncio.create_task(driver.pbx.run())
    await driver.until_connected()
    try:
        yield driver
    finally:
        running.cancel()
        await asyncio.wait((running,))


async def enter(driver: Driver, fake: FakeAsterisk) -> None:
    """A call is there, and what was asked before it was answered is known."""
    call = await fake.call("100", args=("headers=",))
    driver.channel_id = (await driver.expect(facts.CallEntered)).channel_id
    assert driver.channel_id == call.channel_id
    driver.perform(intents.Answer(driver.channel_id))
    await driver.expect(facts.CallAnswered)


def asked(fake: FakeAsterisk) -> int:
    return sum("/variable" in each for each in fake.requests)


async def technology(driver: Driver, fake: FakeAsterisk, number: int, *, shared: bool) -> str:
    """Of a bridge that is made now."""
    bridge = driver.id("bridge", number)
    driver.perform(intents.MakeBridge(driver.channel_id, bridge, shared=shared))
    while bridge not in fake.bridges:
        await asyncio.sleep(0.01)
    return fake.bridges[bridge].technology


@pytest.mark.parametrize(
    ("version", "configuration", "made"),
    [
        ("22.10.1", {}, "simple_bridge"),
        (DEBIAN, {}, "softmix"),
        (DEBIAN, {EQUAL: "yes"}, "simple_bridge"),
        (DEBIAN, {EQUAL: "TRUE", GENERIC: "on"}, "simple_bridge"),
        (DEBIAN, {EQUAL: "yes", GENERIC: "no"}, "softmix"),
        (DEBIAN, {EQUAL: "false"}, "softmix"),
    ],
)
async def test_a_bridge_that_a_recording_outlasts(
    tmp_path: Path, version: str, configuration: dict[str, str], made: str
) -> None:
    async with FakeAsterisk(tmp_path, version=version) as fake:
        fake.configuration |= configuration
        with capture_logs() as logs:
            async with connected(fake) as driver:
                await enter(driver, fake)
                assert await technology(driver, fake, 1, shared=True) == made
                assert await technology(driver, fake, 2, shared=False) == "simple_bridge"
        told = [each for each in logs if each["event"] == "ari_streams_mixed"]
        assert len(told) == (made == "softmix")
        assert all("genericplc_on_equal_codecs=true" in each["reason"] for each in told)


async def test_the_configuration_is_asked_for_once_a_connection(tmp_path: Path) -> None:
    async with FakeAsterisk(tmp_path, version=DEBIAN) as fake, connected(fake) as driver:
        fake.configuration[EQUAL] = "yes"
        await enter(driver, fake)
        assert asked(fake) == 2
        await fake.call("101", args=("headers=",))
        while len(driver.told.of(facts.CallEntered)) < 2:
            await driver.told.changed()
        assert asked(fake) == 2
        await fake.cut()
        while driver.told.ups < 2:
            await driver.told.changed()
        await driver.until_connected()
        del fake.configuration[EQUAL]
        await fake.call("102", args=("headers=",))
        while asked(fake) < 4:
            await asyncio.sleep(0.01)
        assert await technology(driver, fake, 1, shared=True) == "softmix"


async def test_an_asterisk_that_does_not_tell_mixes(tmp_path: Path) -> None:
    """func_config is not loaded."""
    async with FakeAsterisk(tmp_path, version=DEBIAN) as fake, connected(fake) as driver:
        fake.configuration[EQUAL] = "yes"
        fake.faults.refuse("GET channels/*/variable", 500, "Unable to read function", times=2)
        await enter(driver, fake)
        assert await technology(driver, fake, 1, shared=True) == "softmix"


async def test_a_question_that_was_not_answered_is_asked_again(tmp_path: Path) -> None:
    async with FakeAsterisk(tmp_path, version=DEBIAN) as fake, connected(fake) as driver:
        fake.configuration[EQUAL] = "yes"
        fake.faults.lose_answer("GET channels/*/variable")
        await fake.call("100", args=("headers=",))
        await driver.expect(facts.CallEntered)
        while driver.told.ups < 2:
            await driver.told.changed()
        await driver.until_connected()
        driver.call_uuid = ""
        await enter(driver, fake)
        assert await technology(driver, fake, 1, shared=True) == "simple_bridge"
