"""What was large goes back to the system, in a process of its own: the setting is for good."""

from __future__ import annotations

import subprocess
import sys

import pytest

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
