"""Long recordings of speech: Asterisk's prompts at 8 kHz, one after the other, with pauses."""

from __future__ import annotations

import itertools
import wave
from pathlib import Path

import numpy as np

from tests.bench.prompts import prompts

RATE = 8000
PAUSE_S = 0.7


def joined(folder: Path, into: Path, seconds: float, *, stereo: bool = False) -> Path:
    """A WAV of that length; in stereo two people speak in turns, each on a side of its own."""
    names = itertools.cycle(each.name for each in prompts(folder, 2, 12))
    pause = np.zeros(round(PAUSE_S * RATE), np.int16)
    sides: list[list[np.ndarray]] = [[], []]
    length = turn = 0
    while length < seconds * RATE:
        with wave.open(str(folder / f"{next(names)}.wav")) as file:
            said = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        said = np.concatenate((said, pause))
        sides[turn % 2].append(said)
        sides[(turn + 1) % 2].append(np.zeros_like(said))
        length, turn = length + len(said), turn + 1
    left, right = (np.concatenate(side)[: round(seconds * RATE)] for side in sides)
    frames = np.stack((left, right), axis=1) if stereo else left + right
    with wave.open(str(into), "wb") as file:
        file.setnchannels(2 if stereo else 1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(frames.tobytes())
    return into
