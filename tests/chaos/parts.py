"""The processes of a lane that are killed and started again: the service and its application."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import yaml

ROOT = Path(__file__).parents[2]
READY_S = 60.0
_BROKE = {"call_broke", "link_broke", "fence_lost", "commit_failed"}


def _event(line: str) -> str:
    try:
        return str(json.loads(line)["event"])
    except ValueError:  # a line that was being written when the process was killed
        return ""


class ServiceProcess:
    """The service: started by an interpreter that stays (`tests.chaos.served`), killed by id."""

    def __init__(self, folder: Path, settings: Mapping[str, Any], control: str = "") -> None:
        self.folder = folder
        self.url = str(settings["service"]["public_url"])
        self.log = folder / "service.log"
        self.failpoints = folder / "failpoints"
        self.clock = folder / "clock"
        self._control = control
        self._file = folder / "recordbridge.yaml"
        self._file.write_text(yaml.safe_dump(dict(settings), sort_keys=False))
        self.failpoints.mkdir()
        self.clock.write_text("0")
        self._pid = 0
        self._died = asyncio.Event()
        self._died.set()
        self._nursery: asyncio.subprocess.Process

    async def open(self) -> None:
        """Import all that the service needs."""
        self._nursery = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.chaos.served", str(self._file), str(self.log)),
            *("--clock", str(self.clock), "--control", self._control),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=os.environ | {"RECORDBRIDGE_FAILPOINTS": str(self.failpoints)},
        )

    async def start(self) -> None:
        """Start it; it is not ready yet. The last one must be dead: there would be two."""
        assert self._died.is_set()
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.write(b"start\n")
        self._pid = int(await self._nursery.stdout.readline())
        self._died.clear()
        self._watch(os.pidfd_open(self._pid))

    def _watch(self, descriptor: int) -> None:
        loop = asyncio.get_running_loop()

        def ended() -> None:
            loop.remove_reader(descriptor)
            os.close(descriptor)
            self._died.set()

        loop.add_reader(descriptor, ended)

    async def ready(self) -> None:
        """Until /readyz is 200 or it has died."""
        until = time.monotonic() + READY_S
        async with aiohttp.ClientSession() as http:
            while not self._died.is_set() and time.monotonic() < until:
                try:
                    async with http.get(f"{self.url}/readyz") as response:
                        if response.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.05)

    async def kill(self) -> bool:
        """kill -9; whether it still ran."""
        ran = not self._died.is_set()
        if ran:
            os.kill(self._pid, signal.SIGKILL)
        await self._died.wait()
        return ran

    async def died(self, within_s: float) -> bool:
        """Whether it died by itself, at a failpoint, within that time."""
        try:
            async with asyncio.timeout(within_s):
                await self._died.wait()
        except TimeoutError:
            return False
        return True

    def broke(self, explained: frozenset[str]) -> list[str]:
        """What must never be said, whatever was killed: the service is not to blame others."""
        lines = self.log.read_text(errors="replace").splitlines()
        wrong = _BROKE - explained
        return [line for line in lines if not line.startswith("{") or _event(line) in wrong]

    async def stop(self) -> None:
        """As an operator does; then the interpreter that starts it goes too."""
        if not self._died.is_set():
            os.kill(self._pid, signal.SIGTERM)
            if not await self.died(15):
                await self.kill()
        assert self._nursery.stdin is not None
        self._nursery.stdin.close()
        await self._nursery.wait()


class ApplicationProcess:
    """The application: a receiver in a process of its own, always on the same port."""

    def __init__(self, folder: Path, port: int) -> None:
        self.journal = folder / "requests"
        self._folder = folder
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.application", str(self._port), str(self._folder)],
            cwd=ROOT,
        )
        async with aiohttp.ClientSession() as http:
            while self._process.poll() is None:
                try:
                    async with http.options(f"http://127.0.0.1:{self._port}/up"):
                        return
                except aiohttp.ClientError:
                    await asyncio.sleep(0.05)
        raise RuntimeError("the application does not start")

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
