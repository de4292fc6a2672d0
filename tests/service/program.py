"""`recordbridge serve` in a process of its own, and what it says.

Every line of its log is kept; one that is not JSON (a traceback, a warning of Python's) is kept
apart, and `stop` does not let it pass.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from tests.service.certificates import Certificates

STOP_S = 10.0
"""N-7."""
START_S = 40.0
Line = dict[str, Any]


def free_port() -> int:
    """A port of the loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Program:
    """The service with these settings; may be started again after it was stopped or killed."""

    def __init__(
        self, folder: Path, settings: Mapping[str, Any], tls: Certificates | None = None
    ) -> None:
        self.folder = folder
        self.file = folder / "recordbridge.yaml"
        self.url = str(settings["service"]["public_url"])
        self.tls = tls
        self.log: list[Line] = []
        self.words: list[str] = []
        """Lines that are no JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        self.file.write_text(yaml.safe_dump(dict(settings), sort_keys=False), encoding="utf-8")
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._said = asyncio.Event()

    async def start(self, *, ready: bool = True) -> None:
        """Start it, and wait until it is ready to take calls."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "recordbridge", "serve", "-c", str(self.file)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=os.environ | {"PYTHONUNBUFFERED": "1"} | self._failpoints(),
        )
        assert self._process.stderr is not None
        self._reader = asyncio.create_task(self._read(self._process.stderr))
        if ready:
            await self.ready()

    async def ready(self) -> None:
        """Until /readyz is 200."""
        try:
            async with asyncio.timeout(START_S), self.http() as http:
                while await self._status(http) != 200:
                    assert self._process is not None
                    assert self._process.returncode is None, self.told()
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"not ready after {START_S} s:\n{self.told()}") from None

    async def readiness(self) -> int:
        """The status of /readyz; 0 when nothing listens."""
        async with self.http() as http:
            return await self._status(http)

    def http(self) -> aiohttp.ClientSession:
        """A client that believes its certificate, if it has one."""
        connector = aiohttp.TCPConnector(ssl=self.tls.client if self.tls else True)
        return aiohttp.ClientSession(connector=connector)

    async def _status(self, http: aiohttp.ClientSession) -> int:
        try:
            async with http.get(f"{self.url}/readyz") as response:
                return response.status
        except aiohttp.ClientConnectionError:
            return 0

    async def said(
        self, event: str, *, since: int = 0, timeout: float = 10.0, **fields: Any
    ) -> Line:
        """The first such line of the log from the `since`-th on, once it is there."""
        try:
            async with asyncio.timeout(timeout):
                while True:
                    self._said.clear()
                    for line in self.log[since:]:
                        if line["event"] == event and fields.items() <= line.items():
                            return line
                    await self._said.wait()
        except TimeoutError:
            raise AssertionError(f"no {event} {fields} in:\n{self.told()}") from None

    async def exited(self, timeout: float = STOP_S) -> int:
        """Its exit code, when it has ended by itself or was told to."""
        assert self._process is not None
        assert self._reader is not None
        try:
            async with asyncio.timeout(timeout):
                code = await self._process.wait()
                await self._reader
        except TimeoutError:
            raise AssertionError(f"it still runs after {timeout} s:\n{self.told()}") from None
        self._process = None
        return code

    async def stop(self) -> float:
        """SIGTERM: it must end well within 10 s; the seconds it took."""
        assert self._process is not None
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        code = await self.exited()
        assert code == 0, f"exit code {code}:\n{self.told()}"
        return time.monotonic() - began

    @property
    def failpoints(self) -> Path:
        """If there is this folder at the start, the program dies where a file in it says so."""
        return self.folder / "failpoints"

    def _failpoints(self) -> dict[str, str]:
        given = self.failpoints.is_dir()
        return {"RECORDBRIDGE_FAILPOINTS": str(self.failpoints)} if given else {}

    def dies_at(self, place: str) -> None:
        """From now on, as by kill -9, when it comes there (`recordbridge.failpoints`)."""
        (self.failpoints / place).touch()

    async def died(self, timeout: float = 15.0) -> None:
        """Until it has."""
        code = await self.exited(timeout)
        assert code == -signal.SIGKILL, (code, self.told())

    async def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        await self.exited()

    def hang_up(self) -> None:
        """SIGHUP: the file is read again (O-4)."""
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    def freeze(self, *, frozen: bool = True) -> None:
        """It stands still, as on a machine that hangs; or goes on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP if frozen else signal.SIGCONT)

    async def discard(self) -> None:
        """End it if it still runs, however it is."""
        if self._process is not None:
            await self.kill()

    def told(self) -> str:
        """All that it said, for the message of a failure."""
        return "\n".join([*(json.dumps(line) for line in self.log[-60:]), *self.words])

    async def _read(self, stream: asyncio.StreamReader) -> None:
        while data := await stream.readline():
            text = data.decode().rstrip()
            try:
                self.log.append(json.loads(text))
            except json.JSONDecodeError:
                self.words.append(text)
            self._said.set()
