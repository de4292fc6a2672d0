"""Exchanges to run the suite on, and a link connected to one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest

from recordbridge.ari.version import takes_commands_on_socket
from recordbridge.instant import SystemClock
from tests import rigged
from tests.contract.cable import Cable
from tests.contract.driver import Driver, Told, link
from tests.fakeari import FakeAsterisk


class Caller(Protocol):
    """The far end of a call."""

    async def press(self, key: str, *, duration_ms: int = 100) -> None: ...

    async def hangup(self) -> None: ...

    async def packets_heard(self) -> int: ...

    async def rings(self) -> None: ...


class Callee(Protocol):
    """The far end of a leg."""

    caller_name: str
    caller_number: str

    async def press(self, key: str, *, duration_ms: int = 100) -> None: ...

    async def hangup(self) -> None: ...

    async def header(self, name: str) -> str: ...

    async def keys(self) -> str: ...


class Calls(Protocol):
    """Whoever places calls."""

    async def call(
        self,
        dialled: str = "100",
        *,
        talk_s: float = 3.0,
        then: str = "silence",
        caller: str = "15551230001",
        headers: dict[str, str] | None = None,
    ) -> Caller: ...

    async def callee(self) -> Callee: ...


class Exchange(NamedTuple):
    """An Asterisk, and somebody who calls it."""

    url: str
    password: str
    calls: Calls


@pytest.fixture(params=["fake", pytest.param("asterisk", marks=pytest.mark.asterisk)])
async def exchange(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Exchange]:
    if request.param == "fake":
        async with FakeAsterisk(tmp_path / "spool") as fake:
            yield Exchange(fake.url, fake.password, fake)
    else:
        facts = request.getfixturevalue("rig")
        async with rigged.Carrier(facts) as carrier:
            await carrier.answers_late_after(1)
            yield Exchange(
                facts["RECORDBRIDGE_ASTERISK_URL"], facts["RECORDBRIDGE_ASTERISK_PASSWORD"], carrier
            )
            await carrier.answers_late_after(rigged.ANSWER_AFTER_S)
        await rigged.cleared(facts)


@pytest.fixture
async def cable(exchange: Exchange) -> AsyncIterator[Cable]:
    async with Cable(exchange.url) as cable:
        yield cable


@pytest.fixture
async def told() -> Told:
    return Told()


@pytest.fixture(params=["websocket", "http"])
async def driver(
    request: pytest.FixtureRequest, exchange: Exchange, cable: Cable, told: Told
) -> AsyncIterator[Driver]:
    """A connected link; commands by socket, then by HTTP."""
    pbx = link(cable.url, exchange.password, told, commands=request.param)
    running = asyncio.create_task(pbx.run())
    driver = Driver(pbx, told, SystemClock())
    await driver.until_connected()
    if request.param == "websocket" and not takes_commands_on_socket(pbx.version):
        running.cancel()
        pytest.skip(f"Asterisk {pbx.version} takes no commands on its socket")
    yield driver
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
