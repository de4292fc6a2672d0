"""The far end of calls: callers on the rig's second Asterisk, driven through its ARI.

A caller follows a script of the carrier's dialplan by name, or steps (`tests.service.steps`).
Everything that happens is told by the carrier's own events, with the carrier's own instants.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, Self

import aiohttp

from recordbridge.instant import Instant, from_asterisk
from tests.service.audio import Sound, read_wav
from tests.service.keys import GoneError, press

Event = dict[str, Any]
_count = itertools.count(1)
PATIENCE_S = 40.0
RINGS_S = 240
"""How long a caller waits for an answer."""


class Ended(NamedTuple):
    """How a call ended, as its caller saw it: instant and Q.850 cause."""

    at: Instant
    cause: int


class Call:
    """A caller. `answered` and `ended` wait for it; steps use the rest."""

    def __init__(self, carrier: Carrier, channel_id: str, number: str) -> None:
        loop = asyncio.get_running_loop()
        self.id = channel_id
        self.number = number
        self.spoke_at: list[Instant] = []
        """When each stretch of the known signal began."""
        self.script: asyncio.Task[None] | None = None
        self.carrier = carrier
        self._answered: asyncio.Future[Instant] = loop.create_future()
        self._ended: asyncio.Future[Ended] = loop.create_future()
        self._name = ""
        self._keys = ""
        self._keyed = asyncio.Event()

    async def answered(self) -> Instant:
        """When the pbx answered."""
        async with asyncio.timeout(PATIENCE_S):
            return await asyncio.shield(self._answered)

    async def ended(self) -> Ended:
        """Until the call is over. What went wrong in its script is raised here."""
        async with asyncio.timeout(PATIENCE_S):
            ended = await asyncio.shield(self._ended)
        if self.script is not None:
            with suppress(asyncio.CancelledError):
                await self.script
        return ended

    @property
    def is_answered(self) -> bool:
        return self._answered.done() and not self._answered.cancelled()

    async def state(self) -> str:
        """What Asterisk calls it: `Down`, `Ringing`, `Up`."""
        channel = await self.carrier.ask("GET", f"channels/{self.id}")
        return str(json.loads(channel)["state"])

    @property
    def is_over(self) -> bool:
        return self._ended.done()

    async def hang_up(self) -> None:
        """Put the phone down."""
        with suppress(GoneError):
            await self.carrier.ask("DELETE", f"channels/{self.id}")

    async def keys(self, count: int) -> str:
        """The keys that came from the pbx, once there are that many."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self._keys) < count:
                self._keyed.clear()
                await self._keyed.wait()
        return self._keys

    async def press(self, key: str, down_ms: int = 100) -> None:
        """Press a key for that long, whatever is being played."""
        await press(self.carrier.facts, self._name, key, down_ms)
        await asyncio.sleep(down_ms / 1000)

    async def hold(self, *, on: bool = True) -> None:
        """A re-INVITE, as a phone's hold key sends it."""
        await self.carrier.ask("POST" if on else "DELETE", f"channels/{self.id}/hold")

    async def play(
        self, name: str, seconds: float, began_at: list[Instant], start_s: float = 0.0
    ) -> None:
        """Play a sound for that long, or to its end; when it began goes into the list."""
        playback = f"play-{next(_count)}-{self.id}"
        began, finished = (
            self.carrier.expect(kind, playback) for kind in ("PlaybackStarted", "PlaybackFinished")
        )
        query = {"media": f"sound:{name}", "offsetms": str(round(start_s * 1000))}
        await self.carrier.ask("POST", f"channels/{self.id}/play/{playback}", query)
        began_at.append(from_asterisk((await began)["timestamp"]))
        await asyncio.wait((finished,), timeout=seconds)
        if not finished.done():
            with suppress(GoneError):
                await self.carrier.ask("DELETE", f"playbacks/{playback}")
        await finished

    async def speak(self, seconds: float, start_s: float = 0.0) -> None:
        """Play the known signal of asterisk/rigging/markers.py."""
        await self.play(f"{self.carrier.sounds}/markers", seconds, self.spoke_at, start_s)

    async def silence(self, seconds: float) -> None:
        """Send silence, as a phone does."""
        await self.play(f"{self.carrier.sounds}/silence-60", seconds, [])

    async def volume(self, divisor: int) -> None:
        """Speak that many times more softly from now on."""
        query = {"variable": "VOLUME(TX)", "value": str(-divisor)}
        await self.carrier.ask("POST", f"channels/{self.id}/variable", query)

    async def followed(self) -> None:
        """Until it has done what it was told to do."""
        async with asyncio.timeout(PATIENCE_S):
            while self.script is None:
                await asyncio.sleep(0.02)
            await asyncio.shield(self.script)

    async def listen(self) -> Ear:
        """Begin to record what the caller hears."""
        name = f"ear-{next(_count)}-{self.id}"
        query = {"spy": "in", "app": self.carrier.app}
        entered = self.carrier.expect("StasisStart", name)
        await self.carrier.ask("POST", f"channels/{self.id}/snoop/{name}", query)
        await entered
        began = self.carrier.expect("RecordingStarted", name)
        await self.carrier.ask("POST", f"channels/{name}/record", {"name": name, "format": "wav"})
        return Ear(self.carrier, name, from_asterisk((await began)["timestamp"]))

    def take(self, event: Event) -> None:
        """Take in an event about this call's channel."""
        at = from_asterisk(event["timestamp"])
        self._name = event["channel"]["name"]
        if event["channel"]["state"] == "Up" and not self._answered.done():
            self._answered.set_result(at)
        if event["type"] == "ChannelDtmfReceived":
            self._keys += event["digit"]
            self._keyed.set()
        if event["type"] == "ChannelDestroyed":
            self._ended.set_result(Ended(at, event["cause"]))
            if not self._answered.done():
                self._answered.cancel()
            if self.script is not None:
                self.script.cancel()


