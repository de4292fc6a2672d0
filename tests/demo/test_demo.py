"""`make demo` as a newcomer runs it, and as one who loses patience does."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from tests.demo.calls import ROOT
from tests.demo.scenes import BACKGROUND, SCENES

pytestmark = pytest.mark.asterisk
Start = Callable[..., Awaitable[asyncio.subprocess.Process]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts the demo in a folder of its own; what a test left running is ended as by Ctrl-C."""
    started: list[asyncio.subprocess.Process] = []

    async def start(**variables: str) -> asyncio.subprocess.Process:
        places = {"RIG_STATE": str(tmp_path / "rig"), "DEMO_FOLDER": str(tmp_path / "demo")}
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.demo", cwd=ROOT, env=os.environ | places | variables,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        started.append(child)
        return child

    yield start
    for child in started:
        if child.returncode is None:
            child.send_signal(signal.SIGINT)
            await child.communicate()


async def _reachable(url: str) -> bool:
    async with aiohttp.ClientSession() as http:
        try:
            async with http.get(f"{url}/healthz"):
                return True
        except aiohttp.ClientConnectionError:
            return False


async def test_every_recording_arrives(start: Start) -> None:
    child = await start()
    out, err = (words.decode() for words in await child.communicate())
    assert child.returncode == 0, out + err
    rows = [line.split() for line in out.splitlines() if re.match(r"[0-9a-f]{8}  ", line)]
    assert [row[1] for row in rows] == [each.reason for each in SCENES]
    assert [row[6] for row in rows] == [each.file_format for each in SCENES]
    assert [row[7] for row in rows] == ["1"] * 5 + ["2"] * 2
    initial = re.findall(r"^  RecordingDurationMs +-1$", out, re.MULTILINE)
    assert len(initial) == len(BACKGROUND)
    assert "NOT VALID" not in out
    assert "Good: all of it arrived" in out


async def test_an_interrupt_ends_everything(start: Start, tmp_path: Path) -> None:
    child = await start()
    assert child.stdout is not None
    await child.stdout.readuntil(b"Calls, all at the same time")
    config = (tmp_path / "demo" / "recordbridge.yaml").read_text()
    service, pbx = re.findall(r'url: "(http://[^"]+)"', config)[:2]
    assert await _reachable(service)
    assert await _reachable(pbx)
    child.send_signal(signal.SIGINT)
    _, err = await child.communicate()
    assert child.returncode == 130
    assert err.decode() == "demo: interrupted; everything it started has ended.\n"
    assert not await _reachable(service)
    assert not await _reachable(pbx)


async def test_a_folder_of_somebody_else_is_left_alone(start: Start, tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "thesis.txt").write_text("nearly done")
    child = await start()
    _, err = await child.communicate()
    assert child.returncode == 1
    assert "is not a demo's folder" in err.decode()
    assert (tmp_path / "demo" / "thesis.txt").exists()
