"""Two known sounds in one: where each of them stands in their mix.

Asterisk mixes by adding and clipping, so every sample of a mix is exactly one sample of each sound
together, or one of one of them. Correlation finds how each may lie, equality tells where it does.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.fidelity.signal import FRAME, Reference, Run, Samples, norms

WINDOW, STRIDE = 1600, 800
LIKE = 0.35
"""The correlation of a window with one of two equally loud sounds is about 0.7, by chance 0.13."""
SURE = 40
"""So many samples on end are not equal by chance."""
_BESIDE = (-2, -1, 0, 1, 2)
"""Frames: a stretch too short for the correlation lies that much beside a longer one."""
_NOT_THERE = None


class Parts(NamedTuple):
    """Where each sound stands in the mix, and how many samples are explained by neither."""

    one: list[Run]
    other: list[Run]
    foreign: int


class _Way(NamedTuple):
    """How both sounds may lie: each by how much earlier it stands in the mix, or not there."""

    one: int | None
    other: int | None


def parts(mix: Samples, one: Reference, other: Reference) -> Parts:
    """Take a mix apart."""
    ways = [
        _Way(*pair)
        for pair in itertools.product(
            [*_lags(mix, one.samples), _NOT_THERE], [*_lags(mix, other.samples), _NOT_THERE]
        )
    ]
    best = np.zeros(len(mix), np.int64)
    chosen = np.full(len(mix), -1)
    for index, way in enumerate(ways):
        stretches = _equal(
            mix, _shifted(one.samples, way.one, mix), _shifted(other.samples, way.other, mix)
        )
        better = (stretches >= SURE) & (stretches > best)
        best[better], chosen[better] = stretches[better], index
    firsts, seconds = ([way[side] for way in ways] for side in (0, 1))
    return Parts(_runs(chosen, firsts), _runs(chosen, seconds), int((chosen < 0).sum()))


def _lags(mix: Samples, sound: Samples) -> list[int]:
    """How a sound may lie in the mix."""
    size = 1 << (len(sound) + WINDOW).bit_length()
    spectrum, norm = np.fft.rfft(sound.astype(float), size), norms(sound, WINDOW)
    found = set()
    for at in range(0, len(mix) - WINDOW + 1, STRIDE):
        piece = mix[at : at + WINDOW].astype(float)
        loudness = float(np.linalg.norm(piece))
        if not loudness:
            continue
        scores = np.fft.irfft(spectrum * np.conj(np.fft.rfft(piece, size)), size)[: len(sound)]
        likeness = scores / norm / loudness
        of = int(np.argmax(likeness))
        if likeness[of] > LIKE:
            found.add(of - at)
    return sorted({lag + frames * FRAME for lag in found for frames in _BESIDE})


def _shifted(sound: Samples, lag: int | None, mix: Samples) -> NDArray[np.float64]:
    """A sound as it would stand in the mix; NaN where it has nothing to say."""
    if lag is None:
        return np.zeros(len(mix))
    shifted = np.full(len(mix), np.nan)
    first, last = max(0, -lag), min(len(mix), len(sound) - lag)
    shifted[first:last] = sound[first + lag : last + lag]
    return shifted


def _equal(mix: Samples, one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.int64]:
    """For each sample of the mix, how long the stretch of equal ones is that it belongs to."""
    equal = np.clip(one + other, -32768, 32767) == mix
    edges = np.flatnonzero(np.diff(np.concatenate([[False], equal, [False]]).astype(np.int8)))
    lengths = np.zeros(len(mix), np.int64)
    for first, last in edges.reshape(-1, 2):
        lengths[first:last] = last - first
    return lengths


def _runs(chosen: NDArray[np.int64], lags: list[int | None]) -> list[Run]:
    """Stretches of one lag; what is explained by nothing does not end one."""
    found: list[Run] = []
    silent = False
    edges = np.flatnonzero(np.diff(chosen)) + 1
    for at, end in itertools.pairwise([0, *edges.tolist(), len(chosen)]):
        if chosen[at] < 0:
            continue
        lag = lags[chosen[at]]
        if lag is not None and found and not silent and found[-1].of - found[-1].at == lag:
            found[-1] = found[-1]._replace(length=end - found[-1].at)
        elif lag is not None:
            found.append(Run(at, at + lag, end - at))
        silent = lag is None
    return found
