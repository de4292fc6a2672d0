"""The clock that open calls go by, also after a restart (N-1).

A step of the system's clock never moves a deadline while the service runs (`instant`). A service
that is started again with calls open goes on with the clock of the one before: else every recording
that runs would be as much shorter or longer as the clock has been set. A start that finds no open
call, or a machine that was started anew, takes the clock as it is.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Protocol

import structlog

from recordbridge.instant import SystemClock

log = structlog.get_logger()

BOOT = Path("/proc/sys/kernel/random/boot_id")
TOLD_MS = 100
"""A clock that was set by more is worth a line."""


class Keeps(Protocol):
    """What is needed of the database."""

    async def timebase(self, boot: str, now_ms: int) -> int: ...


async def go_on(clock: SystemClock, store: Keeps, boot: Path = BOOT) -> None:
    """Have the clock agree with that of the calls that are open. Raises StorageError."""
    of = await asyncio.to_thread(_read, boot)
    if not of:
        return
    now_ms = round(clock.base_ms)
    kept_ms = await store.timebase(of, now_ms)
    if kept_ms != now_ms:
        clock.base_ms = kept_ms
    if abs(kept_ms - now_ms) > TOLD_MS:
        log.warning("clock_was_set", by_ms=now_ms - kept_ms)


def _read(boot: Path) -> str:
    """Empty on a system that does not tell since when it has been running."""
    try:
        return boot.read_text().strip()
    except OSError:
        return ""
