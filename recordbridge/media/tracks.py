"""The sources of one recording read side by side: one for mono, left and right for stereo.

S-7: a position is the same instant in all of them; where one has ended, or is not there, it is
silent.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from recordbridge.errors import MediaError
from recordbridge.media.wav import SAMPLE_BYTES, WavReader


class Tracks:
    """Open sources; a context manager. `frames` is the length of the longest.

    `leads` are the samples to skip at the head of each source, for one that began earlier than
    the other (S-7); none by default. None for a path is a side that was not recorded. Raises
    MediaError when one cannot be read or there are not one or two, or none at all.
    """

    def __init__(self, paths: Sequence[Path | None], leads: Sequence[int] = ()) -> None:
        if not 1 <= len(paths) <= 2:
            raise MediaError(f"a recording has 1 or 2 sources, not {len(paths)}")
        if not any(paths):
            raise MediaError("neither side of the recording is there")
        with ExitStack() as stack:
            self._wavs = [
                None if path is None else stack.enter_context(WavReader(path)) for path in paths
            ]
            self._stack = stack.pop_all()
        self.channels = len(paths)
        self._leads = tuple(leads) or (0,) * len(paths)
        sides = zip(self._wavs, self._leads, strict=True)
        self.frames = max(max(0, wav.frames - lead) for wav, lead in sides if wav)
        self.repaired = any(wav.repaired for wav in self._wavs if wav)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def read(self, start: int, frames: int) -> list[bytes]:
        """`frames` samples of each channel from sample `start` on, padded with silence."""
        size = frames * SAMPLE_BYTES
        return [
            (wav.read(start + lead, frames) if wav else b"").ljust(size, b"\0")
            for wav, lead in zip(self._wavs, self._leads, strict=True)
        ]
