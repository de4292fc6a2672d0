"""Where an Asterisk finds our sounds: in its own recording folder, or over HTTP.

A file in the shared folder costs a copy and no round trip. Over HTTP, Asterisk loads the sound
itself (res_http_media_cache) and keeps it as long as we say; it finds one only if its URL is
longer than the path of its own cache file, which a URL with a digest always is. ARI cannot take
a file. The digest is the permission: whoever knows it has the sound.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from recordbridge.blobs.eviction import HOUR_MS, Eviction
from recordbridge.blobs.sounds import touch
from recordbridge.errors import StorageError
from recordbridge.instant import Clock
from recordbridge.ports.sounds import MEDIA_PATH, Shelf

log = structlog.get_logger()

SUBFOLDER = "recordbridge-media"


class SharedShelf:
    """A sub-folder of Asterisk's recording folder, which is shared with us."""

    def __init__(self, recordings: Path, clock: Clock, eviction: Eviction | None = None) -> None:
        self._folder = recordings / SUBFOLDER
        self._clock = clock
        self._eviction = eviction or Eviction(most_age_ms=24 * HOUR_MS)

    async def place(self, sound: Path) -> str:
        """Copy it there, unless it is there. Raises StorageError."""
        try:
            await asyncio.to_thread(self._place, sound)
        except OSError as error:
            raise StorageError.of(error, f"{self._folder} cannot be written") from error
        return f"recording:{SUBFOLDER}/{sound.stem}"

    def _place(self, sound: Path) -> None:
        target = self._folder / sound.name
        with suppress(FileNotFoundError):
            touch(target, self._clock())
            return
        self._folder.mkdir(exist_ok=True)
        self._folder.chmod(0o755)  # Asterisk runs as another user
        part = self._folder / f"{sound.stem}.part"
        try:
            shutil.copyfile(sound, part)
            part.chmod(0o644)
            touch(part, self._clock())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        self._eviction.added(self._folder, target.stat().st_size, self._clock())


class WebShelf:
    """Our own web door. `base_url` tells our address as Asterisk reaches it."""

    def __init__(self, base_url: Callable[[], str]) -> None:
        self._base_url = base_url

    async def place(self, sound: Path) -> str:
        """The door serves every sound: nothing is to be done."""
        return "sound:" + self._base_url().rstrip("/") + MEDIA_PATH.format(digest=sound.stem)


class FirstShelf:
    """The first of several shelves that takes the sound."""

    def __init__(self, shelves: Sequence[Shelf]) -> None:
        self._shelves = shelves

    async def place(self, sound: Path) -> str:
        """Raises StorageError when none takes it."""
        *others, last = self._shelves
        for shelf in others:
            try:
                return await shelf.place(sound)
            except StorageError as error:
                log.warning("shelf_unusable", reason=str(error))
        return await last.place(sound)
