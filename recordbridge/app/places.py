"""The places whose room is watched, by the YAML file (N-4).

The spool of an Asterisk can be measured only when its recording folder is shared with us; ARI
does not tell. A database on another machine cannot be measured either.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

from recordbridge.engine.room import Place, Room
from recordbridge.engine.router import Router
from recordbridge.errors import StorageError
from recordbridge.ports.audio import Blobs
from recordbridge.settings import Settings

SQLITE = "sqlite:///"


def places(settings: Settings, blobs: Blobs, shared: Mapping[str, Path | None]) -> Iterator[Place]:
    """Storage, database, and the recording folder of each Asterisk that shares it."""
    least = settings.storage.min_free_mb
    yield Place("storage", blobs.free_bytes, least)
    database = settings.database.url.get_secret_value()
    if database.startswith(SQLITE):
        folder = Path(database.removeprefix(SQLITE)).parent
        yield Place("database", functools.partial(_free_bytes, folder), least)
    for asterisk in settings.asterisk:
        if (spool := shared[asterisk.name]) is not None:
            measure = functools.partial(_free_bytes, spool)
            yield Place(f"spool:{asterisk.name}", measure, asterisk.min_free_mb, asterisk.name)


async def _free_bytes(folder: Path) -> int:
    try:
        return (await asyncio.to_thread(shutil.disk_usage, folder)).free
    except OSError as error:
        raise StorageError.of(error, f"the disk of {folder} cannot be measured") from error


@contextlib.asynccontextmanager
async def watching(room: Room, router: Router) -> AsyncIterator[None]:
    """N-4: room on the disks, known before the first call."""
    await room.look()
    router.room = room.full
    router.room_changed()
    async with room.watching(router.room_changed):
        yield
