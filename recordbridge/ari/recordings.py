"""Asterisk's own copies of recordings: fetched byte for byte, deleted when we have ours."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

import msgspec

from recordbridge.ari.rest import Reply, RestClient, failure
from recordbridge.errors import PbxUnavailableError, StorageError

SUFFIX = ".wav"

Ask = Callable[[str, str], Awaitable[Reply]]
"""Takes method and URI."""


class _Stored(msgspec.Struct):
    name: str


class StoredRecordings:
    """The recordings of one Asterisk. `folder` is its recording folder when we share it.

    `stranger` is told, once, when a file that Asterisk has was not in that folder: it is not the
    folder into which Asterisk records.
    """

    def __init__(
        self, rest: RestClient, folder: Path | None, stranger: Callable[[Path], None] | None = None
    ) -> None:
        self._rest = rest
        self._folder = folder
        self._stranger = stranger

    def shared(self, name: str) -> Path | None:
        """See `ports.pbx.Pbx.recording_file`."""
        return None if self._folder is None else self._folder / f"{name}{SUFFIX}"

    async def names(self, prefix: str) -> list[str]:
        """The recordings whose names begin so and of which there is a file."""
        if self._folder is not None:
            return await asyncio.to_thread(_listed, self._folder, prefix)
        reply = await self._rest.exchange("GET", "recordings/stored")
        if reply.status >= 400:
            raise failure("GET recordings/stored", reply)
        stored = msgspec.json.decode(reply.body, type=list[_Stored])
        return [each.name for each in stored if each.name.startswith(prefix)]

    async def fetch(self, name: str, into: Path) -> Path:
        """See `ports.pbx.Pbx.fetch_recording`. Raises StorageError when `into` cannot be written.

        A shared folder that is not there (any more) is no reason to lose a recording: then
        Asterisk is asked.
        """
        shared = self.shared(name)
        if shared is not None and await asyncio.to_thread(shared.is_file):
            return shared
        try:
            await self._download(name, into)
        except OSError as error:
            full = error.errno == errno.ENOSPC
            raise StorageError(f"{into}: {error.strerror}", full=full) from error
        if self._folder is not None and self._stranger is not None:
            self._stranger(self._folder)
            self._stranger = None
        return into

    async def delete_all(self, names: list[str], ask: Ask | None = None) -> None:
        """In the shared folder by ourselves, at once; what is not there Asterisk may have."""
        left = names
        if self._folder is not None:
            left = await asyncio.to_thread(_unlinked, self._folder, names)
        for name in left:
            await self.delete(name, ask)

    async def delete(self, name: str, ask: Ask | None = None) -> None:
        """A missing one is fine. `ask` is a cheaper way to Asterisk than HTTP, if there is one."""
        uri = f"recordings/stored/{quote(name, safe='')}"
        reply = await (ask or self._rest.exchange)("DELETE", uri)
        if reply.status >= 400 and reply.status != 404:
            raise failure(f"DELETE {uri}", reply)

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


def _listed(folder: Path, prefix: str) -> list[str]:
    try:
        return [path.name.removesuffix(SUFFIX) for path in folder.glob(f"{prefix}*{SUFFIX}")]
    except OSError as error:
        raise PbxUnavailableError(f"{folder} cannot be listed: {error.strerror}") from error


def _unlinked(folder: Path, names: list[str]) -> list[str]:
    """Those that could not be deleted in the folder."""
    left = []
    for name in names:
        try:
            (folder / f"{name}{SUFFIX}").unlink()
        except OSError:  # not there, or not ours to delete: Asterisk is asked
            left.append(name)
    return left
