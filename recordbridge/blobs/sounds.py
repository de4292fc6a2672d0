"""Prepared sounds in a local folder: implements `ports.sounds.SoundStore`.

`{digest}.wav` is a sound, `{key}.json` says which sound belongs to a URL or a text. Both may
vanish at any time without harm but one: a sound that was handed out is about to be played, so
only those that nobody asked for lately are evicted. A file appears whole or not at all; nothing
is synced, because all of it can be made again.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from recordbridge.blobs.eviction import Eviction
from recordbridge.errors import StorageError
from recordbridge.instant import Clock, Instant
from recordbridge.ports.sounds import Kept, Validators

_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOST_FRESH_MS = 86_400_000
_numbers = itertools.count(1)

Result = TypeVar("Result")


class SoundFolder:
    """The sounds under `root`, which is made if missing; used by one service at a time.

    Construction removes what was in the making and raises StorageError when the folder cannot
    be used. Close it at the end.
    """

    def __init__(self, root: Path, clock: Clock, eviction: Eviction) -> None:
        self._root = root
        self._clock = clock
        self._eviction = eviction
        try:
            root.mkdir(parents=True, exist_ok=True)
            for leftover in root.glob("*.part"):
                leftover.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError.of(error, f"the folder {root} cannot be used") from error
        self._pool = ThreadPoolExecutor(1, "sounds")

    async def find(self, key: str) -> tuple[Kept, Path] | None:
        """See the port."""
        return await self._run("a sound cannot be looked up", lambda: self._find(key))

    async def keep(
        self, key: str, sound: Path, fresh_until: Instant, validators: Validators
    ) -> Path:
        """See the port. Raises StorageError."""
        return await self._run(
            "the sound cannot be kept", lambda: self._keep(key, sound, fresh_until, validators)
        )

    async def renew(self, key: str, kept: Kept) -> None:
        """See the port. Raises StorageError."""
        await self._run("the sound cannot be kept", lambda: self._note(key, kept))

    @contextmanager
    def scratch(self) -> Iterator[Iterator[Path]]:
        """See the port."""
        number, taken = next(_numbers), list[Path]()

        def paths() -> Iterator[Path]:
            for part in itertools.count(1):
                taken.append(self._root / f"{number}-{part}.part")
                yield taken[-1]

        try:
            yield paths()
        finally:
            for path in taken:
                path.unlink(missing_ok=True)

    def path(self, digest: str) -> Path | None:
        """Where the sound is; None when it is not there or the digest is none."""
        if _DIGEST.fullmatch(digest) is None:
            return None
        place = self._root / f"{digest}.wav"
        return place if place.is_file() else None

    def close(self) -> None:
        """Wait for what is being written and end the thread."""
        self._pool.shutdown()

    def _find(self, key: str) -> tuple[Kept, Path] | None:
        note = self._root / f"{key}.json"
        try:
            kept = msgspec.json.decode(note.read_bytes(), type=Kept)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None
        path = self.path(kept.digest)
        if path is None:
            return None
        now = self._clock()
        for each in (note, path):
            touch(each, now)
        if kept.fresh_until > now + _MOST_FRESH_MS * 366:  # the clock was wrong when it was kept
            kept = msgspec.structs.replace(kept, fresh_until=0)
        return kept, path

    def _keep(self, key: str, sound: Path, fresh_until: Instant, validators: Validators) -> Path:
        with sound.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        place = self._root / f"{digest}.wav"
        sound.replace(place)
        touch(place, self._clock())
        self._note(key, Kept(digest, fresh_until, validators))
        self._eviction.added(self._root, size, self._clock())
        return place

    def _note(self, key: str, kept: Kept) -> None:
        part = self._root / f"{key}-{next(_numbers)}.part"
        part.write_bytes(msgspec.json.encode(kept))
        part.replace(self._root / f"{key}.json")
        touch(self._root / f"{key}.json", self._clock())

    async def _run(self, what: str, work: Callable[[], Result]) -> Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except OSError as error:
            raise StorageError.of(error, what) from error


def touch(path: Path, now: Instant) -> None:
    """It is in use now, by the service's clock."""
    os.utime(path, ns=(now * 1_000_000, now * 1_000_000))
