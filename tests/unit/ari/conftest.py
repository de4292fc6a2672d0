"""A fake Asterisk and a link to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from recordbridge.instant import SystemClock
from tests.contract.driver import Driver, Told, link
from tests.fakeari import FakeAsterisk


@pytest.fixture
async def fake(tmp_path: Path) -> AsyncIterator[FakeAsterisk]:
    async with FakeAsterisk(tmp_path / "spool") as fake:
        yield fake


@pytest.fixture
async def told() -> Told:
    return Told()


@pytest.fixture
async def driver(fake: FakeAsterisk, told: Told) -> AsyncIterator[Driver]:
    """A connected link; commands go over the socket."""
    driver = Driver(link(fake.url, fake.password, told), told, SystemClock())
    running = asyncio.create_task(driver.pbx.run())
    await driver.until_connected()
    yield driver
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
