"""The engine's process stands still while a call waits, and never for ever."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from recordbridge.errors import ListenerError
from recordbridge.speech import whisper
from recordbridge.speech.whisper import Whisper
from tests.unit.speech.test_whisper import write

pytestmark = pytest.mark.rule("M-5")

PATIENCE_S = 120
TIMES = 3
STOPPED = "T"
GONE = ("", "Z", "X")

SERVICE = """
import asyncio, os, signal, sys
from pathlib import Path
import uvloop
from recordbridge.speech.whisper import Whisper
from tests.unit.speech.test_standing_still import still

async def main():
    engine = Whisper("tiny.en")
    hearing = asyncio.create_task(
        engine.listen(Path(sys.argv[1]), stereo=False, duration_ms=0, model="")
    )
    print(await still(engine), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

uvloop.run(main())
"""
"""Is killed while its engine stands still."""


def state(pid: int) -> str:
    """The letter of the process's state; empty when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


async def becomes(pid: int, *, stopped: bool) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while (state(pid) == STOPPED) is not stopped:
            await asyncio.sleep(0.001)


async def still(engine: Whisper) -> int:
    """Calls come until the engine's process is there and stands still; its pid."""
    async with asyncio.timeout(PATIENCE_S):
        while engine._process is None or state(engine._process.pid) != STOPPED:
            engine.hold()
            await asyncio.sleep(0.001)
    return engine._process.pid


@pytest.fixture
async def engine() -> AsyncIterator[Whisper]:
    running = Whisper("tiny.en")
    yield running
    await running.rest()


@pytest.fixture
def silence(tmp_path: Path) -> Path:
    return write(tmp_path / "a.wav", np.zeros(8000, np.int16))


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, begins: str) -> None:
    """An engine that begins with that line, and never answers."""
    shell = folder / "engine"
    shell.write_text(f"#!/bin/sh\necho '{begins}'\nexec sleep 60\n")
    shell.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(shell))


async def test_it_stands_still_in_moments_and_hears_all_the_same(silence: Path) -> None:
    stood: list[float] = []
    engine = Whisper("tiny.en", stood=stood.append)
    hearing = asyncio.create_task(engine.listen(silence, stereo=False, duration_ms=0, model=""))
    try:
        pid = await still(engine)
        await becomes(pid, stopped=False)
        async with asyncio.timeout(PATIENCE_S):
            while len(stood) < TIMES and not hearing.done():
                engine.hold()
                await asyncio.sleep(0.001)
        assert await hearing == []
        assert len(stood) >= TIMES
        engine.hold()
        assert state(pid) != STOPPED, "it has nothing to do"
        assert await engine.listen(silence, stereo=False, duration_ms=0, model="") == []
        assert engine._process is not None
        assert engine._process.pid == pid
    finally:
        await engine.rest()


@pytest.mark.rule("N-1")
async def test_it_ends_with_a_service_that_is_killed_while_it_stands_still(silence: Path) -> None:
    """It cannot notice that its standard input ends."""
    service = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVICE, str(silence)), stdout=asyncio.subprocess.PIPE
    )
    assert service.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        pid = int(await service.stdout.readline())
        assert await service.wait() < 0
        while state(pid) not in GONE:
            await asyncio.sleep(0.001)


async def test_closed_while_it_stands_still_it_is_gone(engine: Whisper, silence: Path) -> None:
    hearing = asyncio.create_task(engine.listen(silence, stereo=False, duration_ms=0, model=""))
    pid = await still(engine)
    hearing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await hearing
    assert engine._process is None
    assert state(pid) in GONE


async def test_to_stand_still_is_not_to_hang(
    tmp_path: Path, silence: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time for which it stood still is given to it."""
    stand_in(tmp_path, monkeypatch, '{"mortal":true}')
    monkeypatch.setattr(whisper, "START_S", 1.0)
    stood: list[float] = []
    engine = Whisper("tiny.en", stood=stood.append)
    begun = asyncio.get_running_loop().time()
    hearing = asyncio.create_task(engine.listen(silence, stereo=False, duration_ms=0, model=""))
    while not hearing.done():
        engine.hold()
        await asyncio.sleep(0.001)
    took_s = asyncio.get_running_loop().time() - begun
    with pytest.raises(ListenerError, match="was not transcribed within 1 s"):
        await hearing
    assert sum(stood[:-1]) > 0.25
    assert took_s >= 1.0 + sum(stood[:-1]) - 0.01, "the last time may have been its end"
    assert engine._process is None


@pytest.mark.parametrize("begins", ['{"mortal":false}', "{}"])
async def test_one_that_would_outlive_the_service_is_never_stopped(
    tmp_path: Path, silence: Path, monkeypatch: pytest.MonkeyPatch, begins: str
) -> None:
    stand_in(tmp_path, monkeypatch, begins)
    monkeypatch.setattr(whisper, "START_S", 0.5)
    stood: list[float] = []
    engine = Whisper("tiny.en", stood=stood.append)
    hearing = asyncio.create_task(engine.listen(silence, stereo=False, duration_ms=0, model=""))
    while not hearing.done():
        engine.hold()
        assert engine._process is None or state(engine._process.pid) != STOPPED
        await asyncio.sleep(0.005)
    with pytest.raises(ListenerError):
        await hearing
    assert stood == []
