"""The service as a benchmark runs it: as shipped, in a folder and process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench.rigged import Rig

TOKEN = "example-token-of-the-benchmark"
START_S = 15
APP = "recordbridge"


@dataclass(frozen=True)
class Service:
    """A service that is ready for calls."""

    process: subprocess.Popen[bytes]
    folder: Path
    url: str

    @property
    def log(self) -> str:
        return (self.folder / "service.log").read_text()

    @property
    def database(self) -> Path:
        return self.folder / "recordbridge.db"

    @property
    def recordings(self) -> Path:
        return self.folder / "recordings"

    def errors(self) -> list[str]:
        """The log lines that say that something went wrong; whatever is no event is one too."""
        return [line for line in self.log.splitlines() if _is_error(line)]

    async def metric(self, name: str) -> float:
        """A metric without labels as it is now."""
        for line in (await asyncio.to_thread(_get, f"{self.url}/metrics")).splitlines():
            if line.startswith(f"{name} "):
                return float(line.split()[1])
        raise KeyError(name)


@contextlib.asynccontextmanager
async def service(
    rig: Rig, folder: Path, flows: Mapping[str, str], command: tuple[str, ...] = ()
) -> AsyncIterator[Service]:
    """Run it with an application for each number in `flows`, until the block ends.

    `command` is put before the interpreter, for a profiler. The log is JSON, at its level info.
    """
    (folder / "flows").mkdir()
    for number, flow in flows.items():
        (folder / "flows" / f"{number}.xml").write_text(flow)
    port = _free_port()
    config = folder / "recordbridge.yaml"
    config.write_text(json.dumps(_settings(rig, port, list(flows))))
    with (folder / "service.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, sys.executable, "-m", "recordbridge", "serve", "-c", str(config)],
            stdout=log,
            stderr=log,
        )
        started = Service(process, folder, f"http://127.0.0.1:{port}")
        try:
            await asyncio.to_thread(_wait_ready, started)
            yield started
        finally:
            process.terminate()
            await asyncio.to_thread(process.wait, 15)


def _settings(rig: Rig, port: int, numbers: list[str]) -> dict[str, object]:
    """The configuration: JSON is YAML too. All that is not here is as shipped."""
    account = "MAEXAMPLEACCOUNT0001"
    return {
        "service": {"listen": f"127.0.0.1:{port}", "public_url": f"http://127.0.0.1:{port}"},
        "accounts": [{"auth_id": account, "auth_token": TOKEN}],
        "asterisk": [
            {
                "name": "pbx",
                "url": rig["RECORDBRIDGE_ASTERISK_URL"],
                "username": rig["RECORDBRIDGE_ASTERISK_USER"],
                "password": rig["RECORDBRIDGE_ASTERISK_PASSWORD"],
                "app": APP,
                "recordings": rig["RIG_RECORDINGS"],
            }
        ],
        "applications": {
            f"n{number}": {
                "account": account,
                "numbers": [number],
                "flow": f"flows/{number}.xml",
            }
            for number in numbers
        },
        "default_application": f"n{numbers[0]}",
        "storage": {"path": "recordings"},
        "database": {"url": "sqlite:///recordbridge.db"},
        "agi": None,
        "webhooks": {"allow_networks": ["127.0.0.0/8"]},
        "log": {"format": "json"},
    }


def _is_error(line: str) -> bool:
    return not line.startswith("{") or json.loads(line)["level"] in ("error", "critical")


def _wait_ready(started: Service) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and started.process.poll() is None:
        try:
            _get(f"{started.url}/readyz")
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the service did not start:\n{started.log}")


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        body: bytes = answer.read()
        return body.decode()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
