"""Places at which a test ends the process as `kill -9` would, to the instruction (N-1).

Off unless the environment names a folder in RECORDBRIDGE_FAILPOINTS: then a process that comes
to the place NAME dies there if the folder holds a file of that name (and takes the file along).
Without it `ON` is False, and all that a place costs is to look at that.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

FOLDER = os.environ.get("RECORDBRIDGE_FAILPOINTS", "")
ON = bool(FOLDER)
SENT_S = 0.03
"""So long may take what was written to a socket before the kill until it is really sent."""

_dying = threading.Event()


def reach(name: str, *, sent: bool = False) -> None:
    """Die here if that is wanted: at once, or (`sent`) as soon as what was written has gone out.

    In that time nothing is committed any more: see `hold`.
    """
    place = Path(FOLDER, name)
    if not ON or not place.exists():
        return
    place.unlink()
    if not sent:
        os.kill(os.getpid(), signal.SIGKILL)
    _dying.set()
    threading.Thread(target=_die, daemon=True).start()


def hold() -> None:
    """Whoever is about to commit waits for the kill, if one is on its way."""
    while _dying.is_set():
        time.sleep(SENT_S)


def _die() -> None:
    time.sleep(SENT_S)
    os.kill(os.getpid(), signal.SIGKILL)
