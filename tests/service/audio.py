"""Sounds that were recorded, and how they compare with the known signal of the carrier.

The known signal does not repeat and goes over the wire without loss, so that a recording holds
exactly its samples: where it stands and where a sample is missing are found to the sample.
"""

from __future__ import annotations

import io
import wave
from functools import cache
from typing import NamedTuple

import miniaudio
import numpy as np
from numpy.typing import NDArray

from asterisk.rigging import markers

RATE = 8000
FRAME = 160
Samples = NDArray[np.int16]


class Sound(NamedTuple):
    """Mono samples at `rate`."""

    samples: Samples
    rate: int = RATE

    @property
    def ms(self) -> float:
        return len(self.samples) * 1000 / self.rate

    def levels(self) -> NDArray[np.float64]:
        """The mean of |sample| of each frame of 20 ms."""
        frame = self.rate // 50
        whole = len(self.samples) // frame * frame
        frames: NDArray[np.float64] = np.abs(self.samples[:whole].astype(np.float64))
        return np.asarray(frames.reshape(-1, frame).mean(axis=1), np.float64)

    def silent_tail_ms(self, threshold: int = 128) -> float:
        """How long the end has been silent."""
        loud = np.flatnonzero(np.abs(self.samples) >= threshold)
        return self.ms if not loud.size else (len(self.samples) - 1 - loud[-1]) * 1000 / self.rate


def read_wav(data: bytes) -> Sound:
    """A WAV as rules demand it: 16-bit PCM, mono, its header true."""
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getsampwidth(), file.getnchannels()) == (2, 1)
        pcm = file.readframes(file.getnframes())
        assert len(pcm) == 2 * file.getnframes()
        return Sound(np.frombuffer(pcm, np.int16), file.getframerate())


def read_mp3(data: bytes) -> Sound:
    """An MP3, decoded at its own rate."""
    sound = miniaudio.decode(data, nchannels=1, sample_rate=16000)
    return Sound(np.frombuffer(sound.samples, np.int16), sound.sample_rate)


@cache
def known() -> Samples:
    """The known signal."""
    return np.array(markers.samples(), np.int16)


class Place(NamedTuple):
    """Where a piece of the known signal stands in a sound, in samples."""

    at: int
    """In the sound."""
    of: int
    """In the known signal."""
    length: int
    """How many samples are exactly those of the known signal."""
    likeness: float
    """Correlation of the window that was searched with."""

    @property
    def wanted_at(self) -> int:
        """Where the known signal's first sample would stand."""
        return self.at - self.of


def find(sound: Sound, at: int = 0, window: int = RATE // 2) -> Place:
    """Find the window of the sound that begins at `at` in the known signal, and how far it goes."""
    piece = sound.samples[at : at + window].astype(float)
    whole = known().astype(float)
    size = 1 << (len(whole) + len(piece)).bit_length()
    scores = np.fft.irfft(np.fft.rfft(whole, size) * np.conj(np.fft.rfft(piece, size)), size)
    of = int(np.argmax(scores[: len(whole)]))
    there = whole[of : of + len(piece)]
    likeness = float(np.corrcoef(piece[: len(there)], there)[0, 1]) if there.any() else 0.0
    most = min(len(sound.samples) - at, len(whole) - of)
    same = sound.samples[at : at + most] == known()[of : of + most]
    different = np.flatnonzero(~same)
    return Place(at, of, int(different[0]) if different.size else most, likeness)
