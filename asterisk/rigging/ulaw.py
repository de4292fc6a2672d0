"""G.711 u-law, as Asterisk's own tables have it, for files that are played without transcoding."""

from __future__ import annotations

from array import array
from functools import cache

_BIAS = 0x84
_CLIP = 32635
SILENCE = 0xFF


def decode_byte(code: int) -> int:
    """Return the linear sample that one u-law byte stands for."""
    code = ~code & 0xFF
    exponent = (code >> 4) & 7
    magnitude = ((((code & 0x0F) << 3) + _BIAS) << exponent) - _BIAS
    return -magnitude if code & 0x80 else magnitude


def encode_sample(sample: int) -> int:
    """Return the u-law byte for one 16-bit sample."""
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), _CLIP) + _BIAS
    exponent = magnitude.bit_length() - 8
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    return ~(sign | (exponent << 4) | mantissa) & 0xFF


@cache
def _encoding() -> bytes:
    return bytes(encode_sample(value - 0x8000) for value in range(0x10000))


@cache
def _decoding() -> tuple[int, ...]:
    return tuple(decode_byte(code) for code in range(256))


def encode(samples: array[int]) -> bytes:
    """Encode 16-bit samples."""
    table = _encoding()
    return bytes([table[sample + 0x8000] for sample in samples])


def decode(data: bytes) -> array[int]:
    """Decode u-law bytes to 16-bit samples."""
    table = _decoding()
    return array("h", [table[code] for code in data])
