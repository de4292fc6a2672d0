"""Which samples of a recording are kept, and how two directions become one stereo stream.

Pure: positions and bytes in, positions and bytes out. P-6: never longer than asked, exact to
the sample; of a silent tail at most 200 ms stay. S-7: left and right aligned, the shorter one
padded with silence.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

FRAME_MS = 20
"""Asterisk judges silence in frames of this length."""
KEPT_TAIL_MS = 200
_SCAN_MS = 1000

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


def trimmed(read: Reader, kept: Span, rate: int, threshold: int) -> Span:
    """The span with its silent tail cut to at most 200 ms; trimming again changes nothing."""
    silent = silent_tail(read, kept, rate, threshold)
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
        pcm = read(start, end - start)
        silent = min(_silent_samples(channel, frame, threshold) for channel in pcm)
        end -= silent
        if end > start:
            break
    return kept.end - end


def interleave(left: bytes, right: bytes) -> bytes:
    """Two channels of equal length as one stereo stream."""
    both = array("h", bytes(len(left) + len(right)))
    both[0::2] = array("h", left)
    both[1::2] = array("h", right)
    return both.tobytes()


def _silent_samples(pcm: bytes, frame: int, threshold: int) -> int:
    """Samples in the silent frames at the end of one channel."""
    samples = len(pcm) // 2
    quiet = _quiet_samples(pcm, threshold)
    if quiet == samples:
        return samples
    end = samples - quiet // frame * frame
    while end > 0 and _silent(pcm[2 * max(0, end - frame) : 2 * end], threshold):
        end = max(0, end - frame)
    return samples - end


def _silent(pcm: bytes, threshold: int) -> bool:
    samples: tuple[int, ...] = struct.unpack(f"<{len(pcm) // 2}h", pcm)
    return sum(map(abs, samples)) < threshold * len(samples)


def _quiet_samples(pcm: bytes, threshold: int) -> int:
    """Samples at the end that are all below the threshold and below 128.

    The mean of any frame of them is below the threshold too. Found at the speed of memory,
    because the silence that ended a recording is long and mostly quiet: a sample fits in 8 bits
    when its high byte is what the sign of its low byte says.
    """
    low, high = pcm[0::2], pcm[1::2]
    misfits = int.from_bytes(low.translate(_SIGNS), "little") ^ int.from_bytes(high, "little")
    last_wide = (misfits.bit_length() + 7) // 8
    last_loud = len(low.translate(_loud(threshold)).rstrip(b"\0"))
    return len(low) - max(last_wide, last_loud)


_SIGNS = bytes(0x00 if low < 0x80 else 0xFF for low in range(256))


@lru_cache
def _loud(threshold: int) -> bytes:
    """1 for each low byte of an 8-bit sample with |sample| >= min(threshold, 128), else 0."""
    limit = min(threshold, 128)
    return bytes(not (low < limit or low > 256 - limit) for low in range(256))
