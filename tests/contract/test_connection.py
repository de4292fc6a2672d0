"""Connecting: credentials, the application's name, the clock."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from structlog.testing import capture_logs

from recordbridge.ari.diagnosis import diagnose
from recordbridge.instant import SystemClock
from tests.contract.conftest import Exchange
from tests.contract.driver import Driver, Told, link


async def test_a_wrong_password_is_told_once_with_what_to_do(
    exchange: Exchange, told: Told
) -> None:
    with capture_logs() as logs:
        running = asyncio.create_task(link(exchange.url, "wrong", told).run())
        while len(logs) < 3:
            await asyncio.sleep(0.02)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    lines = [each for each in logs if each["event"] == "ari_disconnected"]
    assert [each["log_level"] for each in lines] == ["warning", "debug", "debug"]
    assert "compare with ari.conf" in lines[0]["reason"]
    assert not told.ups
    assert not told.downs


async def test_who_takes_the_name_sends_the_other_to_stand_by(
    exchange: Exchange, driver: Driver, told: Told
) -> None:
    """Trap 18: two that take it from each other would never stop."""
    other_told = Told()
    other = link(exchange.url, exchange.password, other_told)
    running = asyncio.create_task(other.run())
    while not told.downs:
        await told.changed()
    assert driver.pbx.standby
    assert not driver.pbx.connected
    assert "another client" in told.downs[0]
    while not other.connected:
        await asyncio.sleep(0.01)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_the_clocks_of_one_machine_agree(driver: Driver) -> None:
    assert abs(driver.pbx.clock_offset_ms) <= 5


async def test_a_healthy_asterisk_has_no_diagnosis(exchange: Exchange) -> None:
    found = await diagnose(
        exchange.url,
        "recordbridge",
        exchange.password,
        "recordbridge",
        recordings=None,
        clock=SystemClock(),
    )
    assert found == []
