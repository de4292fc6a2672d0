"""`make soak`: for ten minutes calls of every kind come and go; nothing may be lost or left over.

Each way to record has CALLS callers; one that is done is followed by the next scene of that way.
Every minute and at the end: what is on the pbx and in the folders against the calls that run,
the requests of every call that is over, its files, the service's memory, tasks and descriptors.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path

from tests.bench import measurements
from tests.bench.kept import Kept
from tests.bench.leaks import Pbx, Process, Sample, idle, working
from tests.bench.rigged import Rig, cpu_s, rig
from tests.bench.scenes import MODES, Scene, scenes
from tests.bench.service import Service, service
from tests.receiver import Receiver
from tests.service.carrier import Carrier

SAMPLE_S = 5.0
SETTLED_S = 30.0
"""How long after its end a call's requests may take before they are judged."""
IDLE_S = 30.0
"""How long connections may be kept open when nothing is going on."""
CLEARED_S = 8.0
"""How long anything may outlive its call on the pbx or in a folder."""
BAD_WORDS = ("Task was destroyed", "never retrieved", "nclosed", "was never awaited")


@dataclass
class Caller:
    """A call that was placed; `ended` is monotonic."""

    scene: Scene
    ended: float | None = None


class Soak:
    """The calls of one run, and all that is wrong so far."""

    def __init__(self, rig_: Rig, running: Service, carrier: Carrier, kept: Kept) -> None:
        self.rig = rig_
        self.running = running
        self.carrier = carrier
        self.kept = kept
        self.pbx = Pbx(rig_)
        self.process = Process(running)
        self.callers: dict[str, Caller] = {}
        self.placed: Counter[str] = Counter()
        self.misses: list[str] = []
        self.peak = 0
        self._told = 0
        self._numbers = count(15_550_000_001)
        self._began = time.monotonic()

    async def keep_calling(self, turns: Iterator[Scene], first_s: float, until: float) -> None:
        """One place: as soon as a call is over the next one is made."""
        await asyncio.sleep(first_s)
        while time.monotonic() < until:
            await self._call(next(turns))

    async def _call(self, scene: Scene) -> None:
        number = str(next(self._numbers))
        caller = self.callers[number] = Caller(scene)
        self.placed[scene.mode] += 1
        call = await self.carrier.call(scene.number, scene.script, caller=number, **scene.variables)
        try:
            if scene.cut_s:
                await asyncio.sleep(random.uniform(0.1, scene.cut_s))
                await call.hang_up()
            await call.ended()
        except TimeoutError:
            self.misses.append(f"{scene.mode}, {scene.name} ({number}): the call does not end")
            await call.hang_up()
        caller.ended = time.monotonic()

    def judge(self, after_s: float) -> None:
        """The calls that ended so long ago."""
        for number, caller in list(self.callers.items()):
            if caller.ended is not None and time.monotonic() - caller.ended >= after_s:
                self.kept.judge(number, caller.scene)
                del self.callers[number]

    def _runs(self, number: str) -> bool:
        return number in self.callers and self.callers[number].ended is None

    def _taps(self, number: str) -> int:
        return self.callers[number].scene.taps if number in self.callers else 0

    async def look(self) -> None:
        """Two looks, CLEARED_S apart: what no running call explains in both is left over."""
        first, first_work = await self.pbx.look(self._runs, self._taps), working(self.running)
        await asyncio.sleep(CLEARED_S)
        second, second_work = await self.pbx.look(self._runs, self._taps), working(self.running)
        left = set(first.unexplained) & set(second.unexplained)
        left |= {f"work/{name}" for name in set(first_work) & set(second_work)}
        self.misses += [f"left over: {each}" for each in sorted(left)]
        self.peak = max(self.peak, first.snoops, second.snoops)
        sample = self.process.samples[-1]
        print(
            f"{sample.at:4.1f} min: {self.placed.total()} calls, {self.kept.recordings}"
            f" recordings judged; pbx {second}; RSS {sample.rss:.1f} MB, {sample.tasks:g} tasks,"
            f" {sample.files:g} descriptors; {len(self.misses) + len(self.kept.misses)} misses",
            flush=True,
        )
        found = [*self.misses, *self.kept.misses]
        if len(found) > self._told:
            print("\n".join(found), flush=True)
        self._told = len(found)

    async def watch(self) -> None:
        """Sample all the time, look every minute; until cancelled."""
        for turn in count(1):
            await self.sample()
            await asyncio.sleep(SAMPLE_S)
            if turn % 11 == 0:
                self.judge(SETTLED_S)
                await self.look()

    async def sample(self) -> Sample:
        return await self.process.sample((time.monotonic() - self._began) / 60)

    async def run(self, all_scenes: list[Scene], calls: int, minutes: float) -> None:
        """The calls, then the wait until all is over."""
        until = time.monotonic() + minutes * 60
        modes = [mode for mode in MODES if any(s.mode == mode for s in all_scenes)]
        turns = {mode: cycle([s for s in all_scenes if s.mode == mode]) for mode in modes}
        places = [
            self.keep_calling(turns[mode], 0.2 * (nth * len(MODES) + which), until)
            for nth in range(calls)
            for which, mode in enumerate(modes)
        ]
        watching = asyncio.create_task(self.watch())
        calling = asyncio.gather(*places)
        await asyncio.wait((watching, calling), return_when=asyncio.FIRST_COMPLETED)
        if not calling.done():
            await watching
        await calling
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await self._settle()

    async def _settle(self) -> None:
        """All requests, nothing at work; what is not there when the time is up is missed."""
        until = time.monotonic() + SETTLED_S
        while time.monotonic() < until:
            open_ = [n for n, c in self.callers.items() if not self.kept.complete(n, c.scene)]
            left = await self._left()
            if not open_ and not left:
                break
            await asyncio.sleep(0.5)
        else:
            self.misses += [f"at the end: {each}" for each in left]
        await self.kept.close()
        self.judge(0)

    async def idle(self) -> Sample:
        """The process when kept connections have been closed too; what it holds is judged later."""
        process = Process(self.running)
        process.samples.append(self.process.samples[0])
        until = time.monotonic() + IDLE_S
        while True:
            sample = await process.sample(0)
            if process.let_go() or time.monotonic() > until:
                return sample
            await asyncio.sleep(1)

    async def _left(self) -> list[str]:
        found = await self.pbx.look(lambda _: False, lambda _: 0)
        return [*await idle(self.running), *found.unexplained]


