"""kill -9 of the transcription engine, at whatever moment: the text comes, under one id (N-1)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from recordbridge.engine import rows
from recordbridge.machine import transcription
from recordbridge.ports.sounds import Utterance
from recordbridge.speech.espeak import Espeak
from recordbridge.speech.whisper import Whisper
from tests.hearing.words import understood
from tests.unit.engine.test_transcriber import Desk

pytestmark = [pytest.mark.rule("N-1"), pytest.mark.rule("H-3"), pytest.mark.rule("M-5")]
SAID = "Please enter your password. Then press the pound key."
PARTS = 3
"""Moments of the sweep: from the start of the process to its answer, and one after."""
PATIENCE_S = 120


@pytest.fixture
async def sound(tmp_path: Path) -> bytes:
    voice = Espeak()
    await voice.say(Utterance(SAID, "WOMAN", "en-US"), tmp_path / "said.wav")
    await voice.close()
    return (tmp_path / "said.wav").read_bytes()


class Real(Desk):
    """The engine is the real one, and hears the sound."""

    def __init__(self, folder: Path, sound: bytes) -> None:
        super().__init__(folder)
        self.engine = Whisper("tiny.en", gives_way=False)
        self.listener = self.engine  # type: ignore[assignment]  # the real one
        self._sound = sound
        self.files.fetch = self._fetch  # type: ignore[method-assign]  # this one writes it

    async def _fetch(self, name: str, into: Path) -> Path:
        del name
        into.write_bytes(self._sound)
        return into

    async def begun(self) -> int:
        """The engine's process, once there is one."""
        async with asyncio.timeout(PATIENCE_S):
            while self.engine._process is None:
                await asyncio.sleep(0.001)
        return self.engine._process.pid

    async def answer(self) -> tuple[str, dict[str, str]]:
        async with asyncio.timeout(PATIENCE_S):
            request = await self.sent.get()
        self.sent.put_nowait(request)
        return request.request_id, await self.told()


@pytest.fixture
async def desk(tmp_path: Path, sound: bytes) -> AsyncIterator[Real]:
    desk = Real(tmp_path, sound)
    yield desk
    await desk.engine.rest()


async def test_a_sweep_of_moments(desk: Real) -> None:
    """First without a kill, to know how long it takes; then killed at each part of that time."""
    async with desk.working() as working:
        begun = time.monotonic()
        working.add(await desk.asked())
        _, said = await desk.answer()
        took_s = time.monotonic() - begun
        assert understood(said["transcription"], SAID)
        for part in range(PARTS + 1):
            await desk.engine.rest()
            row = await desk.asked()
            working.add(row)
            pid = await desk.begun()
            await asyncio.sleep(took_s * part / PARTS)
            kill(pid)
            request_id, said = await desk.answer()
            state = rows.decode(desk.store.calls[row.call_uuid].state)
            assert request_id == state.recordings[0].transcription_id
            assert said["error"] == ""
            assert understood(said["transcription"], SAID)
            assert desk.sent.empty(), "told once"


async def test_one_that_is_killed_again_and_again_is_told_too(desk: Real) -> None:
    """The third time that is its result."""
    async with desk.working() as working:
        working.add(await desk.asked())
        for _ in range(3):
            pid = await desk.begun()
            kill(pid)
            async with asyncio.timeout(PATIENCE_S):
                while desk.engine._process is not None and desk.engine._process.pid == pid:
                    await asyncio.sleep(0.001)
        _, said = await desk.answer()
    assert said["error"] == transcription.BROKEN


def kill(pid: int) -> None:
    """It may have ended by itself."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
