"""`recordbridge serve` for the laboratory: an interpreter that has imported everything forks it.

    python -m tests.chaos.served YAML LOG [--clock FILE] [--control NAME]

Each line on the standard input starts the service anew, in a process of its own, whose id is told
on the standard output. So a service that is killed a hundred times need not be imported a hundred
times. `--clock`: the wall clock is as many seconds off as that file says, from now on.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path

from recordbridge.app import run as _run  # noqa: F401 - what the service needs, imported once
from recordbridge.cli import main as recordbridge
from recordbridge.store import postgres as _postgres  # noqa: F401 - the lane on PostgreSQL needs it too
from tests.chaos import controls


def _jump(file: Path) -> None:
    """The wall clock of this process is off; the monotonic one is not, as on a real machine."""
    true = time.time  # noqa: TID251 - what is replaced

    def off() -> float:
        return true() + float(file.read_text())

    time.time = off  # noqa: TID251 - the clock that is off


def _child(given: argparse.Namespace) -> None:
    """The service; never returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(given.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number, target in ((0, nothing), (1, log), (2, log)):
        os.dup2(target, number)
    if given.clock is not None:
        _jump(given.clock)
    if given.control:
        controls.CONTROLS[given.control].remove()
    code = 70
    try:
        code = recordbridge(["serve", "-c", str(given.file)])
    finally:
        os._exit(code)


def main() -> None:
    """Fork whenever a line comes; end with the standard input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("log", type=Path)
    parser.add_argument("--clock", type=Path)
    parser.add_argument("--control", default="", choices=["", *controls.CONTROLS])
    given = parser.parse_args()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        pid = os.fork()
        if not pid:
            _child(given)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
