"""A link under test: what it told, in order, and waiting for more."""

from __future__ import annotations

import asyncio
from typing import TypeVar

import structlog

from recordbridge import ids
from recordbridge.ari.link import AriPbx
from recordbridge.instant import SystemClock
from recordbridge.machine.facts import Fact, PbxSeen
from recordbridge.machine.intents import Pbx

F = TypeVar("F", bound=Fact)
PATIENCE_S = 8.0


class Told:
    """Facts as they come. `expect` waits for the next of a kind, in order, skipping others."""

    def __init__(self) -> None:
        self.facts: list[tuple[str, Fact]] = []
        self.ups = 0
        self.downs: list[str] = []
        self._changed = asyncio.Event()

    def sink(self, call: str, fact: Fact) -> None:
        self.facts.append((call, fact))
        self._changed.set()

    async def up(self) -> None:
        self.ups += 1
        self._changed.set()

    def down(self, reason: str) -> None:
        self.downs.append(reason)
        self._changed.set()

    async def changed(self) -> None:
        """Until the next fact, connection or disconnection."""
        self._changed.clear()
        await asyncio.wait_for(self._changed.wait(), PATIENCE_S)

    def kinds(self) -> list[str]:
        """Names of the facts so far."""
        return [type(fact).__name__ for _, fact in self.facts]

    def of(self, kind: type[F]) -> list[F]:
        return [fact for _, fact in self.facts if isinstance(fact, kind)]


class Driver:
    """A connected `AriPbx` and one call on it."""

    def __init__(self, pbx: AriPbx, told: Told, clock: SystemClock) -> None:
        self.pbx = pbx
        self.told = told
        self.clock = clock
        self.channel_id = ""
        self.call_uuid = ""
        self._seen = 0

    def perform(self, *intents: Pbx) -> None:
        for each in intents:
            self.pbx.perform(each)

    def id(self, kind: str, number: int = 1) -> str:
        """One of our ids for the call."""
        return ids.object_id(self.call_uuid, kind, number)

    async def expect(self, kind: type[F]) -> F:
        """The next fact of that kind."""
        while True:
            while self._seen < len(self.told.facts):
                call, fact = self.told.facts[self._seen]
                self._seen += 1
                if isinstance(fact, kind):
                    self.call_uuid = self.call_uuid or call
                    assert call == self.call_uuid
                    return fact
            try:
                await self.told.changed()
            except TimeoutError:
                raise AssertionError(f"no {kind.__name__} came after {self.told.kinds()}") from None

    async def look(self, *captures: str) -> PbxSeen:
        """What Asterisk has of the call, and which of these recordings run."""
        survey = await self.pbx.survey()
        return await self.pbx.look(self.channel_id, survey, captures=list(captures), playbacks=[])

    async def calls_present(self) -> list[tuple[str, Fact]]:
        return [*await self.pbx.calls_present(await self.pbx.survey())]

    async def until_connected(self) -> None:
        while not self.pbx.connected:
            await asyncio.sleep(0.01)


def link(url: str, password: str, told: Told, *, commands: str = "auto") -> AriPbx:
    """A link with nothing behind it but `told`."""
    assert commands in ("auto", "http", "websocket")
    return AriPbx(
        "pbx",
        url,
        "recordbridge",
        password,
        "recordbridge",
        recordings=None,
        clock=SystemClock(),
        sink=told.sink,
        on_up=told.up,
        on_down=told.down,
        log=structlog.get_logger(),
        commands=commands,  # type: ignore[arg-type]  # one of the three, asserted above
    )
