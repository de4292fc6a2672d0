"""Asterisk's own copies of recordings: fetched byte for byte, deleted when we have ours."""

from __future__ import annotations

import asyncio
import os
import shutil
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from recordbridge.ari.rest import RestClient
from recordbridge.errors import PbxGoneError, StorageError

SUFFIX = ".wav"


class StoredRecordings:
    """The recordings of one Asterisk. `folder` is its recording folder when we share it."""

    def __init__(self, rest: RestClient, folder: Path | None) -> None:
        self._rest = rest
        self._folder = folder

    async def fetch(self, name: str, into: Path) -> None:
        """See `ports.pbx.Pbx.fetch_recording`. Raises StorageError when `into` cannot be written.

        A shared folder that is not there (any more) is no reason to lose a recording: then
        Asterisk is asked.
        """
        try:
            if self._folder is not None and await asyncio.to_thread(
                _take, self._folder / f"{name}{SUFFIX}", into
            ):
                return
            await self._download(name, into)
        except OSError as error:
            raise StorageError(f"{into}: {error.strerror}", full=error.errno == 28) from error

    async def delete(self, name: str) -> None:
        """A missing one is fine."""
        with suppress(PbxGoneError):
            await self._rest.request("DELETE", f"recordings/stored/{quote(name, safe='')}")

    async def _download(self, name: str, into: Path) -> None:
        partial = into.with_name(into.name + ".part")
        uri = f"recordings/stored/{quote(name, safe='')}/file"
        try:
            with await asyncio.to_thread(partial.open, "wb") as file:
                async with self._rest.download(uri) as chunks:
                    async for chunk in chunks:
                        await asyncio.to_thread(file.write, chunk)
            await asyncio.to_thread(partial.replace, into)
        finally:
            partial.unlink(missing_ok=True)


def _take(source: Path, into: Path) -> bool:
    """Link or copy; False when the file cannot be seen from here."""
    if not source.is_file():
        return False
    into.unlink(missing_ok=True)
    try:
        os.link(source, into)
    except OSError:  # another file system, or a folder that may not be linked from
        shutil.copyfile(source, into)
    return True
