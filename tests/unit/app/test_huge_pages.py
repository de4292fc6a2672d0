"""What is moved into huge pages, and that a process goes on with it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from recordbridge.app import huge_pages

pytestmark = pytest.mark.rule("X-3")

_M = 1 << 20


def mapping(begin: int, size: int, *, used: int, about: str = "rw-p 00000000 00:00 0") -> str:
    return f"{begin:x}-{begin + size:x} {about}\nSize: {size >> 10} kB\nRss: {used >> 10} kB\n"


def test_whole_pages_of_what_is_in_use_are_moved() -> None:
    heap = mapping(5 * _M, 6 * _M, used=6 * _M, about="rw-p 00000000 00:00 0    [heap]")
    assert [*huge_pages.pages(heap)] == [6 * _M, 8 * _M]


@pytest.mark.parametrize(
    "other",
    [
        mapping(8 * _M, 1 * _M, used=1 * _M),
        mapping(8 * _M, 8 * _M, used=2 * _M),
        mapping(8 * _M, 64 * _M, used=0),
        mapping(8 * _M, 4 * _M, used=4 * _M, about="r-xp 00000000 00:00 0"),
        mapping(8 * _M, 4 * _M, used=4 * _M, about="rw-s 00000000 00:00 0"),
        mapping(8 * _M, 4 * _M, used=4 * _M, about="rw-p 00000000 fe:00 17    /usr/lib/libc.so.6"),
        mapping(8 * _M, 4 * _M, used=4 * _M, about="rw-p 00000000 fe:00 17    /tmp/with [heap]"),
    ],
    ids=["too small", "a stack", "a reserve", "code", "shared", "a library", "a file"],
)
def test_all_else_stays_as_it_is(other: str) -> None:
    assert [*huge_pages.pages(other + mapping(0, 2 * _M, used=2 * _M))] == [0]


def test_a_process_goes_on_with_what_was_moved() -> None:
    """Whether there are huge pages or not: what was in memory reads the same."""
    script = (
        "from recordbridge.app import memory\n"
        "kept = [bytes([n % 251]) * 5000 for n in range(4000)]\n"
        "memory.settle()\n"
        "import gc\n"
        "assert all(each == bytes([n % 251]) * 5000 for n, each in enumerate(kept))\n"
        "print(gc.get_freeze_count() > 1000, sum(map(len, kept)))\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "True 20000000\n"
