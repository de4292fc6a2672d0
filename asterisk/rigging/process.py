"""Starting, finding and ending processes by id and start time, so that only our own are ended."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

_OPEN_FILES = 65536


@dataclass(frozen=True)
class Process:
    """A process that was started: its id and, because ids are reused, when it began."""

    pid: int
    began: int

    def alive(self) -> bool:
        """Say whether this very process still runs."""
        return _began(self.pid) == self.began

    def end(self, patience: float = 5.0) -> None:
        """Ask it to end, then make it."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not self.alive():
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
            deadline = time.monotonic() + patience
            while self.alive() and time.monotonic() < deadline:
                time.sleep(0.02)


def _began(pid: int) -> int | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def _raise_open_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def start(command: list[str], log: Path) -> tuple[Process, subprocess.Popen[bytes]]:
    """Start a command in a session of its own, its words going to a file."""
    _raise_open_files()  # inherited by the child
    with log.open("ab") as out:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    return Process(child.pid, _began(child.pid) or 0), child
