"""Asterisk's WAV: a header of 44 bytes, then 16-bit little-endian PCM, 8 kHz, mono.

The law: the length of the file is the truth, never the header (Q-1, N-2). Asterisk writes the
sizes when it closes the file, so after a crash they are 0. After a full disk (N-4) it says that all
is well: the file then ends where a disk block ends, which whole frames of 20 ms never do, or it was
drawn out to its length, with a hole of zeros that nobody spoke.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from recordbridge.errors import MediaError, MissingAudioError, StorageError

RATE = 8000
HEADER_BYTES = 44
SAMPLE_BYTES = 2
BLOCK_BYTES = 1024
"""Blocks of disks are this or a multiple of it; 44 + 320 n is no multiple even of 64."""

_BUFFER = 1 << 16
"""A short recording is one write."""
_LAYOUT = struct.Struct("<4sI4s4sIHHIIHH4sI")
_LARGEST = 0xFFFFFFFF
"""The header's sizes have 32 bits; a longer file says this, and its length stays the truth."""


def header(frames: int, channels: int, rate: int = RATE) -> bytes:
    """The 44 bytes before `frames` samples per channel."""
    block = channels * SAMPLE_BYTES
    size = frames * block
    return _LAYOUT.pack(
        b"RIFF", min(size + HEADER_BYTES - 8, _LARGEST), b"WAVE",
        b"fmt ", 16, 1, channels, rate, rate * block, block, 8 * SAMPLE_BYTES,
        b"data", min(size, _LARGEST),
    )  # fmt: skip


def write(into: Path, frames: int, channels: int, pcm: Iterable[bytes]) -> None:
    """Write a whole WAV; `pcm` gives `frames` interleaved samples in chunks.

    Raises StorageError, with `full` set when the disk is.
    """
    try:
        with into.open("wb", buffering=_BUFFER) as file:
            file.write(header(frames, channels))
            for chunk in pcm:
                file.write(chunk)
    except OSError as error:
        raise StorageError.of(error, "the audio cannot be written") from error


class WavReader:
    """One WAV, open for reading; a context manager.

    `frames` samples per channel are in the file; `repaired` says that the header told
    otherwise, `torn` that the disk had no room for all of it (N-4). Raises MediaError when the
    file is missing or no WAV of `channels` channels.
    """

    def __init__(self, path: Path, channels: int = 1) -> None:
        self._name = path.name
        self._block = channels * SAMPLE_BYTES
        try:
            self._file = path.open("rb", buffering=0)
        except OSError as error:
            raise _unreadable(path.name, error) from error
        try:
            self.torn = False
            self.frames, self.repaired = self._examine(channels)
        except OSError as error:
            self._file.close()
            raise _unreadable(path.name, error) from error
        except MediaError:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def read(self, start: int, frames: int) -> bytes:
        """`frames` samples per channel from sample `start` on; fewer only at the end."""
        frames = min(frames, self.frames - start)
        if frames <= 0:
            return b""
        size = frames * self._block
        try:
            pcm = os.pread(self._file.fileno(), size, HEADER_BYTES + start * self._block)
        except OSError as error:
            raise _unreadable(self._name, error) from error
        if len(pcm) != size:
            raise MediaError(f"{self._name} became shorter while it was read")
        return pcm

    def _examine(self, channels: int) -> tuple[int, bool]:
        descriptor = self._file.fileno()
        whole = os.fstat(descriptor).st_size
        size = self._written(whole)
        head = os.pread(descriptor, HEADER_BYTES, 0)
        if size < HEADER_BYTES:
            self._check_torn(head[:size])
            self.torn = True
            return 0, True
        riff, riff_size, wave, fmt, fmt_size, coding, has, rate, _, _, bits, data, told = (
            _LAYOUT.unpack(head)
        )
        actual = size - HEADER_BYTES
        told_whole = (riff_size, told) == (whole - 8, whole - HEADER_BYTES)
        if riff != b"RIFF" and (self.torn or told_whole):
            # There was no room for the header, and later some for the rest: sizes in the audio.
            self.torn = True
            return actual // self._block, True
        if (riff, wave, fmt, fmt_size, data) != (b"RIFF", b"WAVE", b"fmt ", 16, b"data"):
            raise MediaError(f"{self._name} is not a WAV with the 44-byte header of Asterisk")
        if (coding, has, rate, bits) != (1, channels, RATE, 8 * SAMPLE_BYTES):
            raise MediaError(
                f"{self._name} has format {coding}, {has} channels, {rate} Hz, {bits} bits;"
                f" expected 1 (PCM), {channels}, {RATE} Hz, {8 * SAMPLE_BYTES} bits"
            )
        # A size that 32 bits cannot hold, and the pad byte after an odd length, are no damage.
        intact = told == min(actual, _LARGEST) or (told % 2 == 1 and told + 1 == actual)
        return actual // self._block, not intact

    def _written(self, size: int) -> int:
        """The bytes before the first hole; there is always one at the end."""
        end = min(size, os.lseek(self._file.fileno(), 0, os.SEEK_HOLE)) if size else 0
        self.torn = end < size or (end > 0 and end % BLOCK_BYTES == 0)
        return end

    def _check_torn(self, head: bytes) -> None:
        """A disk may fill up, or Asterisk die, before the header was out: that is 0 frames."""
        riff, wave = head[:4], head[8:16]
        if not (b"RIFF".startswith(riff) and b"WAVEfmt ".startswith(wave)):
            raise MediaError(f"{self._name} has {len(head)} bytes and is not a WAV")


def _unreadable(name: str, error: OSError) -> MediaError:
    kind = MissingAudioError if isinstance(error, FileNotFoundError) else MediaError
    return kind(f"{name} cannot be read: {error.strerror or error}")
