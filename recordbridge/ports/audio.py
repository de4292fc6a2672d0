"""Audio work and its storage as the engine sees them; both run off the event loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from recordbridge.machine.intents import Collect


class Measured(msgspec.Struct, frozen=True):
    """Audio that was read, cut and trimmed; `pcm` is a finished WAV of it, ready to be encoded.

    `frames` and `skipped_frames` count samples per channel.
    """

    frames: int
    rate: int
    channels: int
    skipped_frames: int
    repaired: bool
    pcm: Path


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


class Blobs(Protocol):
    """Finished files by name (`{recording_id}.{ext}`); M-2. Raises StorageError."""

    async def put(self, name: str, source: Path) -> Stored:
        """Keep the file under the name: temporary name, fsync, rename, fsync of the folder.

        The source is moved: it is gone once this returns.
        """
        ...

    def keeper(self, name: str) -> Keep | None:
        """`put` as something to call in another thread; None when it takes long."""
        ...

    def path(self, name: str) -> Path | None:
        """Where the file is on this machine, if it is there; else None."""
        ...

    async def delete(self, name: str) -> None:
        """Delete the file; a missing one is fine."""
        ...

    async def free_bytes(self) -> int:
        """Room left for files (N-4)."""
        ...
