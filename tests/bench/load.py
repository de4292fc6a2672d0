"""`make load`: many calls on a real Asterisk, all recorded, all called back, nothing left over.

A quarter of the calls each ends by a key, by silence, by maxLength and by a hangup. Every call has
to have one action and then one callback with the right reason, and its file, fetched by the
RecordUrl the moment the callback arrives, the length that the callback says.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import sys
import tempfile
import time
import wave
from collections import Counter, defaultdict
from pathlib import Path

import aiohttp

from tests.bench import measurements
from tests.bench.rigged import Rig, cpu_s, rig, rss_mb, unanswered
from tests.bench.service import Service, service
from tests.receiver import Received, Receiver

DONE_S = 20
"""How long after the last call the requests may take."""


class Ending:
    """How a quarter of the calls ends: what the caller does, what Record says, what is reported."""

    def __init__(self, reason: str, number: str, attributes: str, *caller: str) -> None:
        self.reason = reason
        self.number = number
        self.attributes = attributes
        self.caller = caller


ENDINGS = (
    Ending("finishOnKey", "110", 'maxLength="30"', "--as", "dtmf", "--set", "RIG_TALK_S=2"),
    Ending("silence", "111", 'timeout="2"', "--as", "talk-then-silence", "--set", "RIG_TALK_S=1"),
    Ending("maxLength", "112", 'maxLength="3"', "--as", "talk", "--set", "RIG_TALK_S=10"),
    Ending("hangup", "113", 'maxLength="30"', "--as", "hangup-midway", "--set", "RIG_TALK_S=2"),
)


class Checks:
    """Takes in the requests as they come; afterwards tells every miss."""

    def __init__(self, receiver: Receiver) -> None:
        self.calls: defaultdict[str, list[Received]] = defaultdict(list)
        self.misses: list[str] = []
        self._fetching: set[asyncio.Task[None]] = set()
        self._session = aiohttp.ClientSession()
        receiver.listen(self._take)

    def _take(self, request: Received) -> None:
        self.calls[request.params["CallUUID"]].append(request)
        if request.path.startswith("/callback"):
            task = asyncio.create_task(self._fetch(request.params))
            self._fetching.add(task)
            task.add_done_callback(self._fetching.discard)

    async def _fetch(self, callback: dict[str, str]) -> None:
        async with self._session.get(callback["RecordUrl"]) as answer:
            body = await answer.read()
        if answer.status != 200:
            self.misses.append(f"{callback['RecordUrl']}: {answer.status}")
            return
        with wave.open(io.BytesIO(body)) as file:
            ms = (file.getnframes() * 1000 + file.getframerate() // 2) // file.getframerate()
        if ms != int(callback["RecordingDurationMs"]) or ms == 0:
            self.misses.append(f"{callback['RecordUrl']}: {ms} ms, {callback}")

    async def close(self) -> None:
        """Wait for the files."""
        await asyncio.gather(*self._fetching)
        await self._session.close()

    def complete(self, calls: int) -> bool:
        """Whether every request there has to be is there."""
        return sum(len(requests) for requests in self.calls.values()) >= 2 * calls

    def judge(self, calls: int) -> None:
        """Each call: an action, then a callback, both with the reason of its number."""
        if len(self.calls) != calls:
            self.misses.append(f"{len(self.calls)} of {calls} calls sent requests")
        for call, requests in self.calls.items():
            paths = [request.path for request in requests]
            reason = paths[0].rpartition("/")[2]
            reasons = {request.params["RecordingEndReason"] for request in requests}
            if paths != [f"/action/{reason}", f"/callback/{reason}"] or reasons != {reason}:
                self.misses.append(f"{call}: {paths} {reasons}")

    def reasons(self) -> Counter[str]:
        return Counter(r.params["RecordingEndReason"] for c in self.calls.values() for r in c[:1])


def _flow(ending: Ending, receiver: Receiver) -> str:
    urls = (
        f'action="{receiver.url(f"/action/{ending.reason}")}" redirect="false"'
        f' callbackUrl="{receiver.url(f"/callback/{ending.reason}")}"'
    )
    record = f'<Record playBeep="false" fileFormat="wav" {ending.attributes} {urls}/>'
    return f"<Response>{record}</Response>"


def _files(rig_: Rig, running: Service) -> set[Path]:
    """In Asterisk's folder and in the service's work folder."""
    folders = (rig_.recordings, running.recordings / "work")
    return {each for folder in folders for each in folder.rglob("*") if each.is_file()}


async def _leftovers(rig_: Rig, running: Service, before: set[Path]) -> list[str]:
    """What is still there when everything should be over, and was not there `before`."""
    left = []
    for name in ("calls_active", "recordings_active", "deliveries_backlog"):
        value = await running.metric(f"recordbridge_{name}")
        if value:
            left.append(f"recordbridge_{name} {value:g}")
    channels = rig_.cli("core show channels count").splitlines()[0]
    if not channels.startswith("0 "):
        left.append(f"pbx: {channels}")
    if rig_.cli("bridge show all").count("\n") > 1:
        left.append("pbx: a bridge is left")
    return left + [f"{each} is left" for each in sorted(_files(rig_, running) - before)]


async def _settled(
    checks: Checks, rig_: Rig, running: Service, calls: int, before: set[Path]
) -> list[str]:
    """Wait until all is over; what was left when the time was up."""
    until = time.monotonic() + DONE_S
    while True:
        left = await _leftovers(rig_, running, before)
        if time.monotonic() > until or (checks.complete(calls) and not left):
            return left
        await asyncio.sleep(0.5)


async def load(calls: int, rate: float) -> tuple[list[str], str]:
    """The misses, and the figures as Markdown."""
    quarter = calls // len(ENDINGS)
    calls = quarter * len(ENDINGS)
    with rig() as rig_, tempfile.TemporaryDirectory() as folder:
        async with Receiver() as receiver:
            checks = Checks(receiver)
            flows = {each.number: _flow(each, receiver) for each in ENDINGS}
            async with service(rig_, Path(folder), flows) as running:
                pid, before = running.process.pid, _files(rig_, running)
                cpu, pbx, rss = cpu_s(pid), cpu_s(rig_.pbx), rss_mb(pid)
                placed = [
                    rig_.place(each.number, quarter, rate / len(ENDINGS), *each.caller)
                    for each in ENDINGS
                ]
                failed = sum([await asyncio.to_thread(unanswered, each) for each in placed])
                left = await _settled(checks, rig_, running, calls, before)
                await checks.close()
                checks.judge(calls)
                figures = (
                    f"{calls} calls at {rate:g} per second: {dict(checks.reasons())};"
                    f" CPU per call {(cpu_s(pid) - cpu) * 1000 / calls:.1f} ms"
                    f" (Asterisk {(cpu_s(rig_.pbx) - pbx) * 1000 / calls:.1f} ms);"
                    f" RSS {rss:.0f} MB before, {rss_mb(pid):.0f} MB after"
                )
            misses = [*checks.misses, *left, *running.errors()]
    if failed:
        misses.append(f"{failed} calls were not answered")
    return misses, f"{figures}; {len(misses)} misses."


def main() -> int:
    """The command line; 1 on any miss."""
    parser = argparse.ArgumentParser(prog="make load", description=__doc__)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--rate", type=float, default=10)
    given = parser.parse_args()
    misses, figures = asyncio.run(load(given.calls, given.rate))
    for miss in misses:
        print(miss)
    print(figures)
    measurements.keep(
        f"load {given.rate:g}", f"Load: {given.rate:g} calls per second", "make load", figures
    )
    return 1 if misses else 0


if __name__ == "__main__":
    sys.exit(main())
