"""`make chaos`: calls go on while everything is killed; 1 when anything is lost.

Two lanes side by side, each with an Asterisk, a service and an application of its own: one on
SQLite, with small disks, and one on PostgreSQL and an S3 server.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack
from multiprocessing import get_context
from pathlib import Path

from tests import rigged
from tests.bench import measurements
from tests.chaos.controls import CONTROLS
from tests.chaos.faults import FAULTS, faults, kill_service
from tests.chaos.lane import Lane
from tests.chaos.report import Run

WARM_S = 4.0
LANES = {
    False: ("application", "line cut", "line slow", "clock", "storage full", "spool full"),
    True: ("application", "asterisk", "postgresql", "object store", "line cut"),
}
"""The faults of the lane, by whether its database and storage are servers."""


async def _storm(lane: Lane, given: argparse.Namespace, kills: int) -> None:
    """Calls and faults, until there were enough of both."""
    names = [each for each in LANES[lane.shared] if given.only in ("", each)]
    times = 0 if given.control else given.times
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        group.create_task(lane.call(given.calls, given.scene))
        await asyncio.sleep(WARM_S)
        await asyncio.gather(kill_service(lane, kills), faults(lane, names, times, given.gap))
        await asyncio.sleep(max(0, began + given.minutes * 60 - time.monotonic()))
        lane.calling = False
    print(f"storm of {time.monotonic() - began:.0f} s: {dict(lane.done)}", flush=True)
    await lane.settle()


async def _lane(lane: Lane, given: argparse.Namespace, pool: ProcessPoolExecutor, run: Run) -> None:
    watching = asyncio.create_task(lane.watch())
    try:
        await _storm(lane, given, -(-given.kills // given.lanes))
        run.result.add(await lane.judge(pool))
    finally:
        watching.cancel()
    run.calls += len(lane.entries)
    run.answered += sum(entry.answered_at is not None for entry in lane.entries)
    run.done += lane.done
    run.kills += lane.kills


async def storm(given: argparse.Namespace, folder: Path) -> Run:
    """All lanes."""
    run, began = Run(), time.monotonic()
    async with AsyncExitStack() as stack:
        pool = stack.enter_context(ProcessPoolExecutor(2, get_context("spawn")))
        lanes: list[Lane] = []
        for shared in list(LANES)[: given.lanes]:
            rig = stack.enter_context(rigged.running(folder / f"rig{len(lanes)}"))
            lane = Lane(rig, folder / f"lane{len(lanes)}", given.seed + shared, shared=shared)
            stack.push_async_callback(lane.close)
            lanes.append(await lane.open(given.control))
        async with asyncio.TaskGroup() as group:
            for lane in lanes:
                group.create_task(_lane(lane, given, pool, run))
    run.seconds = time.monotonic() - began
    return run


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="of the service, in all")
    parser.add_argument("--minutes", type=float, default=0, help="the storm lasts at least so long")
    parser.add_argument("--only", default="", choices=["", *FAULTS], help="of the other faults")
    parser.add_argument("--times", type=int, default=5, help="each other fault in its lane")
    parser.add_argument("--control", default="", choices=["", *CONTROLS], help="a safety less")
    parser.add_argument("--calls", type=int, default=14, help="at once, in each lane")
    parser.add_argument("--lanes", type=int, default=2, choices=[1, 2])
    parser.add_argument("--gap", type=float, default=3, help="seconds between other faults")
    parser.add_argument("--scene", default="", help="scenes with this in their name")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 100_000)
    return parser.parse_args(words)


def main() -> int:
    """1 on any breach; with --control on none."""
    given = arguments()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a cold start takes five times as long
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    print(f"seed {given.seed}, folder {folder}", flush=True)
    run = asyncio.run(storm(given, folder))
    breaches = run.breaches()
    print("\n".join([*breaches, run.figures(), f"{len(breaches)} breaches."]))
    if given.control:
        shutil.rmtree(folder)
        return 0 if breaches else 1
    if not (given.only or given.scene or given.lanes == 1):
        command = f"make chaos KILLS={given.kills} MINUTES={given.minutes:g}"
        title = f"{run.done['service']} kills of the service"
        measurements.keep("chaos", title, command, run.figures(), measurements.RELIABILITY)
    if not breaches:
        shutil.rmtree(folder)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
