"""WAV files as Asterisk leaves them, for the tests of this folder."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from pathlib import Path

RATE = 8000


def pcm(samples: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(samples)}h", *samples)


def header(data_bytes: int, *, channels: int = 1, rate: int = RATE) -> bytes:
    block = 2 * channels
    return (
        struct.pack("<4sI4s", b"RIFF", data_bytes + 36 if data_bytes else 0, b"WAVE")
        + struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, rate * block, block, 16)
        + struct.pack("<4sI", b"data", data_bytes)
    )


def write(path: Path, samples: Sequence[int], *, told: int | None = None) -> Path:
    """A mono WAV; `told` is the size its header claims, when not the truth."""
    data = pcm(samples)
    path.write_bytes(header(len(data) if told is None else told) + data)
    return path


def tone(ms: int, hz: float = 440.0, level: int = 8000) -> list[int]:
    return [round(level * math.sin(2 * math.pi * hz * n / RATE)) for n in range(ms * RATE // 1000)]


def samples_of(path: Path) -> list[int]:
    """The samples of a WAV by its own header, which must be right."""
    blob = path.read_bytes()
    (size,) = struct.unpack_from("<I", blob, 40)
    assert len(blob) == 44 + size
    return list(struct.unpack(f"<{size // 2}h", blob[44:]))
