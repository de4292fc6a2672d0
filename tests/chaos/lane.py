"""A lane: an Asterisk with its carrier, a service, its application, its database, its calls."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from itertools import count, cycle
from pathlib import Path
from typing import Any, ClassVar, Self

import aiohttp

from recordbridge.instant import Instant
from tests import postgres
from tests.chaos.cable import FaultyCable
from tests.chaos.caller import Caller, Entry, clock
from tests.chaos.ledger import Journal, Result, again, complete, judged, urls
from tests.chaos.parts import ApplicationProcess, ServiceProcess
from tests.chaos.scenes import Scene, scenes
from tests.objectstore import ObjectStore
from tests.receiver import Receiver
from tests.rigged.disk import SmallDisk
from tests.service import service as services
from tests.service.carrier import Carrier, Event
from tests.service.keys import GoneError
from tests.service.program import free_port

GAP_S = 0.3
SCHEDULE_S = [1, 1, 2, 2, 4, 4, 8, 8, 16, 16]
_numbers = count(15_550_000_001)


class Lane:
    """Its calls go on while `faults` does what it likes to its parts (`tests.chaos.lanes`)."""

    faults: ClassVar[tuple[str, ...]] = ()
    """What is done to it beside killing the service."""
    before_number = ""
    explained: ClassVar[frozenset[str]] = frozenset()
    """Lines of the log that are no sign of a mistake there."""

    def __init__(self, rig: Mapping[str, str], folder: Path, seed: int) -> None:
        self.rig = rig
        self.random = random.Random(seed)
        self.entries: list[Entry] = []
        self.done: Counter[str] = Counter()
        """How often each fault has happened."""
        self.kills: Counter[str] = Counter()
        """How the service was killed."""
        self.deaths: list[tuple[Instant, str]] = []
        """What was killed when: a repeated request is put down to it."""
        self.outages: list[tuple[Instant, Instant]] = []
        self.calling = True
        self.patience_s = 0.0
        self.reachable = asyncio.Event()
        """There is an Asterisk to call."""
        self.reachable.set()
        self.disks: dict[str, SmallDisk] = {}
        self.postgres: postgres.Server | None = None
        self.database = ""
        """Its name there."""
        self.store: ObjectStore | None = None
        self.services: list[ServiceProcess] = []
        self.application: ApplicationProcess
        self.cable: FaultyCable
        self._folder = folder
        self._stack = AsyncExitStack()
        self._carrier: Carrier
        self._journal: Journal
        self._calls: dict[str, Caller] = {}
        self._uuids: dict[str, asyncio.Future[str]] = {}

    # -- its parts

    async def open(self, control: str = "") -> Self:
        """Start everything; the service is ready then."""
        folder, port = self._folder, free_port()
        (folder / "documents").mkdir(parents=True)
        there = Receiver(port=port)
        self._scenes = scenes(services.numbers(), there.url(""))
        self._callbacks = {s.number: there.url(f"/{s.number}/callback1") for s in self._scenes}
        for scene in self._scenes:
            for name, text in scene.documents.items():
                (folder / "documents" / f"+{scene.number}+{name}").write_text(text)
        self.application = ApplicationProcess(folder, port)
        self._journal = Journal(self.application.journal)
        self._stack.callback(self.application.kill)
        await self.application.start()
        self.cable = await self._stack.enter_async_context(
            FaultyCable(self.rig["RECORDBRIDGE_ASTERISK_URL"])
        )
        for where, settings in self._workers(self._settings(there)):
            service = ServiceProcess(where, settings, control)
            await service.open()
            self._stack.push_async_callback(service.stop)
            self.services.append(service)
        self._carrier = await self._stack.enter_async_context(Carrier(self.rig))
        self._carrier.arrived = self._arrived
        for service in self.services:
            await service.start()
            await service.ready()
        return self

    @property
    def service(self) -> ServiceProcess:
        return self.services[0]

    def _settings(self, there: Receiver) -> dict[str, Any]:
        settings = services.settings(self.rig, self._folder, there)
        settings["asterisk"][0]["url"] = self.cable.url
        settings["webhooks"]["schedule_s"] = SCHEDULE_S
        settings["log"]["level"] = "info"
        self._equip(settings, self._stack)
        return settings

    def _equip(self, settings: dict[str, Any], stack: ExitStack | AsyncExitStack) -> None:
        """With a database and a storage; SQLite and a folder, if nothing else is said."""

    def _workers(self, settings: dict[str, Any]) -> list[tuple[Path, dict[str, Any]]]:
        """The folder and the configuration of each service."""
        return [(self._folder, settings)]

    async def close(self) -> None:
        """End everything that was started."""
        await self._stack.aclose()

    # -- calls

    async def call(self, calls: int, only: str = "") -> None:
        """So many callers at once, one scene after the other, until `calling` is over."""
        turns = cycle([each for each in self._scenes if only in f"{each.mode} {each.name}"])
        async with asyncio.TaskGroup() as group:
            for nth in range(calls):
                group.create_task(self._callers(turns, nth * GAP_S))

    async def _callers(self, turns: Iterator[Scene], after_s: float) -> None:
        await asyncio.sleep(after_s)
        while self.calling:
            await self.reachable.wait()
            await self._one(next(turns))

    async def _one(self, scene: Scene) -> None:
        entry = Entry(scene, str(next(_numbers)))
        self.entries.append(entry)
        callback = self._callbacks[scene.number]
        dialled = self.before_number + scene.number
        caller = self._calls[entry.caller] = Caller(
            self._carrier, dialled, self.service.url, callback, entry
        )
        caller.patience_s = self.patience_s
        told = self._uuids[entry.caller] = asyncio.get_running_loop().create_future()
        try:
            await caller.live(told)
        except AssertionError:  # the carrier places no call to one that has just died
            if caller.call is not None or self.reachable.is_set():
                raise
            self.entries = [each for each in self.entries if each is not entry]

    def _arrived(self, event: Event) -> None:
        """A channel that is no caller's: a phone is dialled."""
        channel = event.get("channel", {"name": ""})
        if event["type"] == "ChannelCreated" and channel["name"].startswith("PJSIP/"):
            caller = self._calls.get(channel["caller"]["number"])
            if caller is not None:
                caller.entry.rang += 1

    async def watch(self) -> None:
        """Take in what the application is told; until cancelled."""
        while True:
            self._journal.look()
            for caller, told in list(self._uuids.items()):
                if not told.done() and (uuid := self._journal.call_uuid(caller)):
                    told.set_result(uuid)
            await asyncio.sleep(0.1)

    def touch(self, fault: str, *, count: bool = True) -> None:
        """Note what happens to the calls that are there, or of which not all is told."""
        self.done[fault] += count
        for entry in self.entries:
            if not entry.over or not complete(entry, self._journal.of[entry.caller]):
                entry.touched.add(fault)

    @contextmanager
    def outage(self) -> Iterator[None]:
        """The service can do nothing meanwhile."""
        began = clock()
        yield
        self.outages.append((began, clock()))

    def dies(self, what: str) -> None:
        """It is being killed."""
        self.deaths.append((clock(), what))

    def now(self) -> float:
        """Seconds."""
        return asyncio.get_running_loop().time()

    async def pbx_died(self) -> None:
        """Asterisk is dead: so are the calls that are there, and recordings not told of yet."""
        now = clock()
        for entry in self.entries:
            if not entry.over or not complete(entry, self._journal.of[entry.caller]):
                entry.pbx_died_at = entry.pbx_died_at or now
        for channel in json.loads(await self._carrier.ask("GET", "channels")):
            with suppress(GoneError):  # it has ended by itself
                await self._carrier.ask("DELETE", f"channels/{channel['id']}")

    # -- the end

    async def settle(self, seconds: float) -> None:
        """Until all that is awaited is there, or the time is up."""
        try:
            async with asyncio.timeout(seconds):
                while any(not complete(e, self._journal.of[e.caller]) for e in self.entries):
                    await asyncio.sleep(0.5)
        except TimeoutError:
            return

    async def judge(self, pool: ProcessPoolExecutor) -> Result:
        """All calls."""
        self._journal.look()
        result = Result()
        loop = asyncio.get_running_loop()
        async with aiohttp.ClientSession() as http:
            for entry in self.entries:
                entry.outages = self.outages
                told = dict(self._journal.of[entry.caller])
                files = {url: await _fetch(http, url) for url in urls(told)}
                kept = self._folder / "breaches"
                result.add(await loop.run_in_executor(pool, judged, entry, told, files, kept))
                result.again += again(told, self.deaths)
        result.broke += [line for each in self.services for line in each.broke(self.explained)]
        return result


async def _fetch(http: aiohttp.ClientSession, url: str) -> bytes:
    async with http.get(url) as reply:
        return await reply.read() if reply.status == 200 else b""
