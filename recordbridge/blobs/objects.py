"""Finished files in an object store, implements `ports.audio.Blobs` (M-2, N-5).

A file is first made safe in a folder of this machine, then sent; it is in one of the two places
at any time, and can be fetched from either. So a store that is away delays neither callbacks nor
fetching, and a crash at any point loses nothing: what is in the folder is sent at the next start.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal, Protocol

import structlog

from recordbridge.blobs import layout
from recordbridge.blobs.local import LocalBlobs
from recordbridge.blobs.uploads import Takes, Uploads
from recordbridge.errors import StorageError, StoreAwayError
from recordbridge.ports.audio import Opened, Stored

log = structlog.get_logger()


class Bucket(Takes, Protocol):
    """What the store can do; `blobs.s3.S3Bucket` is one. All of it raises StorageError."""

    async def open(self, name: str) -> Opened | None: ...

    async def link(self, name: str, method: Literal["GET", "HEAD"]) -> str: ...

    async def delete(self, name: str) -> None: ...

    async def prove(self) -> None: ...

    def use_keys(self, access_key: str | None, secret_key: str | None) -> None: ...


class ObjectBlobs:
    """`redirect`: whoever fetches a file gets it from the store itself (E-4)."""

    def __init__(self, waiting: LocalBlobs, bucket: Bucket, *, redirect: bool = False) -> None:
        self._waiting = waiting
        self._bucket = bucket
        self._redirect = redirect
        self.uploads = Uploads(waiting, bucket)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[ObjectBlobs]:
        """Take up what waits and send it. Raises StorageError when the store refuses to work.

        A store that cannot be reached is no reason not to start: files wait for it.
        """
        reason = ""
        try:
            await self._bucket.prove()
        except StoreAwayError as error:
            reason = str(error)
        await self.uploads.resume(reason)
        task = asyncio.create_task(self.uploads.run(), name="uploads")
        task.add_done_callback(_tell_broken)
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def put(self, name: str, source: Path) -> Stored:
        """See the port: safe in the folder, then in the store if that is there."""
        stored = await self._waiting.put(name, source)
        await self.uploads.hand(name)
        return stored

    def keeper(self, name: str) -> None:
        """Sending takes long: `put` is to be awaited."""

    async def open(self, name: str) -> Opened | None:
        """See the port. The folder first: what leaves it is in the store by then."""
        if not layout.is_ours(name):
            return None
        return await self._waiting.open(name) or await self._bucket.open(name)

    async def link(self, name: str, method: Literal["GET", "HEAD"]) -> str | None:
        """See the port; what still waits is passed through."""
        if not self._redirect or self._waiting.path(name) is not None:
            return None
        return await self._bucket.link(name, method)

    async def fetch(self, name: str, into: Path) -> Path | None:
        """See the port."""
        file = await self.open(name)
        if file is None:
            return None
        try:
            with into.open("wb") as copy:
                async with contextlib.aclosing(file.read(0, file.size)) as chunks:
                    async for chunk in chunks:
                        await asyncio.to_thread(copy.write, chunk)
        except OSError as error:
            raise StorageError.of(error, f"{name} cannot be fetched") from error
        finally:
            await file.close()
        return into

    async def delete(self, name: str) -> None:
        """See the port. Not before a file that is being sent has arrived."""
        layout.key(name)
        async with self.uploads.lock(name):
            await self._waiting.delete(name)
            await self._bucket.delete(name)

    def use_keys(self, access_key: str | None, secret_key: str | None) -> None:
        """The store has, or gets, others: from the next request on."""
        self._bucket.use_keys(access_key, secret_key)

    async def free_bytes(self) -> int:
        """The room that is left for files that wait."""
        return await self._waiting.free_bytes()

    def close(self) -> None:
        """End the folder's threads."""
        self._waiting.close()


def _tell_broken(task: asyncio.Task[None]) -> None:
    """It ends only when it is told to; any other end would go unnoticed."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("uploads_broke", exc_info=error)
