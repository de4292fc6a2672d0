"""Calls that stay in the dialplan, which records them by FastAGI: `*5NUMBER` of the rig.

async with Dialplan(service, port) as dialplan:
    line = service.line()
    call = await dialplan.call(line, [speak(2), press("#")], maxLength=10)
    told = await dialplan.told(line)
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from tests.service.carrier import Call
from tests.service.service import Line, Service
from tests.service.steps import Step

TOLD_S = 30.0


class Told(NamedTuple):
    """The variables that the dialplan has after AGI()."""

    agi_status: str
    status: str
    recording_id: str
    duration_ms: str
    reason: str
    digits: str
    url: str


class Dialplan:
    """The rig's dialplan, which finds FastAGI at that port from now on."""

    def __init__(self, service: Service, port: int) -> None:
        self._service = service
        self._port = port

    async def call(
        self, line: Line, script: str | Sequence[Step], *, dial: str = "", **attributes: object
    ) -> Call:
        """A caller whose call is recorded like that; then the dialplan dials somebody, or waits."""
        values: dict[str, object] = {
            "application": f"app{line.number}",
            "action": line.url("action"),
            "callbackUrl": line.url("callback"),
            "fileFormat": "wav",
            "playBeep": "false",
        }
        values |= attributes
        given = (f"{name}={value}" for name, value in values.items() if value is not None)
        return await self.call_with(line, script, ",".join(given), dial=dial)

    async def call_with(
        self, line: Line, script: str | Sequence[Step], arguments: str, *, dial: str = ""
    ) -> Call:
        """The same, with the arguments as the dialplan writes them."""
        await self.point()
        await self._set(f"RIG_AGI_{line.number}", arguments)
        await self._set(f"RIG_DIAL_{line.number}", dial)
        await self._set(f"RIG_TOLD_{line.number}", "")
        await self._set(f"RIG_DIALLED_{line.number}", "")
        return await self._service.carrier.call(f"*5{line.number}", script)

    async def point(self) -> None:
        """Tell the dialplan where the service listens, and where the application does."""
        await self._set("RECORDBRIDGE_AGI", f"agi://127.0.0.1:{self._port}")
        await self._set("RECORDBRIDGE_WEB", self._service.application.url(""))

    async def told(self, line: Line, timeout: float = TOLD_S) -> Told:
        """What came of it, as soon as the dialplan goes on."""
        return Told(*(await self._awaited(f"RIG_TOLD_{line.number}", timeout)).split("|"))

    async def goes_on(self, line: Line) -> bool:
        """The dialplan does not wait (any more)."""
        return await self._get(f"RIG_TOLD_{line.number}") != ""

    async def dialled(self, line: Line) -> str:
        """How its Dial ended."""
        return await self._awaited(f"RIG_DIALLED_{line.number}", TOLD_S)

    async def _awaited(self, name: str, timeout: float) -> str:
        try:
            async with asyncio.timeout(timeout):
                while not (value := await self._get(name)):
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"{name} is not set:\n{self._service.program.told()}") from None
        return value

    async def _get(self, name: str) -> str:
        return str((await self._service.pbx("GET", "asterisk/variable", variable=name))["value"])

    async def _set(self, name: str, value: str) -> None:
        await self._service.pbx("POST", "asterisk/variable", variable=name, value=value)
