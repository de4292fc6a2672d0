"""Which samples of a recording are kept, and how two directions become one stereo stream.

Pure: positions and bytes in, positions and bytes out. P-6: never longer than asked, exact to
the sample; of a silent tail at most 200 ms stay. S-7: left and right aligned, the shorter one
padded with silence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

FRAME_MS = 20
"""Asterisk judges silence in frames of this length."""
KEPT_TAIL_MS = 200
_SCAN_MS = 1000
_SAMPLE = "<i2"

Reader = Callable[[int, int], Sequence[bytes]]
"""Takes (first sample, samples); gives s16le PCM of that length for each channel."""


class Span(NamedTuple):
    """Samples per channel: the first one kept and how many."""

    start: int
    frames: int

    @property
    def end(self) -> int:
        return self.start + self.frames


def span(total: int, rate: int, keep_from_ms: int, keep_ms: int | None) -> Span:
    """What is left of `total` samples when cut to `keep_ms` from `keep_from_ms` on."""
    start = min(max(0, keep_from_ms) * rate // 1000, total)
    left = total - start
    return Span(start, left if keep_ms is None else min(left, max(0, keep_ms) * rate // 1000))


def trimmed(read: Reader, kept: Span, rate: int, threshold: int, after: int = 0) -> Span:
    """The span with its silent tail cut to at most 200 ms; trimming again changes nothing.

    What stands before the sample `after` is no part of that tail (a pause, E-5).
    """
    silent = min(silent_tail(read, kept, rate, threshold), max(0, kept.end - after))
    return Span(kept.start, kept.frames - max(0, silent - KEPT_TAIL_MS * rate // 1000))


def silent_tail(read: Reader, kept: Span, rate: int, threshold: int) -> int:
    """How many samples at the end of the span are silence by Asterisk's own measure.

    Frames of 20 ms are counted from the end; one is silent when in each channel the mean of
    |sample| is below `threshold`. Only the tail is read, backwards.
    """
    frame = FRAME_MS * rate // 1000
    block = _SCAN_MS * rate // 1000
    end = kept.end
    while end > kept.start:
        start = max(kept.start, end - block)
        end -= _silent_samples(read(start, end - start), frame, threshold)
        if end > start:
            break
    return kept.end - end


def interleave(left: bytes, right: bytes) -> bytes:
    """Two channels of equal length as one stereo stream."""
    both = np.empty((len(left) // 2, 2), dtype=_SAMPLE)
    both[:, 0] = np.frombuffer(left, dtype=_SAMPLE)
    both[:, 1] = np.frombuffer(right, dtype=_SAMPLE)
    return both.tobytes()


def _silent_samples(channels: Sequence[bytes], frame: int, threshold: int) -> int:
    """Samples in the silent frames at the end; what is left at the head is a frame too."""
    total = len(channels[0]) // 2
    both = [np.frombuffer(pcm, dtype=_SAMPLE) for pcm in channels]
    if all(-threshold < pcm.min() and pcm.max() < threshold for pcm in both):
        return total  # no peak reaches it, so no mean does: most of a long silence, at a glance
    levels = np.abs(np.array(both, dtype=np.int32))
    starts = np.arange(total % -frame, total, frame).clip(0)
    ends = np.append(starts[1:], total)
    sums = np.add.reduceat(levels, starts, axis=1)
    loud = np.flatnonzero((sums >= threshold * (ends - starts)).any(axis=0))
    return total - int(ends[loud[-1]]) if loud.size else total
