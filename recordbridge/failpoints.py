"""Places at which a test ends the process as `kill -9` would, to the instruction (N-1).

Off unless the environment names a folder in RECORDBRIDGE_FAILPOINTS: then a process that comes
to the place NAME dies there if the folder holds a file of that name (and takes the file along).
Without it `ON` is False, and all that a place costs is to look at that.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from pathlib import Path

FOLDER = os.environ.get("RECORDBRIDGE_FAILPOINTS", "")
ON = bool(FOLDER)
SENT_S = 0.002
"""So long the event loop goes on: what was to be written to a socket is sent then."""

_dying = threading.Event()


def reach(name: str, *, sent: bool = False) -> None:
    """Die here if that is wanted: at once, or (`sent`) as soon as what was written has gone out.

    In that time nothing is committed any more: see `hold`. `sent` is for the event loop's thread.
    """
    place = Path(FOLDER, name)
    if not ON or not place.exists():
        return
    place.unlink()
    if not sent:
        os.kill(os.getpid(), signal.SIGKILL)
    _dying.set()
    asyncio.get_running_loop().call_later(SENT_S, _die)


def hold() -> None:
    """Whoever is about to commit waits for the kill, if one is on its way."""
    while _dying.is_set():
        time.sleep(SENT_S)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
