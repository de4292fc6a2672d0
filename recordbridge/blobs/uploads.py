"""Files that wait in a folder until the object store has them (N-5).

The law: a file leaves the folder only when the store has taken it whole. While the store is away
files wait, those that were kept first go first, and the one that is tried comes again with
growing pauses. Who hands a file over waits for the store only while that is there.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from weakref import WeakValueDictionary

import structlog

from recordbridge.blobs.local import LocalBlobs
from recordbridge.errors import StorageError, StoreAwayError

log = structlog.get_logger()

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
AT_ONCE = 4
"""Files on their way to the store at the same time."""

Jitter = Callable[[float, float], float]


class Takes(Protocol):
    """Where the files go; `blobs.s3.S3Bucket` is one."""

    async def upload(self, name: str, source: Path) -> None: ...


class Uploads:
    """The way from the folder to the store. `run` is its task."""

    def __init__(self, waiting: LocalBlobs, bucket: Takes, jitter: Jitter = random.uniform) -> None:
        self._waiting = waiting
        self._bucket = bucket
        self._jitter = jitter
        self._queue: deque[str] = deque()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._free = asyncio.Semaphore(AT_ONCE)
        self._work = asyncio.Event()
        self.away = False
        """The last upload failed, or older files still wait: new ones wait behind them."""

    def __len__(self) -> int:
        return len(self._queue)

    def lock(self, name: str) -> asyncio.Lock:
        """Held while the file is sent or deleted."""
        return self._locks.setdefault(name, asyncio.Lock())

    async def resume(self, reason: str = "") -> None:
        """Take up what waits from before; `reason`: the store is known to be away."""
        self._queue.extend(await self._waiting.names())
        if reason:
            self._lost(reason)
        if self._queue:
            log.info("uploads_resumed", files=len(self._queue))
            self.away = True
            self._work.set()

    async def hand(self, name: str) -> None:
        """A file is in the folder: send it now if the store is there, else later."""
        if not self.away:
            try:
                async with self._free:
                    await self._send(name)
            except StorageError as error:
                self._lost(str(error))
            else:
                return
        self._queue.append(name)
        self._work.set()

    async def run(self) -> None:
        """Send what waits, for ever."""
        while True:
            await self._work.wait()
            await self._drain()

    async def _drain(self) -> None:
        pause, sent = FIRST_PAUSE_S, 0
        while self._queue:
            name = self._queue[0]
            try:
                await self._send(name)
            except StorageError as error:
                self._lost(str(error))
                if not isinstance(error, StoreAwayError):
                    self._queue.rotate(-1)  # one that the store does not want delays no other
                await asyncio.sleep(self._jitter(pause / 2, pause))
                pause = min(2 * pause, LONGEST_PAUSE_S)
            else:
                self._queue.remove(name)
                pause, sent = FIRST_PAUSE_S, sent + 1
        self._work.clear()
        self.away = False
        log.info("object_store_back", files=sent)

    async def _send(self, name: str) -> None:
        async with self.lock(name):
            source = self._waiting.path(name)
            if source is not None:  # else it was deleted meanwhile
                await self._bucket.upload(name, source)
                await self._waiting.delete(name)

    def _lost(self, reason: str) -> None:
        event = log.debug if self.away else log.error
        event("object_store_away", reason=reason, waiting=len(self._queue))
        self.away = True
