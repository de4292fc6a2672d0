"""How the service's memory stays as it is after the start, through any number of calls."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from recordbridge.app import huge_pages

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Of glibc's mallopt(3)."""
LARGE = 128 * 1024
"""Bytes: what is larger goes back to the system as soon as it is not used any more."""
ARENAS = 2
TRIM_S = 60.0
"""How often what is free inside the heaps goes back too: 2 ms, off the event loop."""


def keep_together() -> None:
    """Before there are threads: glibc gives each of ours a heap of its own, which keeps what was
    large once, and large blocks are put there too after the first was freed. The process then
    grows for hours, though nothing is kept. Another libc is left as it is.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    with suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_ARENA_MAX, ARENAS)
        mallopt(_MMAP_THRESHOLD, LARGE)
        mallopt(_TRIM_THRESHOLD, LARGE)


def trim() -> None:
    """Give back what is free. Calls leave holes in the heaps, between what is kept for longer: with
    600 a minute they were 1 MB after one minute, 3 after five, and went on.
    """
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)


@contextmanager
def trimmed() -> Iterator[None]:
    """While the block lasts, on a running loop."""
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle

    def turn() -> None:
        nonlocal timer
        loop.run_in_executor(None, trim)
        timer = loop.call_later(TRIM_S, turn)

    timer = loop.call_later(TRIM_S, turn)
    try:
        yield
    finally:
        timer.cancel()


def settle() -> None:
    """What is there after the start stays: it is moved to where it is found soonest, and the
    collector need not look at it during calls.

    A call makes some thousand objects, hardly any of them in cycles (measured: 5 % of its CPU).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 50)
    huge_pages.use()
