"""The rig as the benchmarks use it: one of their own, its calls, the CPU time of its processes."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
_RIG = [sys.executable, str(CHECKOUT / "asterisk" / "rig")]


def cpu_s(pid: int) -> float:
    """User and system time of a process, ended threads included, to the nanosecond."""
    return time.clock_gettime(~pid << 3 | 2)


def rss_mb(pid: int) -> float:
    """Its resident memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@dataclass(frozen=True)
class Rig:
    """A rig that is up. `environment` is for everything that shall find it."""

    environment: dict[str, str]
    pbx: int

    def __getitem__(self, name: str) -> str:
        return self.environment[name]

    @property
    def recordings(self) -> Path:
        """Asterisk's recording folder."""
        return Path(self["RIG_RECORDINGS"])

    def cli(self, command: str) -> str:
        """What the pbx's console answers."""
        return _run(["cli", "pbx", command], self.environment)

    def send_to(self, number: str, app: str) -> None:
        """Make the pbx hand calls to that number to a Stasis application of ours."""
        self.cli(f"dialplan add extension {number},1,Stasis,{app} into from-carrier replace")
        self.cli(f"dialplan add extension {number},2,Hangup into from-carrier replace")

    def place(self, number: str, count: int, rate: float, *more: str) -> subprocess.Popen[str]:
        """Calls on their way; ends when all have ended, with a JSON line for each."""
        options = ("--count", str(count), "--rate", f"{rate:g}", "--wait", "--json", *more)
        return subprocess.Popen(
            [*_RIG, "call", number, *options],
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )


def unanswered(placed: subprocess.Popen[str]) -> int:
    """Wait for the calls to end; how many were not answered."""
    lines, _ = placed.communicate(timeout=300)
    return sum(not json.loads(line)["answered"] for line in lines.splitlines())


@contextlib.contextmanager
def rig() -> Iterator[Rig]:
    """The rig of RIG_STATE, or one of our own that ends with the block."""
    own = "RIG_STATE" not in os.environ
    environment = os.environ | {"RIG_STATE": os.environ.get("RIG_STATE", "var/rig-bench")}
    _run(["up", "--pick-ports"], environment)
    try:
        exports = shlex.split(_run(["env"], environment), comments=True)
        environment |= dict(each.split("=", 1) for each in exports if "=" in each)
        state = Path(environment["RIG_STATE"])
        known = json.loads((CHECKOUT / state / "rig.json").read_text())
        yield Rig(environment, known["processes"]["pbx"]["pid"])
    finally:
        if own:
            _run(["down"], environment)


def _run(arguments: Sequence[str], environment: dict[str, str]) -> str:
    return subprocess.run(
        [*_RIG, *arguments], env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