class Ear(NamedTuple):
    """A recording of what a caller hears; it ends with `heard` or the call."""

    carrier: Carrier
    name: str
    began_at: Instant

    async def heard(self) -> Sound:
        """What was heard since `began_at`."""
        finished = self.carrier.expect("RecordingFinished", self.name)
        with suppress(GoneError):
            await self.carrier.ask("POST", f"recordings/live/{self.name}/stop")
            await asyncio.wait_for(finished, PATIENCE_S)
        data = await self.carrier.ask("GET", f"recordings/stored/{self.name}/file")
        await self.carrier.ask("DELETE", f"recordings/stored/{self.name}")
        return read_wav(data)


Step = Callable[[Call], Any]


class Carrier:
    """Places calls to the pbx and hears what becomes of them. Use as an async context manager."""

    def __init__(self, facts: Mapping[str, str]) -> None:
        self.facts = facts
        self.app = f"callers-{os.getpid()}-{next(_count)}"
        self.sounds = ""
        self.arrived: Callable[[Event], None] | None = None
        """Hears of channels that are not calls from here (`tests.service.callees`)."""
        self._url = facts["RIG_CARRIER_URL"] + "/ari/"
        self._calls: dict[str, Call] = {}
        self._steps: dict[str, Sequence[Step]] = {}
        self._expected: dict[tuple[str, str], asyncio.Future[Event]] = {}
        self._http: aiohttp.ClientSession
        self._reader: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        token = aiohttp.encode_basic_auth(
            self.facts["RIG_CARRIER_USER"], self.facts["RIG_CARRIER_PASSWORD"]
        )
        self._http = aiohttp.ClientSession(headers={"Authorization": token})
        socket = await self._http.ws_connect(
            f"{self._url}events?app={self.app}&subscribeAll=true", max_msg_size=0
        )
        self._reader = asyncio.create_task(self._read(socket))
        found = json.loads(await self.ask("GET", "asterisk/variable", {"variable": "RIG_SOUNDS"}))
        self.sounds = found["value"]
        return self

    async def __aexit__(self, *_: object) -> None:
        for call in list(self._calls.values()):
            if not call.is_over:
                await call.hang_up()
                await call.ended()
        self._reader.cancel()
        with suppress(asyncio.CancelledError):
            await self._reader
        await self._http.close()

    async def call(
        self,
        number: str,
        script: str | Sequence[Step] = "markers",
        *,
        caller: str = "15551230001",
        **variables: str,
    ) -> Call:
        """Dial a number of the pbx; from the answer on the caller follows the script."""
        channel_id = f"caller-{os.getpid()}-{next(_count)}"
        call = self._calls[channel_id] = Call(self, channel_id, number)
        query = {"endpoint": f"PJSIP/{number}@pbx", "callerId": caller, "formats": "ulaw"}
        query["timeout"] = str(RINGS_S)
        if isinstance(script, str):
            query |= {"context": "scripts", "extension": script, "priority": "1"}
        else:
            self._steps[channel_id] = script
            query |= {"app": self.app}
        try:
            await self.ask("POST", f"channels/{channel_id}", query, {"variables": variables})
        except AssertionError:  # there is no such call
            del self._calls[channel_id]
            raise
        return call

    def adopt(self, call: Call) -> None:
        """Hear the events of a call that came from the pbx."""
        self._calls[call.id] = call

    def expect(self, kind: str, object_id: str) -> asyncio.Future[Event]:
        """The event of that kind about that object; cancelled when its call ends before."""
        future: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        self._expected[kind, object_id] = future
        return future

    async def ask(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: object = None
    ) -> bytes:
        """A request to the carrier's ARI; GoneError for 404, or if the channel is just ending."""
        async with self._http.request(
            method, self._url + path, params=query, json=body
        ) as response:
            data = await response.read()
            if response.status == 404 or (response.status == 409 and LEFT in data):
                raise GoneError(path)
            assert response.status < 400, f"{method} {path}: {response.status} {data!r}"
            return data

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            self._take(json.loads(message.data))

    def _take(self, event: Event) -> None:
        channel = event.get("channel", {}).get("id", "")
        about = next(
            (str(event[kind][key]) for kind, key in _ABOUT if kind in event and key in event[kind]),
            channel,
        )
        expected = self._expected.pop((event["type"], about), None)
        if expected is not None and not expected.done():
            expected.set_result(event)
        if channel not in self._calls and self.arrived is not None:
            self.arrived(event)
        call = self._calls.get(channel)
        if call is None:
            return
        call.take(event)
        steps = self._steps.pop(channel, None) if event["type"] == "StasisStart" else None
        if steps is not None:
            call.script = asyncio.create_task(_follow(call, steps))


LEFT = b"not in Stasis application"
"""Every channel here is in ours until it is hung up."""
_ABOUT = (("playback", "id"), ("recording", "name"))


async def _follow(call: Call, steps: Sequence[Step]) -> None:
    """A call that is hung up ends its script."""
    with suppress(GoneError):
        for step in steps:
            await step(call)
