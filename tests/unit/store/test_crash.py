"""`kill -9` while units are committed: what was acknowledged is stored, each unit whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.store.places import Place

CYCLES = 12
ROOT = Path(__file__).parents[3]


@pytest.fixture
def forker() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.unit.store.crash_writer"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process


def _acknowledged(forker: subprocess.Popen[str], url: str, name: str) -> dict[str, int]:
    """Run a writer, kill it after some commits; the last version acknowledged of each call."""
    assert forker.stdin is not None
    assert forker.stdout is not None
    forker.stdin.write(f"{url} {name}\n")
    forker.stdin.flush()
    allowed = random.randint(1, 150)
    pid, last, seen = 0, dict[str, int](), 0
    for line in forker.stdout:
        key, number = line.split()
        if key == "dead":
            return last
        if key == "pid":
            pid = int(number)
            continue
        last[key] = int(number)
        seen += 1
        if seen == allowed:
            os.kill(pid, signal.SIGKILL)
    raise AssertionError("the forker ended")


@pytest.mark.rule("N-1")
@pytest.mark.rule("H-3")
def test_acknowledged_is_stored_and_units_are_whole(
    forker: subprocess.Popen[str], place: Place
) -> None:
    acknowledged: dict[str, int] = {}
    for cycle in range(CYCLES):
        acknowledged |= _acknowledged(forker, place.url, f"w{cycle}")
        place.settle()
        stored: dict[str, int] = dict(place.rows("SELECT call_uuid, version FROM calls"))
        durations: dict[str, int] = dict(
            place.rows("SELECT recording_id, duration_ms FROM recordings")
        )
        requests = place.rows("SELECT call_uuid, count(*) FROM requests GROUP BY call_uuid")
        assert all(stored[uuid] >= number for uuid, number in acknowledged.items())
        assert durations == {f"{uuid}-r": version for uuid, version in stored.items()}
        assert dict(requests) == stored
    assert len(acknowledged) >= CYCLES
