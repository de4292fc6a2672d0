"""`make chaos`: calls go on while everything is killed; 1 when anything is lost.

Two lanes side by side, each with an Asterisk, a service and an application of its own: one on
SQLite, with small disks, and one on PostgreSQL and an S3 server. With `--control` a safety of the
service is taken away, in one lane: then it is 1 unless the laboratory finds what must come of that.
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
from tests.chaos.controls import CONTROLS, Control
from tests.chaos.faults import FAULTS, faults, kill_service
from tests.chaos.lane import Lane
from tests.chaos.lanes import LANES
from tests.chaos.report import Run

WARM_S = 4.0
PATIENCE_S = 80.0
"""Twice as long as any call takes, with all that happens to it."""
FULL = ["alone", "servers"]
"""The lanes of a run that counts."""
LONG = 1000
"""Kills of the long form."""


async def _storm(lane: Lane, given: argparse.Namespace) -> None:
    """Calls and faults, until there were enough of both."""
    names = [each for each in lane.faults if given.only in ("", each)]
    kills = -(-given.kills // len(given.lanes))
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        group.create_task(lane.call(given.calls, given.scene))
        await asyncio.sleep(given.warm)
        await asyncio.gather(
            kill_service(lane, kills, given.pace, given.places),
            faults(lane, names, given.times, kills * given.pace),
        )
        await asyncio.sleep(max(0, began + given.minutes * 60 - time.monotonic()))
        lane.calling = False
    print(f"storm of {time.monotonic() - began:.0f} s: {dict(lane.done)}", flush=True)
    await lane.settle(given.settle)


async def _lane(lane: Lane, given: argparse.Namespace, pool: ProcessPoolExecutor, run: Run) -> None:
    watching = asyncio.create_task(lane.watch())
    try:
        await _storm(lane, given)
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
        for nth, name in enumerate(given.lanes):
            rig = stack.enter_context(rigged.running(folder / f"rig{nth}"))
            lane = LANES[name](rig, folder / name, given.seed + nth)
            stack.push_async_callback(lane.close)
            lane.patience_s = given.patience
            lanes.append(await lane.open("" if given.intact else given.control))
        async with asyncio.TaskGroup() as group:
            for lane in lanes:
                group.create_task(_lane(lane, given, pool, run))
    run.seconds = time.monotonic() - began
    return run


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line; a control has its own course."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="of the service, in all")
    parser.add_argument("--minutes", type=float, default=0, help="the storm lasts at least so long")
    parser.add_argument("--only", default="", choices=["", *FAULTS], help="of the other faults")
    parser.add_argument("--times", type=int, default=5, help="each other fault in its lane")
    parser.add_argument("--control", default="", choices=["", *CONTROLS], help="a safety less")
    parser.add_argument("--intact", action="store_true", help="its course, with nothing taken away")
    parser.add_argument("--calls", type=int, default=8, help="at once, in each lane")
    parser.add_argument("--lanes", nargs="+", default=FULL, choices=[*LANES])
    parser.add_argument("--pace", type=float, default=9.5, help="seconds from kill to kill")
    parser.add_argument("--scene", default="", help="scenes with this in their name")
    parser.add_argument("--settle", type=float, default=60, help="seconds until all must be there")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 100_000)
    parser.add_argument("--keep", action="store_true", help="in docs/reliability.md")
    parser.set_defaults(places=(), warm=WARM_S, patience=PATIENCE_S)
    given = parser.parse_args(words)
    return given if not given.control else _controlled(given, CONTROLS[given.control])


def _controlled(given: argparse.Namespace, control: Control) -> argparse.Namespace:
    given.kills, given.places, given.scene = control.kills, control.places, control.scene
    given.lanes, given.times = [control.lane], 1
    given.warm, given.minutes = control.warm_s, max(given.minutes, control.seconds / 60)
    given.calls, given.settle, given.pace, given.patience = 4, 8, 0, 20
    return given


def _ended(given: argparse.Namespace, run: Run, folder: Path) -> int:
    """What `main` returns; what is to be looked at stays in the folder."""
    breaches = run.breaches()
    print("\n".join([*breaches, run.figures(), f"{len(breaches)} breaches."]))
    if given.control:
        found = run.kinds.intersection(CONTROLS[given.control].finds)
        print(f"{given.control}: {', '.join(sorted(found)) or 'nothing of it was found'}")
        shutil.rmtree(folder)
        return int(bool(found) == given.intact)
    if given.keep and given.lanes == FULL and not (given.only or given.scene):
        title = f"{run.done['service']} kills of the service"
        name = "chaos" if given.kills < LONG else "chaos-long"
        command = f"make chaos KILLS={given.kills}"
        measurements.keep(name, title, command, run.figures(), measurements.RELIABILITY)
    if breaches:
        return 1
    shutil.rmtree(folder)
    return 0


def main() -> int:
    """1 on any breach; with --control unless what must be found was found (--intact: was not)."""
    given = arguments()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a cold start takes five times as long
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    print(f"seed {given.seed}, folder {folder}", flush=True)
    return _ended(given, asyncio.run(storm(given, folder)), folder)


if __name__ == "__main__":
    sys.exit(main())
