"""What is left behind while calls come and go: on the pbx, on the disk, in the process.

A thing counts as left when its call was over already on an earlier look and it is still there:
the pbx and the service may take their time to clear up, but not that long.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression, mean
from typing import Any

import aiohttp

from recordbridge.ids import call_uuid, parse_object_id
from tests.bench.rigged import Rig, rss_mb
from tests.bench.service import Service

ASTERISK = "pbx"
RSS_MB_PER_MINUTE = 1.0
WARM_MINUTES = 4.0
"""Before that much time memory grows because caches fill: shorter runs cannot tell."""
SPARE = {"tasks": 5, "files": 16}
"""Idle before and after: connections that are kept open come and go."""
GAUGES = ("calls_active", "recordings_active", "deliveries_backlog")


class Pbx:
    """Asterisk's own lists, over ARI."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._url = rig["RECORDBRIDGE_ASTERISK_URL"] + "/ari/"
        token = aiohttp.encode_basic_auth(
            rig["RECORDBRIDGE_ASTERISK_USER"], rig["RECORDBRIDGE_ASTERISK_PASSWORD"]
        )
        self._http = aiohttp.ClientSession(headers={"Authorization": token})
        self._before = self._files()

    def _files(self) -> set[str]:
        return {path.name for path in self._rig.recordings.iterdir() if path.is_file()}

    async def close(self) -> None:
        await self._http.close()

    async def look(self, runs: Callable[[str], bool], taps: Callable[[str], int]) -> Look:
        """`runs`: whether a caller is still on the phone; `taps`: the snoops he may have.

        Files that were there before are another run's.
        """
        channels, bridges = await self._list("channels"), await self._list("bridges")
        files = sorted(self._files() - self._before)
        callers = {
            call_uuid(ASTERISK, each["id"]): each["caller"]["number"]
            for each in channels
            if parse_object_id(each["id"]) is None
        }
        left = [f"caller {number}" for number in callers.values() if not runs(number)]
        ids = [each["id"] for each in channels if parse_object_id(each["id"])]
        left += [
            f"{kind} {each}"
            for kind, names in (
                ("channel", ids),
                ("bridge", [each["id"] for each in bridges]),
                ("file", files),
            )
            for each in names
            if _call(each) not in callers
        ]
        snoops = Counter(_call(each) for each in ids if "-snoop" in each)
        left += [
            f"{count} snoops of {callers[call]}"
            for call, count in snoops.items()
            if call in callers and count > taps(callers[call])
        ]
        return Look(len(callers), len(ids) - snoops.total(), snoops.total(), len(bridges), left)

    async def _list(self, what: str) -> list[dict[str, Any]]:
        async with self._http.get(self._url + what) as answer:
            answer.raise_for_status()
            found: list[dict[str, Any]] = await answer.json()
            return found


@dataclass(frozen=True)
class Look:
    """What is on the pbx, and what of it no running call explains."""

    callers: int
    legs: int
    snoops: int
    bridges: int
    unexplained: list[str]

    def __str__(self) -> str:
        return (
            f"{self.callers} callers, {self.legs} legs, {self.snoops} snoops,"
            f" {self.bridges} bridges"
        )


def _call(name: str) -> str:
    parsed = parse_object_id(name.partition(".")[0])
    return parsed.call if parsed else ""


@dataclass(frozen=True)
class Sample:
    """The process at a moment, `at` in minutes."""

    at: float
    rss: float
    tasks: float
    files: float


class Process:
    """The service's memory, tasks and file descriptors over time."""

    def __init__(self, running: Service) -> None:
        self._running = running
        self.samples: list[Sample] = []

    async def sample(self, at: float) -> Sample:
        pid = self._running.process.pid
        tasks = await self._running.metric("recordbridge_tasks")
        sample = Sample(at, rss_mb(pid), tasks, len(list(Path(f"/proc/{pid}/fd").iterdir())))
        self.samples.append(sample)
        return sample

    def let_go(self) -> bool:
        """Whether as little is held as before the first call, but for what is spare."""
        was, now = self.samples[0], self.samples[-1]
        return all(getattr(now, name) <= getattr(was, name) + SPARE[name] for name in SPARE)

    def slope(self) -> float:
        """MB per minute over the second half."""
        half = self.samples[len(self.samples) // 2 :]
        return linear_regression([s.at for s in half], [s.rss for s in half]).slope

    def judge(self, before: Sample, after: Sample) -> list[str]:
        """What grew: memory under load, tasks and descriptors under load and from idle to idle."""
        grown = []
        if self.samples[-1].at > WARM_MINUTES and self.slope() > RSS_MB_PER_MINUTE:
            grown.append(f"memory grows by {self.slope():.2f} MB per minute")
        quarter = len(self.samples) // 4
        for name, spare in SPARE.items():
            was, now = getattr(before, name), getattr(after, name)
            if now > was + spare:
                grown.append(f"{name}: {was:g} before the first call, {now:g} after the last")
            third, last = (
                mean(getattr(s, name) for s in part)
                for part in (self.samples[-2 * quarter : -quarter], self.samples[-quarter:])
            )
            if last > 1.25 * third + spare:
                grown.append(f"{name}: {third:.0f} in the third quarter, {last:.0f} in the last")
        return grown


async def idle(running: Service) -> list[str]:
    """The gauges that are not 0, and what lies in the work folder."""
    values = {name: await running.metric(f"recordbridge_{name}") for name in GAUGES}
    return [f"recordbridge_{name} is {value:g}" for name, value in values.items() if value] + [
        f"work/{name}" for name in working(running)
    ]


def working(running: Service) -> list[str]:
    """The files that the service has at work."""
    work: Path = running.recordings / "work"
    return sorted(path.name for path in work.rglob("*") if path.is_file())
