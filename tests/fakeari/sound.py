"""What a scripted caller says, as 20 ms frames of 8 kHz signed 16-bit PCM."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

RATE = 8000
FRAME_S = 0.02
FRAME_SAMPLES = 160
QUIET = bytes(2 * FRAME_SAMPLES)
_TONE = b"".join(
    struct.pack("<h", round(8000 * math.sin(2 * math.pi * 450 * n / RATE))) for n in range(RATE)
)
SIGNAL = _TONE[: 2 * FRAME_SAMPLES]

Script = Sequence[tuple[str, float]]
"""Pairs of `talk`, `silence` or `mute` (no RTP at all) and seconds; silence for ever after it."""


def talks(script: Script, at_s: float) -> bool:
    """Whether the caller speaks that long after the answer."""
    for kind, seconds in script:
        if at_s < seconds:
            return kind == "talk" and at_s >= 0
        at_s -= seconds
    return False


def frame(script: Script, at_s: float) -> bytes:
    """The caller's frame that long after the answer; a whole tone, so frames join up."""
    if not talks(script, at_s):
        return QUIET
    start = round(at_s / FRAME_S) % 50 * 2 * FRAME_SAMPLES
    return _TONE[start : start + 2 * FRAME_SAMPLES]


def header(data_size: int) -> bytes:
    """A WAV header; Asterisk writes it with sizes of 0 and mends them when it closes the file."""
    riff = data_size + 36 if data_size else 0
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF", riff, b"WAVE", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16, b"data", data_size,
    )  # fmt: skip
