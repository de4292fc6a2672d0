"""Audio that somebody gave us, made fit for Asterisk: any MP3 or WAV to 8 kHz, mono, 16 bits.

The content decides what it is, not its name or its type in HTTP. Strangers send these files, so
everything is bounded: what is decoded, how long it may be, how much of it is in memory. The work
is done in a thread of its own, so that no prompt waits behind the MP3 of a long recording.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import miniaudio
import numpy as np
import soxr

from recordbridge.errors import MediaError, StorageError
from recordbridge.media import wav

LONGEST_S = 3600
MOST_BYTES = 1 << 28
"""An hour of 16 bits, stereo, at 22 kHz: what our own speech engine may write, and more."""
RATES = range(8000, 96_001)
MOST_CHANNELS = 8
PLAYED = 160
"""Samples that Asterisk plays at a time, 20 ms; it never plays a file's last ones (measured)."""
_MP3_FRAME = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb]")
_SEARCHED = 4096
_CHUNK = 1 << 14
"""Samples at a time: what the decoder has room for."""


class _StoppedError(Exception):
    """Nobody waits for this sound any more."""


class Decoder:
    """Implements `ports.sounds.SoundDecoder`; `workers` sounds at once. Close it at the end."""

    def __init__(self, workers: int = 1, longest_s: int = LONGEST_S) -> None:
        self._pool = ThreadPoolExecutor(workers, "media-sounds")
        self._closing = threading.Event()
        self._longest_s = longest_s

    async def decode(self, source: Path, into: Path) -> None:
        """See the port. Raises MediaError, or StorageError for `into`."""
        abandoned = threading.Event()

        def check() -> None:
            if abandoned.is_set() or self._closing.is_set():
                raise _StoppedError

        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._pool, decode, source, into, self._longest_s, check)
        except asyncio.CancelledError:
            abandoned.set()
            raise
        except _StoppedError:
            raise asyncio.CancelledError from None

    def close(self) -> None:
        """Stop what runs at its next chunk, and end the threads."""
        self._closing.set()
        self._pool.shutdown(cancel_futures=True)


def decode(source: Path, into: Path, longest_s: int, check: Callable[[], None]) -> None:
    """Decode, mix down, resample and write; `check` may raise to stop it."""
    data = _read(source)
    info = _examine(data)
    if info.sample_rate not in RATES:
        raise MediaError(
            f"the audio has {info.sample_rate} Hz; allowed: {RATES[0]} to {RATES[-1]} Hz"
        )
    if info.nchannels > MOST_CHANNELS:
        raise MediaError(f"the audio has {info.nchannels} channels; allowed: {MOST_CHANNELS}")
    if info.duration > longest_s:
        raise MediaError(_too_long(longest_s))
    frames = _write(into, _limited(_samples(data, info.sample_rate), longest_s, check))
    if not frames:
        raise MediaError("the file has no audio in it")


def _read(source: Path) -> bytes:
    try:
        size = source.stat().st_size
        if size > MOST_BYTES:
            raise MediaError(f"the audio file has {size} bytes; allowed: {MOST_BYTES}")
        return source.read_bytes()
    except OSError as error:
        raise MediaError(f"the audio cannot be read: {error.strerror or error}") from error


def _examine(data: bytes) -> miniaudio.SoundFileInfo:
    if not data:
        raise MediaError("the file is empty")
    is_wav = data[:4] == b"RIFF" and data[8:12] == b"WAVE"
    if not is_wav and not _may_be_mp3(data):
        raise MediaError("the file is neither MP3 nor WAV")
    try:
        return miniaudio.wav_get_info(data) if is_wav else miniaudio.mp3_get_info(data)
    except (miniaudio.MiniaudioError, ArithmeticError, ValueError) as error:
        kind = "WAV (PCM, float, \u00b5-law or A-law)" if is_wav else "MP3"
        raise MediaError(f"the file is no usable {kind}") from error


def _may_be_mp3(data: bytes) -> bool:
    """A tag, or a frame of layer III near the beginning; the decoder would search all of it."""
    return data[:3] == b"ID3" or _MP3_FRAME.search(data, 0, _SEARCHED) is not None


def _samples(data: bytes, rate: int) -> Iterator[bytes]:
    """8 kHz, mono, in chunks of any length."""
    resampler = soxr.ResampleStream(rate, wav.RATE, 1, dtype="int16") if rate != wav.RATE else None
    try:
        decoded = miniaudio.stream_memory(
            data, nchannels=1, sample_rate=rate, frames_to_read=_CHUNK
        )
        for chunk in decoded:
            pcm = np.frombuffer(chunk, np.int16)
            yield (resampler.resample_chunk(pcm) if resampler is not None else pcm).tobytes()
    except miniaudio.MiniaudioError as error:
        raise MediaError("the audio cannot be decoded") from error
    if resampler is not None:
        yield resampler.resample_chunk(np.empty(0, np.int16), last=True).tobytes()


def _limited(chunks: Iterator[bytes], longest_s: int, check: Callable[[], None]) -> Iterator[bytes]:
    """A header may say anything: what comes out is counted."""
    left = longest_s * wav.RATE * wav.SAMPLE_BYTES
    for chunk in chunks:
        check()
        left -= len(chunk)
        if left < 0:
            raise MediaError(_too_long(longest_s))
        yield chunk


def _too_long(longest_s: int) -> str:
    return f"the audio is longer than {longest_s} s"


def _write(into: Path, chunks: Iterator[bytes]) -> int:
    """How many samples there were. The header is written when that is known; silence behind them
    makes whole frames and one more, so that what Asterisk leaves out is none of the audio.
    """
    size = 0
    try:
        with into.open("wb") as file:
            file.write(wav.header(0, 1))
            for chunk in chunks:
                size += file.write(chunk)
            frames = size // wav.SAMPLE_BYTES
            silent = -frames % PLAYED + PLAYED
            file.write(bytes(silent * wav.SAMPLE_BYTES))
            file.seek(0)
            file.write(wav.header(frames + silent, 1))
    except OSError as error:
        raise StorageError.of(error, "the sound cannot be written") from error
    return frames
