"""`make bench`: the service's CPU per recorded call against the bare loop's, in one run (X-3).

Turns alternate on one rig, so that whatever else the machine does meets all of them: the bare
loop, the service with one callback, the service without (control path). What is compared is the
median of the rounds' ratios. Latencies come from turns of their own, with an observer.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recordbridge import ids
from recordbridge.machine.capture import HEAD_MS
from recordbridge.machine.limits import SPARE_MS
from recordbridge.machine.state import LAG_MS
from tests.bench import measurements
from tests.bench.observer import Observed, observing
from tests.bench.rigged import Rig, cpu_s, rig, unanswered
from tests.bench.service import Service, service
from tests.receiver import Receiver

MOST = 5.0
"""The service's CPU per call, state and callback included, against the bare loop's."""
SECONDS = 3
SETTLE_S = 0.5
BARE, FULL, CONTROL = "7000", "100", "101"
BARE_APP = "bench-bare"
LABELS = {BARE: "bare loop", FULL: "service, state and callback", CONTROL: "service, state"}


@dataclass
class Turns:
    """What the turns of one subject came to, per call in ms."""

    cpu: list[float] = field(default_factory=list)
    asterisk: list[float] = field(default_factory=list)
    failed: int = 0
    start: list[int] = field(default_factory=list)
    stop: list[int] = field(default_factory=list)


@dataclass
class Bench:
    """Everything that runs."""

    rig: Rig
    bare: subprocess.Popen[str]
    service: Service
    receiver: Receiver
    calls: int
    rate: float
    turns: dict[str, Turns] = field(
        default_factory=lambda: {BARE: Turns(), FULL: Turns(), CONTROL: Turns()}
    )

    def pid(self, number: str) -> int:
        return self.bare.pid if number == BARE else self.service.process.pid

    async def turn(self, number: str) -> None:
        """One turn of calls to that number; CPU time is taken when all is done and quiet."""
        turns, pid = self.turns[number], self.pid(number)
        before, asterisk = cpu_s(pid), cpu_s(self.rig.pbx)
        await self.calls_to(number)
        turns.cpu.append((cpu_s(pid) - before) * 1000 / self.calls)
        turns.asterisk.append((cpu_s(self.rig.pbx) - asterisk) * 1000 / self.calls)

    async def calls_to(self, number: str) -> None:
        """Place the calls, wait for their end and for the callbacks."""
        seen = len(self.receiver.requests)
        placed = self.rig.place(number, self.calls, self.rate)
        failed = await asyncio.to_thread(unanswered, placed)
        wanted = self.calls if number == FULL else 0
        for _ in range(100):
            await asyncio.sleep(SETTLE_S / 5)
            if len(self.receiver.requests) - seen >= wanted:
                break
        await asyncio.sleep(SETTLE_S)
        got = len(self.receiver.requests) - seen
        self.turns[number].failed += failed + abs(wanted - got)

    async def latencies(self, number: str) -> None:
        """An observed turn: from Stasis to the first sample, from the due end to the last."""
        async with observing(self.rig) as observed:
            await self.calls_to(number)
        turns = self.turns[number]
        for channel, recording in _recordings(observed, bare=number == BARE):
            turns.start.append(observed.started[recording] - observed.entered[channel])
            if number == BARE:
                due = observed.started[recording] + SECONDS * 1000
            else:  # as `machine.record` counts; the spare time is cut off afterwards
                first = observed.started[recording] - LAG_MS
                first = max(first, observed.answered[channel] - HEAD_MS)
                due = first + SECONDS * 1000 + SPARE_MS
            turns.stop.append(observed.finished[recording] - due)
        turns.failed += self.calls - len(turns.start)


def _recordings(observed: Observed, *, bare: bool) -> Iterator[tuple[str, str]]:
    """Channel and recording of each call that was recorded to its end."""
    for channel in observed.entered:
        call = ids.call_uuid("pbx", channel)
        recording = f"s{channel}" if bare else f"rb-{call.replace('-', '')}-rec1"
        if recording in observed.finished:
            yield channel, recording


@contextlib.contextmanager
def _bare(rig_: Rig) -> Iterator[subprocess.Popen[str]]:
    arguments = [rig_[f"RECORDBRIDGE_ASTERISK_{each}"] for each in ("URL", "USER", "PASSWORD")]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.bare", *arguments, BARE_APP, str(SECONDS)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("the bare loop did not start")
        yield process
    finally:
        process.terminate()
        process.wait(10)


def _flow(callback: str) -> str:
    """An answering machine's Record, 3 s long, that ends by its length."""
    attributes = f'maxLength="{SECONDS}" playBeep="false" fileFormat="wav" {callback}'
    return f"<Response><Record {attributes}/></Response>"


@contextlib.asynccontextmanager
async def bench(calls: int, rate: float, command: tuple[str, ...] = ()) -> AsyncIterator[Bench]:
    """Rig, bare loop, service and receiver."""
    with rig() as rig_, _bare(rig_) as bare, tempfile.TemporaryDirectory() as folder:
        rig_.send_to(BARE, BARE_APP)
        async with Receiver() as receiver:
            flows = {FULL: _flow(f'callbackUrl="{receiver.url("/callback")}"'), CONTROL: _flow("")}
            async with service(rig_, Path(folder), flows, command) as service_:
                yield Bench(rig_, bare, service_, receiver, calls, rate)
                for name in rig_.recordings.glob("s*.wav"):
                    name.unlink()


async def _measure(rounds: int, calls: int, rate: float) -> Bench:
    async with bench(calls, rate) as running:
        for number in running.turns:
            running.calls = 20
            await running.calls_to(number)
        running.calls = calls
        for index in range(rounds):
            for number, turns in running.turns.items():
                await running.turn(number)
                print(f"round {index + 1}: {LABELS[number]} {turns.cpu[-1]:.2f} ms", flush=True)
        for number in (BARE, FULL):
            await running.latencies(number)
        errors = running.service.errors()
    running.turns[FULL].failed += len(errors)
    for line in errors:
        print(line)
    return running


def ratio(running: Bench, number: str) -> float:
    """The median of the rounds' ratios to the bare loop."""
    pairs = zip(running.turns[number].cpu, running.turns[BARE].cpu, strict=True)
    return statistics.median(one / bare for one, bare in pairs)


def _percentiles(values: Sequence[int]) -> str:
    if not values:
        return "-"
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return f"{cuts[49]:.0f} / {cuts[98]:.0f}"


def table(running: Bench) -> str:
    """The result as Markdown."""
    lines = [
        "| | CPU ms | ratio | start p50 / p99 ms | stop p50 / p99 ms | Asterisk CPU ms | failed |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for number, turns in running.turns.items():
        cpu, asterisk = statistics.median(turns.cpu), statistics.median(turns.asterisk)
        lines.append(
            f"| {LABELS[number]} | {cpu:.2f} | {ratio(running, number):.2f} |"
            f" {_percentiles(turns.start)} | {_percentiles(turns.stop)} | {asterisk:.1f} |"
            f" {turns.failed} |"
        )
    return "\n".join(lines)


def main() -> int:
    """The command line; 1 when the service costs too much or anything failed."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--rate", type=float, default=10)
    given = parser.parse_args()
    running = asyncio.run(_measure(given.rounds, given.calls, given.rate))
    print(table(running))
    measurements.keep("bench", "CPU per recorded call", "make bench", table(running))
    failed = sum(turns.failed for turns in running.turns.values())
    return 1 if failed or ratio(running, FULL) > MOST else 0


if __name__ == "__main__":
    sys.exit(main())
