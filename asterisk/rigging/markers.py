"""The known signals that the carrier plays, for finding samples in a recording.

`markers` is for callers, `markers-b`, from another seed, for callees: what a recording holds of
each party is told apart. Each is band-limited noise (about 300 to 3000 Hz, -12 dBFS), 70 s at 8
kHz, the same in every run and on every machine: any window of it correlates with one place only.
The samples are already rounded to what u-law can carry, so a recording of an undisturbed call holds
exactly these values.
"""

from __future__ import annotations

import math
from array import array
from functools import cache

from . import ulaw

RATE = 8000
SECONDS = 70
_RMS = 8230  # -12 dBFS
SEEDS = {"markers": 0x1234ABCD, "markers-b": 0x7E57B0B5}
"""By the name of the script that plays it."""


def _noise(count: int, seed: int) -> list[int]:
    """Return white noise in [-32768, 32767] from a fixed linear congruential generator."""
    state = seed
    values = []
    for _ in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        values.append((state >> 16) - 0x8000)
    return values


def _band_limited(noise: list[int]) -> list[float]:
    """Take away what lies under 300 and over 3000 Hz, gently."""
    low = dc = 0.0
    shaped = []
    for value in noise:
        low += 0.82 * (value - low)
        dc += 0.21 * (low - dc)
        shaped.append(low - dc)
    return shaped


@cache
def _code(seed: int) -> bytes:
    shaped = _band_limited(_noise(RATE * SECONDS, seed))
    rms = math.sqrt(sum(value * value for value in shaped) / len(shaped))
    gain = _RMS / rms
    loud = array("h", [max(-32000, min(32000, round(value * gain))) for value in shaped])
    return ulaw.encode(loud)


def code(name: str = "markers") -> bytes:
    """Return the signal as u-law bytes: what goes over the wire."""
    return _code(SEEDS[name])


def samples(name: str = "markers") -> array[int]:
    """Return the signal as 16-bit samples: what an exact recording contains."""
    return ulaw.decode(code(name))
