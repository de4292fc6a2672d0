"""A recording in pieces that a transcription engine can hear: 16 kHz, each channel for itself.

A recording of four hours does not fit into memory as the engine wants it. It is read piece by
piece and cut where it is most quiet, so that hardly ever a word is.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import miniaudio
import numpy as np
import soxr
from numpy.typing import NDArray

from recordbridge.errors import MediaError

RATE = 16_000
PIECE_S = 300
SEARCHED_S = 20
"""How much of a piece's end is searched for the place to cut."""
_STEP = RATE // 50
_PAUSE = 15
"""Steps of 20 ms that a pause between words has."""
_READ = 1 << 16

Samples = NDArray[np.float32]


def read(file: Path, channels: int, piece_s: int = PIECE_S) -> Iterator[tuple[int, list[Samples]]]:
    """Where each piece begins (ms), and the samples of each channel. Raises MediaError."""
    held = np.empty((0, channels), np.float32)
    before = 0
    for chunk in _decoded(file, channels):
        held = np.concatenate((held, chunk))
        if len(held) >= piece_s * RATE:
            at = _quietest(held, piece_s * RATE)
            yield before * 1000 // RATE, _split(held[:at])
            held, before = held[at:], before + at
    if len(held):
        yield before * 1000 // RATE, _split(held)


def _split(samples: Samples) -> list[Samples]:
    return [np.ascontiguousarray(samples[:, each]) for each in range(samples.shape[1])]


def _quietest(samples: Samples, end: int) -> int:
    """The middle of the quietest pause shortly before `end`."""
    first = end - SEARCHED_S * RATE if end > 2 * SEARCHED_S * RATE else end // 2
    steps = (end - first) // _STEP
    loud = np.abs(samples[first : first + steps * _STEP]).max(axis=1)
    smooth = np.convolve(loud.reshape(steps, _STEP).mean(axis=1), np.ones(_PAUSE), "valid")
    return first + (int(np.argmin(smooth)) + _PAUSE // 2) * _STEP


def _decoded(file: Path, channels: int) -> Iterator[Samples]:
    """All of it at RATE, in chunks."""
    try:
        rate = miniaudio.get_file_info(str(file)).sample_rate
        resampler = soxr.ResampleStream(rate, RATE, channels, dtype="float32")
        for chunk in miniaudio.stream_file(
            str(file),
            output_format=miniaudio.SampleFormat.FLOAT32,
            nchannels=channels,
            sample_rate=rate,
            frames_to_read=_READ,
        ):
            pcm = np.frombuffer(chunk, np.float32).reshape(-1, channels)
            yield resampler.resample_chunk(pcm).reshape(-1, channels)
        last = resampler.resample_chunk(np.empty((0, channels), np.float32), last=True)
        yield last.reshape(-1, channels)
    except (miniaudio.MiniaudioError, OSError) as error:
        raise MediaError(f"the recording cannot be decoded: {error}") from error
