"""What callers shall hear is made ready: `FetchMedia` and `Synthesise` become facts.

One task for each sound, however many calls wait for it. A host that is slow delays the sounds
of that host only: each has its lane. Whatever happens, every call that asked is told: nobody
waits for a prompt for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import structlog

from recordbridge.engine.sounds import Sounds
from recordbridge.errors import MediaError, StorageError
from recordbridge.machine.facts import Fact, MediaFailed, MediaReady
from recordbridge.machine.intents import FetchMedia, Synthesise
from recordbridge.ports.pbx import Pbx
from recordbridge.ports.sounds import Shelf

log = structlog.get_logger()

IN_A_LANE = 8
"""Sounds of one host, or texts, that are made ready at once."""
MOST_AT_ONCE = 64

Tell = Callable[[Fact], None]


class _Waiting(NamedTuple):
    media_id: str
    asterisk: str
    tell: Tell


class _Placed(NamedTuple):
    """What can be played, or why there is nothing."""

    media: str = ""
    reason: str = ""


class Prompts:
    """Prepares what calls ask for. `shelves` are by the name of the Asterisk."""

    def __init__(self, *, sounds: Sounds, shelves: Mapping[str, Shelf]) -> None:
        self._sounds = sounds
        self._shelves = shelves
        self._waiting: dict[str, list[_Waiting]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._lanes: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._places = asyncio.Semaphore(MOST_AT_ONCE)

    @property
    def active(self) -> int:
        return len(self._tasks)

    def prepare(self, pbx: Pbx, intent: FetchMedia | Synthesise, tell: Tell) -> None:
        """Tell `MediaReady` or `MediaFailed`, later. Repeatable."""
        key, waiting = self._sounds.key(intent), _Waiting(intent.media_id, pbx.name, tell)
        others = self._waiting.get(key)
        if others is not None:
            if all(other.media_id != intent.media_id for other in others):
                others.append(waiting)
            return
        self._waiting[key] = [waiting]
        task = asyncio.create_task(self._prepare(key, intent), name=f"prompt {intent.media_id}")
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._ended(key, done))

    async def close(self) -> None:
        """Stop; calls ask again after a restart."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _prepare(self, key: str, intent: FetchMedia | Synthesise) -> None:
        try:
            async with self._lane(intent), self._places:
                sound = await self._sounds.prepare(intent)
        except (MediaError, StorageError) as error:
            self._failed(key, str(error))
            return
        placed: dict[str, _Placed] = {}
        for each in self._waiting[key]:  # it grows while we place
            if each.asterisk not in placed:
                placed[each.asterisk] = await self._place(each.asterisk, sound)
        for each in self._waiting.pop(key):
            self._tell(each, placed[each.asterisk])

    async def _place(self, asterisk: str, sound: Path) -> _Placed:
        try:
            return _Placed(await self._shelves[asterisk].place(sound))
        except StorageError as error:
            return _Placed(reason=str(error))

    def _lane(self, intent: FetchMedia | Synthesise) -> asyncio.Semaphore:
        name = urlsplit(intent.url).netloc if isinstance(intent, FetchMedia) else "speech"
        return self._lanes.setdefault(name, asyncio.Semaphore(IN_A_LANE))

    def _failed(self, key: str, reason: str) -> None:
        for each in self._waiting.pop(key, ()):
            self._tell(each, _Placed(reason=reason))

    def _tell(self, waiting: _Waiting, placed: _Placed) -> None:
        if placed.media:
            waiting.tell(MediaReady(media_id=waiting.media_id, media=placed.media))
            return
        log.warning("prompt_failed", media_id=waiting.media_id, reason=placed.reason)
        waiting.tell(MediaFailed(media_id=waiting.media_id, reason=placed.reason))

    def _ended(self, key: str, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            self._waiting.pop(key, None)
        elif task.exception() is not None:
            log.error("prompt_broke", exc_info=task.exception())
            self._failed(key, "the prompt could not be made ready: an error of the service")
