"""Whether calls notice that recordings are being transcribed: control latencies with and without.

Calls come at a steady rate while ten recordings are queued or under way, and every few seconds the
engine's process is held, then let go on. What falls into the times in which it was held is the
measure for what falls into the others: so whatever else the machine does meets both. It is held by
a control group, because the service stops it by signals, in moments; they count as running.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import statistics
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from recordbridge import ids
from recordbridge.blobs import layout
from recordbridge.instant import SystemClock
from recordbridge.ports.rows import RecordingRow, Unit
from recordbridge.store import open_store
from tests.bench.frozen import Frozen, freezer
from tests.bench.observer import observing
from tests.bench.rigged import Rig, rig, unanswered
from tests.bench.service import TOKEN, Service, service
from tests.bench.spoken import joined
from tests.receiver import Receiver

NUMBER, ACCOUNT = "100", "MAEXAMPLEACCOUNT0001"
AT_ONCE = 10
"""So many recordings are queued or under way at any time."""
MANY = 18
LONG_S = 600
SETTLE_S = 1.0
TURN_S = 4.0
EDGE_MS = 300
"""After a change of turns, in which nothing counts."""
MOST_PERCENT, MOST_MS = 20.0, 5.0
KINDS = ("answer to recording", "key to action")
STOOD = "recordbridge_transcription_stood_still_seconds_total"


@dataclass
class Side:
    """The p99 of each run, and how many there are in all, by kind."""

    p99: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    count: Counter[str] = field(default_factory=Counter)


@dataclass
class Sides:
    """Without and with transcriptions."""

    alone: Side = field(default_factory=Side)
    beside: Side = field(default_factory=Side)
    waiting: list[int] = field(default_factory=list)
    """Recordings that were queued or under way when a run was over."""
    stood: list[float] = field(default_factory=list)
    """Shares of each run in which the service had the engine stand still."""
    failed: int = 0

    def allowed(self, kind: str) -> float:
        """What the median beside transcriptions may be."""
        alone = statistics.median(self.alone.p99[kind])
        return max(alone * (1 + MOST_PERCENT / 100), alone + MOST_MS)

    def held(self) -> bool:
        busy = min(self.waiting) >= AT_ONCE
        return (
            busy
            and not self.failed
            and all(
                statistics.median(self.beside.p99[kind]) <= self.allowed(kind) for kind in KINDS
            )
        )


class Queue:
    """Recordings to transcribe, asked for through the REST API."""

    def __init__(self, running: Service, recordings: Sequence[str]) -> None:
        self._service = running
        self._recordings = recordings

    async def fill(self) -> None:
        """Ask for all of them."""
        token = aiohttp.encode_basic_auth(ACCOUNT, TOKEN)
        async with aiohttp.ClientSession(headers={"Authorization": token}) as http:
            for each in self._recordings:
                url = f"{self._service.url}/v1/Account/{ACCOUNT}/Transcription/{each}/"
                async with http.post(url) as answer:
                    assert answer.status == 202, await answer.text()

    async def waiting(self) -> int:
        """How many are not done."""
        return round(await self._service.metric("recordbridge_transcripts_waiting"))


async def unharmed(runs: int, calls: int, rate: float) -> Sides:
    """Measure."""
    sides = Sides()
    with rig() as rig_, tempfile.TemporaryDirectory() as name:
        async with Receiver() as receiver:
            folder = Path(name)
            recordings = await _recordings(rig_, folder)
            flow = _flow(receiver.url("/action"))
            async with service(rig_, folder, {NUMBER: flow}) as running:
                queue = Queue(running, recordings)
                await _run(rig_, receiver, Sides(), 20, rate, None)  # everything is warm
                await queue.fill()
                with freezer(await _engine(running)) as engine:
                    for _ in range(runs):
                        since, before = time.monotonic(), await running.metric(STOOD)
                        await _run(rig_, receiver, sides, calls, rate, engine)
                        stood_s = await running.metric(STOOD) - before
                        sides.stood.append(stood_s / (time.monotonic() - since))
                        sides.waiting.append(await queue.waiting())
                        print(_last(sides), flush=True)
    return sides


async def _recordings(rig_: Rig, folder: Path) -> list[str]:
    """Finished ones, as if they had been made before."""
    sound = joined(Path(rig_["RIG_PROMPTS"]), folder / "sound.wav", LONG_S).read_bytes()
    made = [str(uuid.uuid4()) for _ in range(MANY)]
    for each in made:
        file = folder / "recordings" / layout.key(f"{each}.wav")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(sound)
    async with open_store(f"sqlite:///{folder}/recordbridge.db", worker="rb-1") as store:
        rows = [
            RecordingRow(
                *(each, "before", ACCOUNT, "", "plain", "ready", "wav"), channels=1, caller="",
                dialled="", added_at=1, start_ms=1, end_ms=1, duration_ms=LONG_S * 1000,
                size=len(sound), digest="0",
            )
            for each in made
        ]  # fmt: skip
        await store.commit(Unit(recordings=tuple(rows)))
    return made


def _flow(action: str) -> str:
    attributes = 'maxLength="20" playBeep="false" fileFormat="wav" finishOnKey="#"'
    return f'<Response><Record {attributes} action="{action}" redirect="false"/></Response>'


async def _engine(running: Service) -> int:
    """The process of the engine, once it runs: a child of the service."""
    while True:
        children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children")
        for pid in children.read_text().split():
            if b"whisper_process" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return int(pid)
        await asyncio.sleep(0.1)


class Turns:
    """Holds the engine and lets it run in turns, and remembers when."""

    def __init__(self, engine: Frozen | None) -> None:
        self._engine = engine
        self._turns: list[tuple[int, bool]] = []
        self._clock = SystemClock()

    async def run(self) -> None:
        """Until it is cancelled; then the engine runs."""
        try:
            for runs in itertools.cycle((True, False)):
                self._set(runs=runs)
                await asyncio.sleep(TURN_S)
        finally:
            self._set(runs=True)

    def _set(self, *, runs: bool) -> None:
        if self._engine is not None:
            self._engine.set(runs=runs)
        self._turns.append((self._clock(), runs))

    def at(self, since: int, until: int) -> bool | None:
        """Whether it ran all that time; None when it changed, or had just done so."""
        before = [each for each in self._turns if each[0] <= since - EDGE_MS]
        if not before or any(since - EDGE_MS < at <= until for at, _ in self._turns):
            return None
        return before[-1][1]


async def _run(
    rig_: Rig, receiver: Receiver, sides: Sides, calls: int, rate: float, engine: Frozen | None
) -> None:
    """Calls that speak for a second and press the key."""
    seen, turns = len(receiver.requests), Turns(engine)
    task = asyncio.create_task(turns.run())
    try:
        async with observing(rig_) as observed:
            placed = rig_.place(NUMBER, calls, rate, "--as", "dtmf", "--set", "RIG_TALK_S=1")
            sides.failed += await asyncio.to_thread(unanswered, placed)
            await asyncio.sleep(SETTLE_S)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    told = {each.params["CallUUID"]: each.at for each in receiver.requests[seen:]}
    begun = [
        (at, observed.started[name])
        for channel, at in observed.entered.items()
        if (name := _name(channel)) in observed.started
    ]
    pressed = [
        (at, told[call])
        for channel, at in observed.keyed.items()
        if (call := ids.call_uuid("pbx", channel)) in told
    ]
    sides.failed += abs(calls - len(begun)) + abs(calls - len(pressed))
    for kind, spans in zip(KINDS, (begun, pressed), strict=True):
        for side, runs in ((sides.alone, False), (sides.beside, True)):
            values = [until - since for since, until in spans if turns.at(since, until) is runs]
            side.count[kind] += len(values)
            if len(values) > 1:
                side.p99[kind].append(statistics.quantiles(values, n=100, method="inclusive")[98])


def _name(channel: str) -> str:
    return f"rb-{ids.call_uuid('pbx', channel).replace('-', '')}-rec1"


def _last(sides: Sides) -> str:
    """The latest run."""
    told = (
        f"{name}: " + ", ".join(f"{kind} p99 {side.p99[kind][-1]:.0f} ms" for kind in KINDS)
        for name, side in (("alone", sides.alone), ("beside", sides.beside))
    )
    return f"{'; '.join(told)}; stood still {sides.stood[-1]:.0%}"


def table(sides: Sides, calls: int, rate: float) -> str:
    """The result as Markdown."""
    lines = [
        (
            f"{calls} calls a run at {rate:g} per second; beside them {MANY} recordings of"
            f" {LONG_S} s were transcribed, of which {min(sides.waiting)} were not done at the end."
            f" For calls the engine stood still in {statistics.mean(sides.stood):.0%} of the time."
            f" {sides.failed} calls failed. Times are p99 in ms."
        ),
        "",
        "| | alone: runs | median | beside: runs | median | allowed | |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for kind in KINDS:
        alone, beside = sides.alone.p99[kind], sides.beside.p99[kind]
        good = statistics.median(beside) <= sides.allowed(kind)
        lines.append(
            f"| {kind} ({sides.alone.count[kind]}, {sides.beside.count[kind]}) |"
            f" {_runs(alone)} | {statistics.median(alone):.1f} | {_runs(beside)} |"
            f" {statistics.median(beside):.1f} | {sides.allowed(kind):.1f} |"
            f" {'ok' if good else 'FAIL'} |"
        )
    return "\n".join(lines)


def _runs(values: Sequence[float]) -> str:
    return ", ".join(f"{each:.0f}" for each in values)
