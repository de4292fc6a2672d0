"""What `DEMO_KEEP=1` left running, and ending it: `python -m tests.demo.kept`.

Only processes that the demo started are ended, known by id and start time. The standard library
is enough for it, so that `make clean` works without a virtual environment.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from asterisk.rigging import lifecycle, process

NAME = "kept.json"
PATIENCE_S = 15.0


def keep(folder: Path, running: process.Process, port: int, *, our_rig: bool) -> None:
    """Hand the application's port over to a process of its own, and write all of it down."""
    command = [sys.executable, "-u", "-m", "tests.demo.listening", str(folder), str(port)]
    application, _ = process.start(command, folder / "application.log")
    note = {
        "processes": [asdict(each) for each in (running, application)],
        "rig": os.environ["RIG_STATE"] if our_rig else None,
    }
    (folder / NAME).write_text(json.dumps(note))


def stop(folder: Path) -> bool:
    """End what an earlier demo left running; say whether there was anything."""
    path = folder / NAME
    if not path.exists():
        return False
    note = json.loads(path.read_text())
    for each in note["processes"]:
        process.Process(**each).end(PATIENCE_S)
    if note["rig"]:
        before = os.environ.get("RIG_STATE")
        os.environ["RIG_STATE"] = note["rig"]
        lifecycle.down()
        if before is None:
            del os.environ["RIG_STATE"]
        else:
            os.environ["RIG_STATE"] = before
    path.unlink()
    return True


if __name__ == "__main__":
    ended = stop(Path(__file__).resolve().parents[2] / "var" / "demo")
    print("Stopped: service, application and rig." if ended else "No demo was left running.")
