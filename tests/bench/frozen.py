"""A process held still by a control group of its own: no signal of anybody else's wakes it up.

A service that stops and continues its engine by signals would undo what a benchmark does by
signals.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.rigged import cpu_s

MOUNTS = Path("/proc/mounts")
PATIENCE_S = 1.0
MOST_S = 0.04
"""CPU of a process that is held: what the kernel spends on signals that come in for it."""


class Frozen:
    """`set` lets the process run, or not, and proves that it did not run when it should not."""

    def __init__(self, group: Path, pid: int) -> None:
        self._group, self._pid = group, pid
        self._spent_s: float | None = None
        """Its CPU when it was held."""

    def set(self, *, runs: bool) -> None:
        """Returns when it is so."""
        if self._spent_s is not None and (ran_s := cpu_s(self._pid) - self._spent_s) > MOST_S:
            raise RuntimeError(f"process {self._pid} was held, and ran for {ran_s:.3f} s")
        (self._group / "cgroup.freeze").write_text("0" if runs else "1")
        wanted, until = f"frozen {int(not runs)}", time.monotonic() + PATIENCE_S
        while wanted not in (self._group / "cgroup.events").read_text().splitlines():
            if time.monotonic() > until:
                raise TimeoutError(f"{self._group} is not what it should be: {wanted}")
            time.sleep(0.001)
        self._spent_s = None if runs else cpu_s(self._pid)


@contextlib.contextmanager
def freezer(pid: int) -> Iterator[Frozen]:
    """For a process with its threads, which are in the group until the block ends."""
    root = _root()
    group = root / f"recordbridge-bench-{os.getpid()}"
    group.mkdir()
    try:
        (group / "cgroup.procs").write_text(str(pid))
        frozen = Frozen(group, pid)
        yield frozen
        frozen.set(runs=True)
    finally:
        with contextlib.suppress(ProcessLookupError):  # it has ended
            (root / "cgroup.procs").write_text(str(pid))
        group.rmdir()


def _root() -> Path:
    """Where groups of the second version are. This takes root's rights."""
    for line in MOUNTS.read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2" and os.access(place, os.W_OK):
            return Path(place)
    raise OSError("the engine cannot be held: there are no control groups (v2) that we may make")
