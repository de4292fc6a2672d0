"""The transcription engine: what it hears, and whatever happens to its process costs one try."""

from __future__ import annotations

import os
import signal
import sys
import wave
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from recordbridge.errors import ListenerError, MediaError
from recordbridge.ports.transcripts import Listener
from recordbridge.speech import models, pieces, whisper
from recordbridge.speech.whisper import Whisper
from tests.hearing.words import CONFERENCE, PASSWORD, understood


@pytest.fixture
async def engine() -> AsyncIterator[Whisper]:
    running = Whisper("tiny.en")
    yield running
    await running.rest()


def write(into: Path, *channels: np.ndarray) -> Path:
    longest = max(len(each) for each in channels)
    padded = [np.pad(each, (0, longest - len(each))) for each in channels]
    with wave.open(str(into), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(np.stack(padded, axis=1).astype(np.int16).tobytes())
    return into


def prompt(rig: Mapping[str, str], name: str) -> np.ndarray:
    """One of Asterisk's own, whose words are known."""
    with wave.open(f"{rig['RIG_PROMPTS']}/{name}.wav") as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


@pytest.mark.asterisk
@pytest.mark.rule("T-1")
@pytest.mark.rule("M-5")
async def test_speech_on_the_telephone_becomes_text_and_says_who_speaks(
    rig: Mapping[str, str], engine: Whisper, tmp_path: Path
) -> None:
    """A crash costs one try; silence is not made up into words; the process gives way to calls."""
    as_port: Listener = engine
    spoken = prompt(rig, "agent-pass")[: 8 * 8000]
    silence = np.zeros(len(spoken), np.int16)
    both = write(
        tmp_path / "both.wav",
        np.concatenate((spoken, silence)),
        np.concatenate((silence, prompt(rig, "conf-waitforleader"))),
    )
    heard = await as_port.listen(both, stereo=True, duration_ms=10_000, model="")
    caller = " ".join(each.text for each in heard if each.side == "Caller")
    callee = " ".join(each.text for each in heard if each.side == "Callee")
    assert understood(caller, PASSWORD)
    assert understood(callee, CONFERENCE)
    assert [each.side for each in heard] == sorted((e.side for e in heard), reverse=True)
    assert all(each.at_ms >= len(spoken) // 8 - 500 for each in heard if each.side == "Callee")

    assert engine._process is not None
    pid = engine._process.pid
    assert os.getpriority(os.PRIO_PROCESS, pid) >= 10
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(ListenerError, match="died"):
        await as_port.listen(both, stereo=True, duration_ms=10_000, model="")
    quiet = write(tmp_path / "quiet.wav", silence)
    assert await as_port.listen(quiet, stereo=False, duration_ms=5_000, model="") == []
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF")
    with pytest.raises(MediaError, match="cannot be decoded"):
        await as_port.listen(broken, stereo=False, duration_ms=5_000, model="")
    process = engine._process
    assert process.pid != pid
    assert process.stdin is not None
    process.stdin.close()
    assert await process.wait() == 0, "it ends with the service"


async def test_one_that_hangs_is_ended(
    engine: Whisper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whisper, "START_S", 0.01)
    file = write(tmp_path / "a.wav", np.zeros(8000, np.int16))
    with pytest.raises(ListenerError, match="was not transcribed within 0 s"):
        await engine.listen(file, stereo=False, duration_ms=0, model="")
    assert engine._process is None


async def test_half_an_answer_is_none(
    engine: Whisper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was killed while it wrote."""
    shell = tmp_path / "engine"
    shell.write_text("#!/bin/sh\necho {}\nread order\nprintf '{\"spoken\"'\n")
    shell.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(shell))
    with pytest.raises(ListenerError, match="died"):
        await engine.listen(tmp_path / "a.wav", stereo=False, duration_ms=1000, model="")
    assert engine._process is None


@pytest.mark.rule("T-3")
def test_without_extra_or_model_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Whisper("tiny.en").trouble("") == ""
    assert "no model 'huge'" in Whisper("huge").trouble("")
    monkeypatch.setattr(whisper, "installed", lambda: False)
    assert r"pip install 'recordbridge[transcription]'" in Whisper("tiny.en").trouble("")


@pytest.mark.rule("M-5")
def test_a_model_is_found_by_folder_or_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    folder = tmp_path / "hub/models--Systran--faster-whisper-small.en/snapshots/1"
    assert models.find("small.en") is None
    assert models.find(str(folder)) is None
    folder.mkdir(parents=True)
    (folder / models.FILE).touch()
    assert models.find("small.en") == models.find(str(folder)) == folder


def test_a_long_recording_comes_in_pieces_cut_in_pauses(tmp_path: Path) -> None:
    """All of it, each channel for itself; the only pause near the end of a piece is the place."""
    rng = np.random.default_rng(1)
    noise = rng.integers(-9000, 9000, 8000 * 10).astype(np.int16)
    noise[int(3.2 * 8000) : int(3.8 * 8000)] = 0
    file = write(tmp_path / "long.wav", noise, np.zeros_like(noise))
    found = list(pieces.read(file, 2, piece_s=4))
    starts = [start for start, _ in found]
    assert starts[0] == 0
    assert 3200 <= starts[1] <= 3800
    assert len(found) >= 3
    assert abs(sum(len(left) for _, (left, _) in found) - 10 * pieces.RATE) <= 2
    assert all(abs(right).max() < 0.001 for _, (_, right) in found)
    assert max(len(left) for _, (left, _) in found) <= 4 * pieces.RATE
