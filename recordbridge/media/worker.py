"""Audio work off the event loop: implements `ports.audio.Audio` on threads of its own.

Measuring is short and has a lane of its own, so that no clip waits behind the MP3 of a long
recording. A cancelled task stops its thread's work at the next chunk.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from recordbridge.errors import MediaError
from recordbridge.machine.intents import Collect
from recordbridge.media import cut, mp3, wav
from recordbridge.media.lane import Lane
from recordbridge.media.tracks import Tracks
from recordbridge.ports.audio import Keep, Measured, Stored

_CHUNK = 1 << 18
"""Samples per channel at a time: half a megabyte."""

Result = TypeVar("Result")


class _StoppedError(Exception):
    """Nobody waits for this work any more."""


class Encoder:
    """Measures and encodes recordings; at most `workers` MP3s at once. Close it at the end."""

    def __init__(self, workers: int = 1) -> None:
        self._measuring = Lane("media-measure")
        self._encoding = ThreadPoolExecutor(workers, "media-encode")
        self._closing = threading.Event()

    async def measure(
        self,
        collect: Collect,
        sources: Sequence[Path | None],
        into: Path,
        keep: Keep | None = None,
    ) -> tuple[Measured, Stored | None]:
        """See `ports.audio.Audio.measure`. MediaError, or StorageError for `into`."""

        def work(check: Callable[[], None]) -> tuple[Measured, Stored | None]:
            measured = measure(collect, sources, into, check)
            return measured, None if keep is None else keep(measured.pcm)

        return await self._run(self._measuring.do, work)

    async def encode(self, measured: Measured, file_format: str, into: Path) -> Path:
        """See `ports.audio.Audio.encode`. MediaError, or StorageError for `into`."""
        if file_format == "wav":
            return measured.pcm
        if file_format != "mp3":
            raise MediaError(f"{file_format} is not a file format; allowed: mp3, wav")
        await self._run(
            self._encode, lambda check: mp3.encode(measured.pcm, measured.channels, into, check)
        )
        return into

    def close(self) -> None:
        """Stop what runs at its next chunk, cancel whoever waits for it, and end the threads."""
        self._closing.set()
        self._measuring.close()
        self._encoding.shutdown(cancel_futures=True)

    def _encode(self, work: Callable[[], Result]) -> asyncio.Future[Result]:
        return asyncio.get_running_loop().run_in_executor(self._encoding, work)

    async def _run(
        self,
        begin: Callable[[Callable[[], Result]], asyncio.Future[Result]],
        work: Callable[[Callable[[], None]], Result],
    ) -> Result:
        abandoned = threading.Event()

        def check() -> None:
            if abandoned.is_set() or self._closing.is_set():
                raise _StoppedError

        try:
            return await begin(lambda: work(check))
        except asyncio.CancelledError:
            abandoned.set()
            raise
        except _StoppedError:
            # Not a failure of the recording: it is done again after the restart.
            raise asyncio.CancelledError from None


def measure(
    collect: Collect, sources: Sequence[Path | None], into: Path, check: Callable[[], None]
) -> Measured:
    """Verify and repair the sources, cut, trim, interleave; the WAV to deliver goes to `into`."""
    if not sources:
        return _nothing(into, collect.channels)
    leads = [_samples(lead) for lead in collect.lead_ms]
    silences = [(_samples(begin), _samples(end)) for begin, end in collect.silences]
    with Tracks(sources, leads, channels=collect.channels, silences=silences) as tracks:
        kept = cut.span(tracks.frames, wav.RATE, collect.keep_from_ms, collect.keep_ms)
        if collect.trim_silence and not tracks.torn:  # else it was not silence that ended it
            after = max((end for _, end in silences), default=0)
            kept = cut.trimmed(tracks.read, kept, wav.RATE, collect.threshold, after)
        whole = cut.Span(0, tracks.frames)
        quiet = 0
        if collect.inspect:
            quiet = cut.silent_tail(tracks.read, whole, wav.RATE, collect.threshold)
        wav.write(into, kept.frames, tracks.channels, _pcm(tracks, kept, check))
        return Measured(
            frames=kept.frames,
            rate=wav.RATE,
            channels=tracks.channels,
            skipped_frames=kept.start,
            repaired=tracks.repaired,
            torn=tracks.torn,
            pcm=into,
            captured=tracks.frames,
            quiet=quiet,
        )


def _samples(milliseconds: int) -> int:
    return milliseconds * wav.RATE // 1000


def _nothing(into: Path, channels: int) -> Measured:
    """P-11: a recording that ended before it began has a file, with no samples."""
    wav.write(into, 0, channels, ())
    return Measured(
        frames=0, rate=wav.RATE, channels=channels, skipped_frames=0, repaired=False, pcm=into
    )


def _pcm(tracks: Tracks, kept: cut.Span, check: Callable[[], None]) -> Iterator[bytes]:
    for start in range(kept.start, kept.end, _CHUNK):
        channels = tracks.read(start, min(_CHUNK, kept.end - start))
        yield channels[0] if len(channels) == 1 else cut.interleave(*channels)
        check()
