"""What was large goes back to the system, in a process of its own: the setting is for good."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from recordbridge.app import memory

LARGE_AGAIN = """
import ctypes
from recordbridge.app import memory

class Info(ctypes.Structure):
    names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, ctypes.c_size_t) for name in names.split()]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Info
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = (ctypes.c_void_p,)
if {wanted}:
    memory.keep_together()
libc.free(libc.malloc(4_000_000))
before = libc.mallinfo2().hblks
libc.malloc(1_000_000)
print(libc.mallinfo2().hblks - before)
"""


@pytest.mark.parametrize(("wanted", "mapped"), [(True, "1"), (False, "0")])
def test_a_large_block_has_pages_of_its_own(wanted: bool, mapped: str) -> None:
    """Also after another one was freed; glibc alone puts it on the heap then, where it stays."""
    command = (sys.executable, "-c", LARGE_AGAIN.format(wanted=wanted))
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == mapped


HOLES = """
import ctypes, os
from recordbridge.app import memory

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = (ctypes.c_void_p,)
libc.memset.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t)
blocks = [libc.malloc(100_000) for _ in range(400)]
for each in blocks:
    libc.memset(each, 1, 100_000)
for each in blocks[:-1]:
    libc.free(each)
before = resident()
memory.trim()
print(before - resident())
"""


def test_holes_go_back_to_the_system() -> None:
    """40 MB below a block that is kept."""
    done = subprocess.run(
        (sys.executable, "-c", HOLES), capture_output=True, text=True, timeout=60, check=True
    )
    assert int(done.stdout) > 30_000_000


async def test_they_do_every_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    times = 0

    def count() -> None:
        nonlocal times
        times += 1

    monkeypatch.setattr(memory, "trim", count)
    monkeypatch.setattr(memory, "TRIM_S", 0.01)
    async with asyncio.timeout(5):
        with memory.trimmed():
            while times < 2:
                await asyncio.sleep(0.005)
    await asyncio.sleep(0.03)
    seen = times
    await asyncio.sleep(0.03)
    assert times == seen
