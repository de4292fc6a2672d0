"""How long a fetched file is and whether anything is in it, told from the file alone: nothing of
the service is used here.

A WAV is exact to the sample. An MP3 consists of whole frames, and LAME adds two frames around
what it was given; so it tells the length of what was encoded to a frame (36 ms at 16 kHz).
"""

from __future__ import annotations

import io
import struct
import wave
from dataclasses import dataclass

LAME_FRAMES = 2
AUDIBLE = 1000
"""A sample of speech is at least that loud somewhere; the noise of a line never is."""
_KBITS = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES = (22050, 24000, 16000)
_FRAME_SAMPLES = 576


@dataclass(frozen=True)
class Length:
    """Between these two; a WAV's are equal."""

    least_ms: float
    most_ms: float
    channels: int = 1
    silent: tuple[int, ...] = ()
    """Channels of a WAV in which nothing is heard, from 0."""

    def agrees(self, reported_ms: int) -> bool:
        """Whether a length reported in whole milliseconds can be this one."""
        return self.least_ms - 0.5 <= reported_ms <= self.most_ms + 0.5

    def __str__(self) -> str:
        exact = self.least_ms == self.most_ms
        return f"{self.most_ms:g}" if exact else f"{self.least_ms:g}-{self.most_ms:g}"


def measure(data: bytes, file_format: str) -> Length:
    """The length of a file. Raises ValueError when it is not what it says it is."""
    return _wav(data) if file_format == "wav" else _mp3(data)


def _wav(data: bytes) -> Length:
    try:
        with wave.open(io.BytesIO(data)) as sound:
            kind = (sound.getnchannels(), sound.getsampwidth(), sound.getframerate())
            data = sound.readframes(sound.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"no WAV: {error}") from error
    if kind not in ((1, 2, 8000), (2, 2, 8000)):
        raise ValueError(f"channels, bytes and rate of the WAV are {kind}, not (1 or 2, 2, 8000)")
    channels = kind[0]
    frames = len(data) // (channels * 2)
    samples = struct.unpack(f"<{frames * channels}h", data[: frames * channels * 2])
    heard = [max(map(abs, samples[each::channels]), default=0) for each in range(channels)]
    silent = tuple(each for each, loudest in enumerate(heard) if loudest < AUDIBLE)
    return Length(frames * 1000 / 8000, frames * 1000 / 8000, channels, silent)


def _mp3(data: bytes) -> Length:
    """Walk from frame to frame to the very end (MPEG-2 layer III, as ISO 13818-3 has it)."""
    at = frames = rate = 0
    while at < len(data):
        header = data[at : at + 4]
        if len(header) < 4 or header[0] != 0xFF or header[1] & 0xFE != 0xF2:
            raise ValueError(f"no frame of an MP3 at byte {at}")
        bits, speed = header[2] >> 4, (header[2] >> 2) & 3
        if bits in (0, 15) or speed == 3:
            raise ValueError(f"a damaged frame at byte {at}")
        rate = _RATES[speed]
        at += _FRAME_SAMPLES // 8 * _KBITS[bits] * 1000 // rate + ((header[2] >> 1) & 1)
        frames += 1
    if at != len(data) or not frames:
        raise ValueError("the last frame of the MP3 is cut off")
    frame_ms = _FRAME_SAMPLES * 1000 / rate
    return Length(
        max(0, frames - LAME_FRAMES - 1) * frame_ms, max(0, frames - LAME_FRAMES) * frame_ms
    )
