"""Whether the machine kept its time during a test: a process of its own looks every 20 ms.

An Asterisk that comes late inserts silence into snoops (S-7); how much a test lets pass depends on
that. The test's own process says nothing about it: comparing sounds, it is late by itself.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

CALM_MS, WORST_MS = 60, 150
"""What may be inserted on a machine that keeps its time, and on another."""
LATE_MS = 5
"""A machine that wakes somebody so much late has others late too."""
_WATCH = """
import os, sys, time
parent = os.getppid()
with open(sys.argv[1], "a", buffering=1) as file:
    while os.getppid() == parent:
        begun = time.monotonic()
        time.sleep(0.02)
        now = time.monotonic()
        if (now - begun - 0.02) * 1000 > float(sys.argv[2]):
            file.write(f"{now}\\n")
"""


class Watch:
    """Ends with the process that made it, or earlier by `close`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        file.touch()
        command = [sys.executable, "-S", "-c", _WATCH, str(file), str(LATE_MS)]
        self._process = subprocess.Popen(command)
        self._since = time.monotonic()

    def begin(self) -> None:
        """A test begins."""
        self._since = time.monotonic()

    def inserted_ms(self) -> int:
        """How much inserted silence the test may let pass."""
        late = (float(line) for line in self._file.read_text().splitlines())
        return WORST_MS if any(at >= self._since for at in late) else CALM_MS

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
