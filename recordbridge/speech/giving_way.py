"""How a process gives way to calls: in CPU, and when memory runs out. Linux; elsewhere only nice.

What it cannot do itself is to stand still while a call waits (`speech.stillness`); it only sees to
it that whoever stops it may die.

Niceness alone does not do it. Sessions share the CPU among themselves first (autogroup), so that of
ours must be nice as well. And whoever runs may go on for a slice of some 3 ms, whatever it weighs,
before a call's process that wakes up is let in, at each step of the way; so the slices are made
short.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
from contextlib import suppress
from pathlib import Path

NICE = 10
"""Beside calls it gets a tenth of the CPU, alone all of it."""
SLICE_NS = 100_000
"""The shortest that Linux (6.12 and newer) takes."""
OOM_FIRST = "900"
_SET = {"x86_64": 314, "aarch64": 274}
"""The number of the system call `sched_setattr`."""
PR_SET_PDEATHSIG = 1


class _Attributes(ctypes.Structure):
    """`struct sched_attr`, the first version."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("policy", ctypes.c_uint32),
        ("flags", ctypes.c_uint64),
        ("nice", ctypes.c_int32),
        ("priority", ctypes.c_uint32),
        ("runtime", ctypes.c_uint64),
        ("deadline", ctypes.c_uint64),
        ("period", ctypes.c_uint64),
    )


def give_way() -> None:
    """For this process and the threads that it will make. What a system does not know is left."""
    os.nice(NICE)
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(NICE))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(OOM_FIRST)
    _short_slices()


def die_with_parent() -> bool:
    """For this process, also while it is stopped and cannot notice it. Whether that is so.

    It counts from now on; and the parent is the thread that made this process.
    """
    if platform.system() != "Linux":
        return False
    return not ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def _short_slices() -> None:
    number = _SET.get(platform.machine())
    if platform.system() != "Linux" or number is None:
        return
    wanted = _Attributes(
        size=ctypes.sizeof(_Attributes), policy=os.SCHED_BATCH, nice=NICE, runtime=SLICE_NS
    )
    ctypes.CDLL(None).syscall(number, 0, ctypes.byref(wanted), 0)