def _log(running: Service) -> tuple[list[str], Counter[str]]:
    """The lines that must not be there, and how often each warning came."""
    bad = running.errors()
    lines = running.log.splitlines()
    bad += [line for line in lines if any(word in line for word in BAD_WORDS)]
    events = [json.loads(line) for line in lines if line.startswith("{")]
    return bad, Counter(each["event"] for each in events if each["level"] == "warning")


def _figures(soak: Soak, before: Sample, after: Sample, cpu: tuple[float, float]) -> str:
    """As Markdown."""
    modes = ", ".join(f"{mode} {soak.placed[mode]}" for mode in MODES)
    first = soak.process.samples[len(soak.process.samples) // 2]
    return (
        f"{soak.placed.total()} calls ({modes}) with {soak.kept.recordings} recordings, each with"
        " one action, one callback and a file as long as it says.\n\n"
        "| | idle before | half time | idle after | |\n| --- | --- | --- | --- | --- |\n"
        f"| RSS, MB | {before.rss:.1f} | {first.rss:.1f} | {after.rss:.1f} |"
        f" second half {soak.process.slope():+.2f} MB per minute |\n"
        f"| tasks | {before.tasks:g} | {first.tasks:g} | {after.tasks:g} | |\n"
        f"| file descriptors | {before.files:g} | {first.files:g} | {after.files:g} | |\n\n"
        f"At most {soak.peak} snoops at once. CPU {cpu[0]:.0f} % of a core,"
        f" Asterisk {cpu[1]:.0f} %."
    )


async def soak(calls: int, minutes: float, only: str) -> tuple[list[str], str]:
    """The misses, and the figures as Markdown."""
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    with rig() as rig_:
        async with Receiver() as receiver, Carrier(rig_.environment) as carrier:
            all_scenes = [each for each in scenes(receiver) if only in each.name]
            flows = {each.number: each.flow for each in all_scenes}
            async with service(rig_, folder, flows) as running:
                ran = Soak(rig_, running, carrier, Kept(receiver))
                before = await ran.sample()
                began, pids = time.monotonic(), (running.process.pid, rig_.pbx)
                cpu = [cpu_s(pid) for pid in pids]
                await ran.run(all_scenes, calls, minutes)
                share = 100 / (time.monotonic() - began)
                used = [(cpu_s(pid) - was) * share for pid, was in zip(pids, cpu, strict=True)]
                after = await ran.idle()
                await ran.pbx.close()
            bad, warnings = _log(running)
            figures = _figures(ran, before, after, (used[0], used[1]))
            grown = ran.process.judge(before, after)
            misses = [*ran.misses, *ran.kept.misses, *grown, *(f"log: {each}" for each in bad)]
    if misses:
        print(f"log and database are in {folder}")
    else:
        shutil.rmtree(folder)
    told = ", ".join(f"{event} {times}" for event, times in sorted(warnings.items())) or "none"
    return misses, f"{figures} Warnings in the log: {told}. {len(misses)} misses."


def main() -> int:
    """The command line; 1 on any miss."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--calls", type=int, default=10, help="at once, in each of the five modes")
    parser.add_argument("--only", default="", help="scenes with this in their name")
    given = parser.parse_args()
    misses, figures = asyncio.run(soak(given.calls, given.minutes, given.only))
    for miss in misses:
        print(miss)
    print(figures)
    if given.only:
        return 1 if misses else 0
    measurements.keep(
        "soak",
        f"Soak: {given.calls} calls of each kind at once, {given.minutes:g} minutes",
        f"make soak MINUTES={given.minutes:g} CALLS={given.calls}",
        figures,
    )
    return 1 if misses else 0


if __name__ == "__main__":
    sys.exit(main())
