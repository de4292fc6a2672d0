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
PIECE = 2000
"""What is looked for of a sound that is not the known signal."""
_LOUD = 200
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


_SIZE = 1 << 20
"""Room for the known signal and any window."""


@cache
def _spectrum() -> NDArray[np.complex128]:
    return np.fft.rfft(known().astype(float), _SIZE)


def find(sound: Sound, at: int = 0, window: int = RATE // 2) -> Place:
    """Find the window of the sound that begins at `at` in the known signal, and how far it goes."""
    piece = sound.samples[at : at + window].astype(float)
    if not piece.any():
        return Place(at, 0, 0, 0.0)
    scores = np.fft.irfft(_spectrum() * np.conj(np.fft.rfft(piece, _SIZE)), _SIZE)
    of = int(np.argmax(scores[: len(known())]))
    there = known()[of : of + len(piece)].astype(float)
    likeness = float(np.corrcoef(piece[: len(there)], there)[0, 1])
    most = min(len(sound.samples) - at, len(known()) - of)
    different = np.flatnonzero(sound.samples[at : at + most] != known()[of : of + most])
    return Place(at, of, int(different[0]) if different.size else most, likeness)


class Heard(NamedTuple):
    """What a sound consists of; the rest is silence."""

    voice_ms: float
    """The known signal, in whatever order: a frame that a busy Asterisk inserted or lost does not
    count against the others."""
    strange_ms: float
    """Something else."""


def hear(sound: Sound) -> Heard:
    """Look at all of a sound."""
    at = voice = strange = 0
    while at < len(sound.samples):
        length = _exactly(sound.samples[at:])
        if length >= FRAME:
            voice += length
            at += length
        else:
            frame = sound.samples[at : at + FRAME]
            strange += len(frame) if np.abs(frame).max() > 100 else 0
            at += FRAME
    return Heard(voice * 1000 / sound.rate, strange * 1000 / sound.rate)


def _exactly(samples: Samples) -> int:
    """How many of these samples are, one after the other, some of the known signal."""
    first = samples[:FRAME]
    if len(first) < FRAME or not first.any():
        return 0
    of = _known_bytes().find(first.tobytes())
    if of < 0:
        return 0
    there = known()[of // 2 : of // 2 + len(samples)]
    different = np.flatnonzero(samples[: len(there)] != there)
    return int(different[0]) if different.size else len(there)


@cache
def _known_bytes() -> bytes:
    return known().tobytes()


def lost(sound: Sound) -> int:
    """How many samples of the known signal are missing between the first and the last heard.

    Silence that a busy Asterisk puts between two frames is no loss.
    """
    at = missing = 0
    goes_on_at: int | None = None
    while at + FRAME <= len(sound.samples):
        place = find(sound, at, window=4 * FRAME)
        if place.likeness < 0.99 or place.length < FRAME:
            at += FRAME
            continue
        if goes_on_at is not None:
            missing += abs(place.of - goes_on_at)
        goes_on_at = place.of + place.length
        at += place.length
    return missing


def heard_of(wanted: Samples, heard: Samples) -> list[bool]:
    """Of each quarter of a second of what was wanted: whether it was heard, near its place.

    An overloaded machine inserts silence into RTP, so a piece may be late, or broken in two.
    """
    began = first_loud(heard) - first_loud(wanted)
    pieces = range(0, len(wanted) - PIECE + 1, PIECE)
    return [
        near(heard[max(0, began + at - 400) : began + at + PIECE + 2400], wanted[at : at + PIECE])
        for at in pieces
    ]


def near(stretch: Samples, piece: Samples) -> bool:
    """Whether the piece is somewhere in the stretch."""
    if not np.abs(piece).max() > _LOUD:
        return True
    windows = np.lib.stride_tricks.sliding_window_view(stretch.astype(float), len(piece))
    centred = piece - piece.mean()
    deviations = windows.std(axis=1) * len(piece) * piece.std() + 1e-9
    return float((windows @ centred / deviations).max()) > 0.98


def first_loud(samples: Samples) -> int:
    return int(np.flatnonzero(np.abs(samples) > _LOUD)[0])
