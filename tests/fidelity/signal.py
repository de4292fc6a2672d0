"""Where the samples of a recording stand in what its caller sent.

Sound goes through u-law and Asterisk without loss: cross-correlation finds a piece of it, and
then every sample is equal, or is not of that sound. The reference is the known signal of the
carrier's script `markers`, which does not repeat, or what the tap heard.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from asterisk.rigging import markers

RATE = 8000
FRAME = 160
QUIET = 64
"""A sample of less is silence: comfort noise and the u-law codes around zero."""
_STEP = 40
_EQUAL = FRAME - _STEP
"""A frame that stands alone between two breaks is found from one of its first samples on."""
_EDGE = 8
_NEAR = 2 * RATE
Samples = NDArray[np.int16]


class Run(NamedTuple):
    """A stretch of the reference in a sound: `length` samples at `at` are those from `of` on."""

    at: int
    of: int
    length: int

    @property
    def end(self) -> int:
        return self.at + self.length


class Reference:
    """The sound that is looked for."""

    def __init__(self, samples: Samples) -> None:
        self.samples = samples
        self._size = 1 << (len(samples) + FRAME).bit_length()

    @cached_property
    def _spectrum(self) -> NDArray[np.complex128]:
        return np.fft.rfft(self.samples.astype(float), self._size)

    @cached_property
    def _norm(self) -> NDArray[np.float64]:
        return norms(self.samples, FRAME)

    def runs(self, sound: Samples) -> list[Run]:
        """All stretches of the reference in a sound, in order, each to the sample."""
        found: list[Run] = []
        position = 0
        while position + FRAME <= len(sound):
            floor = found[-1].end if found else 0
            run = self._run(sound, position, floor)
            if run is not None:
                found.append(run)
            position = max(run.end if run else 0, position + _STEP)
        return self._with_edges(sound, found) if found else []

    def _run(self, sound: Samples, at: int, floor: int) -> Run | None:
        """The stretch around a window that holds only samples of the reference, if it does."""
        piece = sound[at : at + FRAME]
        if np.abs(piece).max() < QUIET:
            return None
        of = self._locate(piece, at)
        after = _equal(sound[at:], self.samples[of:])
        if after < _EQUAL:
            return None
        back = min(at - floor, of)
        before = _equal(sound[at - back : at][::-1], self.samples[of - back : of][::-1])
        return Run(at - before, of - before, before + after)

    def _locate(self, piece: Samples, at: int) -> int:
        """Where it most likely stands, in the whole reference: `at` says nothing about that."""
        spectrum = np.conj(np.fft.rfft(piece.astype(float), self._size))
        scores = np.fft.irfft(self._spectrum * spectrum, self._size)
        return int(np.argmax(scores[: len(self.samples)] / self._norm))

    def _with_edges(self, sound: Samples, found: list[Run]) -> list[Run]:
        """A break near an end leaves less than a frame there, next to its neighbour in time."""
        first, last = found[0], found[-1]
        loud = np.flatnonzero(sound[: first.at])
        end = int(loud[-1]) + 1 if loud.size else 0
        back = min(end, first.of)
        same = _equal(sound[end - back : end][::-1], self.samples[first.of - back : first.of][::-1])
        if same >= _EDGE:
            found = [Run(end - same, first.of - same, same), *found]
        loud = np.flatnonzero(sound[last.end :])
        at, of = last.end + (int(loud[0]) if loud.size else 0), last.of + last.length
        same = _equal(sound[at:], self.samples[of:]) if loud.size else 0
        return [*found, Run(at, of, same)] if same >= _EDGE else found


class Following(Reference):
    """A long sound that may repeat itself: a piece is looked for near where it is to be expected.

    That is: where the piece before it was found, or at first, at the same place in both.
    """

    def __init__(self, samples: Samples) -> None:
        super().__init__(samples)
        self._lag = 0

    def _run(self, sound: Samples, at: int, floor: int) -> Run | None:
        run = super()._run(sound, at, floor)
        if run is not None:
            self._lag = run.of - run.at
        return run

    def _locate(self, piece: Samples, at: int) -> int:
        first = max(0, min(at + self._lag - _NEAR, len(self.samples) - FRAME))
        near = self.samples[first : first + 2 * _NEAR]
        scores = np.correlate(near.astype(float), piece.astype(float))
        return first + int(np.argmax(scores / norms(near, FRAME)[: len(scores)]))


def norms(samples: Samples, window: int) -> NDArray[np.float64]:
    """The norm of the window that begins at each sample."""
    energy = np.cumsum(np.concatenate([[0.0], samples.astype(float) ** 2, np.zeros(window - 1)]))
    return np.asarray(np.sqrt(np.maximum(energy[window:] - energy[:-window], 1.0)), np.float64)


@cache
def known(name: str = "markers", seconds: int = markers.SECONDS) -> Reference:
    """The known signal of that script of the carrier's, or its beginning."""
    return Reference(np.array(markers.samples(name), np.int16)[: seconds * RATE])


def _equal(one: Samples, other: Samples) -> int:
    """How many samples from the first on are the same."""
    most = min(len(one), len(other))
    different = np.flatnonzero(one[:most] != other[:most])
    return int(different[0]) if different.size else most


def foreign(sound: Samples, found: Sequence[Run]) -> int:
    """How many samples are neither of the reference nor silent: a beep, a key, a voice."""
    rest = np.abs(sound.astype(np.int32)) >= QUIET
    for run in found:
        rest[run.at : run.end] = False
    return int(rest.sum())


class Breaks(NamedTuple):
    """What is wrong between the stretches, in samples."""

    inserted: int
    lost: int


def breaks(found: Sequence[Run]) -> Breaks:
    """Silence put between stretches, and pieces of the reference that are missing there."""
    inserted = lost = 0
    for one, other in itertools.pairwise(found):
        inserted += other.at - one.end
        lost += other.of - (one.of + one.length)
    return Breaks(inserted, lost)
