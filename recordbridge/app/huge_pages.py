"""What is in memory after the start lies on pages of 2 MB, where the system has them.

A call is done in some thirty short wake-ups with other programs in between, and each finds the
processor without the addresses of what it needs. Of such pages there are few, so few addresses.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from pathlib import Path

PAGE = 1 << 21
"""A huge page of x86-64 and of arm64 with pages of 4 kB; another size is refused by the system."""
COLLAPSE = 25
"""MADV_COLLAPSE of Linux 6.1: put what is there into huge pages, now, and do nothing later."""
MOSTLY = 0.75
"""The share of a mapping that must be in use: thread stacks and reserves stay as they are."""

_HEAD = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ (\d+)")


def use() -> int:
    """Move the heap there; how many pages were made. Where the system has none, nothing is.

    Only what is in use already is moved, so the process hardly grows by it.
    """
    try:
        smaps = Path("/proc/self/smaps").read_text()
        advise = ctypes.CDLL(None).madvise
    except (OSError, AttributeError):
        return 0
    advise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    return sum(advise(page, PAGE, COLLAPSE) == 0 for page in pages(smaps))


def pages(smaps: str) -> Iterator[int]:
    """Where huge pages fit into the anonymous mappings that are in use, by `/proc/PID/smaps`."""
    begin = end = 0
    for line in smaps.splitlines():
        if (head := _HEAD.match(line)) is not None:
            begin, end = int(head[1], 16), int(head[2], 16)
            if head[3] != "rw-p" or head[4] != "0":
                end = begin
        elif line.startswith("Rss:") and int(line.split()[1]) * 1024 >= MOSTLY * (end - begin):
            yield from range(-(-begin // PAGE) * PAGE, end - PAGE + 1, PAGE)
