"""Which files of a folder of sounds must go: the longest unused ones, never one in use.

A file's modification time is when it was last asked for. What is younger than `least_age_ms`
stays whatever the folder's size: a caller may be about to hear it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from recordbridge.instant import Instant

MEGABYTE = 1_000_000
HOUR_MS = 3_600_000


class _File(NamedTuple):
    used_ms: int
    size: int
    path: str


class Eviction:
    """Sweeps a folder when much was added since the last time, and at the first addition."""

    def __init__(
        self,
        most_bytes: int = 512 * MEGABYTE,
        least_age_ms: int = 6 * HOUR_MS,
        most_age_ms: int = 30 * 24 * HOUR_MS,
    ) -> None:
        self._most_bytes = most_bytes
        self._least_age_ms = least_age_ms
        self._most_age_ms = most_age_ms
        self._unswept: int | None = None

    def added(self, folder: Path, size: int, now: Instant) -> None:
        """A file of that size came into the folder. Raises OSError."""
        if self._unswept is not None:
            self._unswept += size
            if self._unswept < self._most_bytes // 16:
                return
        self._unswept = 0
        self.sweep(folder, now)

    def sweep(self, folder: Path, now: Instant) -> None:
        """Delete what is too old, then what is too much. Raises OSError."""
        files = _files(folder)
        total = sum(file.size for file in files)
        for file in files:
            age = now - file.used_ms
            if age <= self._least_age_ms:
                return
            if age <= self._most_age_ms and total <= self._most_bytes:
                return
            Path(file.path).unlink(missing_ok=True)
            total -= file.size


def _files(folder: Path) -> list[_File]:
    """The longest unused first."""
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith((".wav", ".json")) and entry.is_file(follow_symlinks=False):
                status = entry.stat(follow_symlinks=False)
                found.append(_File(status.st_mtime_ns // 1_000_000, status.st_size, entry.path))
    return sorted(found)
