"""The sources of one recording read side by side: one for mono, left and right for stereo.

S-7: a position is the same instant in all of them; where one has ended, or is not there, it is
silent. E-5: after a pause there are further sources, and the pause itself is silent.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from recordbridge.errors import MediaError
from recordbridge.media.wav import SAMPLE_BYTES, WavReader

Silence = tuple[int, int]
"""From that sample on, up to (not with) that one."""


class Tracks:
    """Open sources; a context manager. `frames` is where the last one, or a silence, ends.

    The sources are those of `channels` (1 or 2) sides in turn, at first and after each pause.
    `leads` are the samples to skip at the head of each, for one that began earlier than the
    others (S-7); negative for one that began later; none by default. None for a path is a side
    that was not recorded. Raises MediaError when one cannot be read, or there is none at all.
    """

    def __init__(
        self,
        paths: Sequence[Path | None],
        leads: Sequence[int] = (),
        *,
        channels: int | None = None,
        silences: Sequence[Silence] = (),
    ) -> None:
        self.channels = channels or len(paths)
        if not 1 <= self.channels <= 2 or len(paths) % self.channels:
            raise MediaError(f"a recording has 1 or 2 sources, not {len(paths)}")
        if not any(paths):
            raise MediaError("neither side of the recording is there")
        leads = tuple(leads) or (0,) * len(paths)
        self._sides: list[list[tuple[WavReader, int]]] = [[] for _ in range(self.channels)]
        with ExitStack() as stack:
            for number, (path, lead) in enumerate(zip(paths, leads, strict=True)):
                if path is not None:
                    wav = stack.enter_context(WavReader(path))
                    self._sides[number % self.channels].append((wav, lead))
            self._stack = stack.pop_all()
        self._silences = tuple(silences)
        wavs = [each for side in self._sides for each in side]
        ends = [max(0, wav.frames - lead) for wav, lead in wavs]
        self.frames = max(*ends, *(end for _, end in silences), 0)
        self.repaired = any(wav.repaired for wav, _ in wavs)
        self.torn = any(wav.torn for wav, _ in wavs)

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
        return [self._hushed(_side(side, start, frames), start, frames) for side in self._sides]

    def _hushed(self, pcm: bytes, start: int, frames: int) -> bytes:
        for begin, end in self._silences:
            first, last = max(begin, start) - start, min(end, start + frames) - start
            if first < last:
                silence = bytes((last - first) * SAMPLE_BYTES)
                pcm = pcm[: first * SAMPLE_BYTES] + silence + pcm[last * SAMPLE_BYTES :]
        return pcm


def _side(sources: Sequence[tuple[WavReader, int]], start: int, frames: int) -> bytes:
    """One side; where two sources overlap, the later one is heard."""
    pcm = b""
    for wav, lead in sources:
        skipped = max(0, -lead - start)
        if skipped < frames:
            later = wav.read(max(0, start + lead), frames - skipped)
            at = skipped * SAMPLE_BYTES
            if later or not pcm:
                pcm = pcm[:at].ljust(at, b"\0") + later + pcm[at + len(later) :]
    return pcm.ljust(frames * SAMPLE_BYTES, b"\0")
