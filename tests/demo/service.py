"""The service of the demo: its YAML file, its process, and whether it is ready.

The YAML gives only what has no default, and the one setting that lets URLs lead to this machine.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import socket
import string
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from asterisk.rigging import process
from tests.demo.scenes import SCENES
from tests.receiver import Receiver

START_S = 20.0
ACCOUNT = "MADEMOACCOUNT0000001"
_LETTERS = string.ascii_letters + string.digits


class DemoError(Exception):
    """The demo cannot go on; the message says why."""


@dataclass(frozen=True)
class Service:
    """Where the service listens, what it signs with, where it keeps things."""

    folder: Path
    port: int
    token: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def config(self) -> Path:
        return self.folder / "recordbridge.yaml"

    @property
    def log(self) -> Path:
        return self.folder / "service.log"


def plan(folder: Path) -> Service:
    """A service on a free port, with a token of its own, in a folder made anew.

    Raises DemoError when the folder is not an earlier demo's.
    """
    if folder.exists() and not (folder / "recordbridge.yaml").exists() and any(folder.iterdir()):
        raise DemoError(f"{folder} is not a demo's folder: nothing was removed from it.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    token = "".join(secrets.choice(_LETTERS) for _ in range(40))
    return Service(folder, free_port(), token)


def free_port() -> int:
    """A port of the loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def configure(service: Service, app: Receiver, rig: Mapping[str, str]) -> None:
    """Write the YAML file; it holds secrets, so only its owner can read it."""
    applications = "".join(
        f"  {each.name}:\n"
        f"    account: {ACCOUNT}\n"
        f'    numbers: ["{each.number}"]\n'
        f'    answer_url: "{app.url(each.path("answer"))}"\n'
        for each in SCENES
    )
    service.config.touch(mode=0o600)
    service.config.write_text(
        "# Made by `make demo`. What is not here has its default.\n"
        f'service: {{listen: "127.0.0.1:{service.port}", public_url: "{service.url}"}}\n'
        f"accounts:\n  - {{auth_id: {ACCOUNT}, auth_token: {service.token}}}\n"
        "asterisk:\n"
        f'  - {{url: "{rig["RECORDBRIDGE_ASTERISK_URL"]}",'
        f' username: "{rig["RECORDBRIDGE_ASTERISK_USER"]}",'
        f' password: "{rig["RECORDBRIDGE_ASTERISK_PASSWORD"]}"}}\n'
        f"applications:\n{applications}"
        "agi: null\n"
        'webhooks: {allow_networks: ["127.0.0.0/8"]}   # the application listens on this machine\n',
        encoding="utf-8",
    )


def start(service: Service) -> tuple[process.Process, subprocess.Popen[bytes]]:
    """Run `recordbridge serve` in a session of its own: Ctrl-C is the demo's to handle."""
    command = [sys.executable, "-m", "recordbridge", "serve", "-c", str(service.config)]
    return process.start(command, service.log)


async def ready(service: Service, child: subprocess.Popen[bytes]) -> None:
    """Wait until it is connected to Asterisk and takes calls. Raises DemoError."""
    why = "it does not listen"
    try:
        async with asyncio.timeout(START_S), aiohttp.ClientSession() as http:
            while child.poll() is None:
                try:
                    async with http.get(f"{service.url}/readyz") as reply:
                        if reply.status == 200:
                            return
                        why = await reply.text()
                except aiohttp.ClientConnectionError:
                    pass
                await asyncio.sleep(0.05)
            why = f"it ended with exit code {child.returncode}"
    except TimeoutError:
        pass
    last = "\n".join(service.log.read_text(errors="replace").splitlines()[-8:])
    raise DemoError(f"The service did not become ready: {why}. The end of its log:\n{last}")
