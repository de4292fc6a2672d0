"""The pbx of a rig, killed as by a power cut, and started again at the same place (N-2).

It is started by a process of its own (this module), because it outlives whoever starts it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from asterisk.rigging import instance, lifecycle, state
from asterisk.rigging.state import Rig

ROOT = Path(__file__).parents[2]


def _rig(folder: str) -> Rig:
    rig = state.load(Path(folder))
    assert rig is not None
    return rig


def kill(facts: Mapping[str, str]) -> None:
    """SIGKILL; what it had in its buffers is lost."""
    process = _rig(facts["RIG_STATE"]).processes["pbx"]
    assert process.alive()
    os.kill(process.pid, signal.SIGKILL)
    process.end()


def start(facts: Mapping[str, str]) -> None:
    """Start it again, and wait until calls come through."""
    command = (sys.executable, "-m", "tests.rigged.pbx", facts["RIG_STATE"])
    subprocess.run(command, cwd=ROOT, check=True, timeout=120)


def console(facts: Mapping[str, str], command: str) -> str:
    """What it says to a command of its console."""
    return instance.console(_rig(facts["RIG_STATE"]), "pbx", command)


def _start(folder: str) -> None:
    rig = _rig(folder)
    rig = rig.running({**rig.processes, "pbx": instance.start(rig, "pbx")})
    state.save(rig)
    lifecycle.connect(rig)


if __name__ == "__main__":
    _start(sys.argv[1])
