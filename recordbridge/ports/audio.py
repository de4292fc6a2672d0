"""Audio work and its storage as the engine sees them; both run off the event loop."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from recordbridge.machine.intents import Collect


class Measured(msgspec.Struct, frozen=True):
    """Audio that was read, cut and trimmed; `pcm` is a finished WAV of it, ready to be encoded.

    `frames`, `skipped_frames`, `captured` and `quiet` count samples per channel.
    """

    frames: int
    rate: int
    channels: int
    skipped_frames: int
    repaired: bool
    pcm: Path
    torn: bool = False
    """Asterisk's disk had no room for all of it (N-4)."""
    captured: int = 0
    """How long Asterisk's files are."""
    quiet: int = 0
    """How long they have been silent at their end, if that was asked for."""


class Stored(msgspec.Struct, frozen=True):
    """A file in the store: `size` in bytes, `digest` its SHA-256 in hex."""

    size: int
    digest: str


Keep = Callable[[Path], Stored]
"""Keeps a finished file; blocks. Raises StorageError."""


class Audio(Protocol):
    """WAV and MP3 (M-1). Raises MediaError with a plain sentence, StorageError when the
    target cannot be written (`full` when its disk is).
    """

    async def measure(
        self,
        collect: Collect,
        sources: Sequence[Path | None],
        into: Path,
        keep: Keep | None = None,
    ) -> tuple[Measured, Stored | None]:
        """Verify and repair the sources, cut, trim, interleave; a WAV goes to `into`.

        One source for each of `collect.names`, None where that is empty (silence there).
        `keep` is called with that file in the same thread, when it is to be delivered as it is.
        Raises MissingAudioError when a source is not there.
        """
        ...

    async def encode(self, measured: Measured, file_format: str, into: Path) -> Path:
        """The finished WAV or MP3: at `into`, or `measured.pcm` itself when that is it."""
        ...


class Opened(Protocol):
    """A kept file that can be read, wherever it is; close it at the end."""

    @property
    def size(self) -> int:
        """Bytes."""
        ...

    def read(self, start: int, length: int) -> AsyncGenerator[bytes]:
        """That part of the file in pieces; fewer bytes are never given.

        Raises StorageError when it cannot be read (any more).
        """
        ...

    async def close(self) -> None: ...


class Blobs(Protocol):
    """Finished files by name (`{recording_id}.{ext}`); M-2. Raises StorageError."""

    async def put(self, name: str, source: Path) -> Stored:
        """Keep the file under the name; from the return on it is safe and can be opened.

        The source is moved: it is gone once this returns.
        """
        ...

    def keeper(self, name: str) -> Keep | None:
        """`put` as something to call in another thread; None when it takes long."""
        ...

    async def open(self, name: str) -> Opened | None:
        """The file; None when it is not there (any more) or the name is not one of ours."""
        ...

    async def link(self, name: str, method: Literal["GET", "HEAD"]) -> str | None:
        """A URL of the store itself that works for 5 minutes; None: pass the file through (E-4)."""
        ...

    async def fetch(self, name: str, into: Path) -> Path | None:
        """Where the whole file can be read on this machine: its own place, or a copy at `into`.

        None when there is no such file. Whoever asked deletes what is at `into`.
        """
        ...

    async def delete(self, name: str) -> None:
        """Delete the file; a missing one is fine."""
        ...

    async def free_bytes(self) -> int:
        """Room left for files (N-4)."""
        ...
