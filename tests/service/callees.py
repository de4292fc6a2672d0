"""Those who are called: a number of theirs rings until the test answers, rejects or ignores it.

    async with Callees(service.carrier) as callees:
        callee = await callees.next(number)
        await callee.answer()

The rig's carrier hands every number that begins with 1777 to whoever drives it through ARI.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from contextlib import suppress
from typing import Self

from tests.service.carrier import Call, Carrier, Event
from tests.service.keys import GoneError

PATIENCE_S = 10.0


class Callee(Call):
    """A called phone. `caller` and `caller_name` are what it shows."""

    def __init__(self, carrier: Carrier, event: Event) -> None:
        channel = event["channel"]
        super().__init__(carrier, channel["id"], channel["dialplan"]["exten"])
        self.caller = str(channel["caller"]["number"])
        self.caller_name = str(channel["caller"]["name"])
        self.take(event)

    async def ring(self) -> None:
        """180."""
        await self.carrier.ask("POST", f"channels/{self.id}/ring")

    async def progress(self) -> None:
        """183, with a moment of silence: it can be heard, and hears."""
        await self.silence(0.02)

    async def answer(self) -> None:
        """Pick the phone up."""
        await self.carrier.ask("POST", f"channels/{self.id}/answer")

    async def reject(self, cause: int) -> None:
        """End it with a Q.850 cause, answered or not."""
        with suppress(GoneError):
            await self.carrier.ask("DELETE", f"channels/{self.id}", {"reason_code": str(cause)})

    async def header(self, name: str) -> str:
        """A header of the INVITE that came."""
        return await self.variable(f"PJSIP_HEADER(read,{name})")

    async def variable(self, name: str) -> str:
        query = {"variable": name}
        told = await self.carrier.ask("GET", f"channels/{self.id}/variable", query)
        return str(json.loads(told)["value"])


class Callees:
    """The phones of numbers that begin with 1777."""

    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier
        self._rang: defaultdict[str, asyncio.Queue[Callee]] = defaultdict(asyncio.Queue)
        self.all: list[Callee] = []

    async def __aenter__(self) -> Self:
        query = {"variable": "RIG_APP", "value": self.carrier.app}
        await self.carrier.ask("POST", "asterisk/variable", query)
        self.carrier.arrived = self._arrived
        return self

    async def __aexit__(self, *_: object) -> None:
        self.carrier.arrived = None
        for callee in self.all:
            if not callee.is_over:
                await callee.hang_up()

    def _arrived(self, event: Event) -> None:
        if event["type"] == "StasisStart" and event["channel"]["name"].startswith("PJSIP/"):
            callee = Callee(self.carrier, event)
            self.carrier.adopt(callee)
            self.all.append(callee)
            self._rang[callee.number].put_nowait(callee)

    async def next(self, number: str) -> Callee:
        """The next call to that number, which rings."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._rang[number].get()
