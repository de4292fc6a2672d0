"""The fake Asterisk: its state, its events, and what a test may do to it."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Self

from recordbridge.instant import SystemClock
from tests.fakeari.bridge import Bridge, Tones
from tests.fakeari.call import FakeCall
from tests.fakeari.channels import Channel, MainChannel, Playback
from tests.fakeari.faults import Faults
from tests.fakeari.leg import FakeCallee, Leg
from tests.fakeari.rest import Requests
from tests.fakeari.server import EventsTo, Server
from tests.fakeari.sound import Script
from tests.fakeari.tape import Tape

ZONE = dt.timezone(dt.timedelta(hours=-6))
MODULES = (
    "app_stasis.so",
    "format_wav.so",
    "bridge_holding.so",
    "bridge_simple.so",
    "func_callerid.so",
    "func_talkdetect.so",
    "res_ari_applications.so",
    "res_ari_asterisk.so",
    "res_ari_bridges.so",
    "res_ari_channels.so",
    "res_ari_events.so",
    "res_ari_playbacks.so",
    "res_ari_recordings.so",
    "res_curl.so",
    "res_http_media_cache.so",
    "res_stasis_playback.so",
    "res_stasis_recording.so",
    "res_stasis_snoop.so",
)


class FakeAsterisk:
    """Use as an async context manager; `recordings` is where its WAV files go.

    `skew_ms` puts its clock ahead of ours. `rest_on_socket=False` with an old `version` is an
    Asterisk that takes commands over HTTP only.
    """

    username = "recordbridge"
    password = "secret"
    entity = "02:00:00:00:00:01"

    def __init__(
        self, recordings: Path, *, version: str = "22.10.1", rest_on_socket: bool = True
    ) -> None:
        self.recordings = recordings
        self.version = version
        self.rest_on_socket = rest_on_socket
        self.modules: tuple[str, ...] = MODULES
        self.skew_ms = 0
        self.faults = Faults()
        self.requests: list[str] = []
        self.configuration: dict[str, str] = {}
        """By `file,section,name`, as AST_CONFIG is asked."""
        self.channels: dict[str, Channel] = {}
        self.entering: dict[str, Channel] = {}
        self.bridges: dict[str, Bridge] = {}
        self.answer_after_s = 0.5
        self.tapes: dict[str, Tape] = {}
        self.playbacks: dict[str, Playback | Tones] = {}
        self.subscribed: set[str] = set()
        self.sockets: dict[str, EventsTo] = {}
        self.allowed: set[str] = set()
        self._handled = Requests(self)
        self._server = Server(self)
        self._tasks: dict[object, asyncio.Task[None]] = {}
        self._count = 0
        self._clock = SystemClock()
        self.started = self.stamp()

    async def __aenter__(self) -> Self:
        self.recordings.mkdir(parents=True, exist_ok=True)
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.crash()

    @property
    def url(self) -> str:
        """What goes into the YAML file."""
        return self._server.url

    async def call(
        self,
        dialled: str = "100",
        *,
        talk_s: float = 3.0,
        then: str = "silence",
        caller: str = "15551230001",
        audio: Script | None = None,
        app: str = "recordbridge",
        args: tuple[str, ...] = (),
        headers: dict[str, str] | None = None,
    ) -> FakeCall:
        """A call that enters Stasis; the caller says `audio`, or talks and is then quiet."""
        self._count += 1
        channel_id = f"pbx-{self._clock() // 1000}.{self._count}"
        channel = MainChannel(self, channel_id, app, caller=caller, dialled=dialled)
        channel.audio = audio if audio is not None else (("talk", talk_s), (then, 1e9))
        channel.args = list(args)
        channel.headers = headers or {}
        if app not in self.sockets:
            raise ConnectionError(f"Stasis({app}) would fail: nobody is connected")
        channel.enter()
        return FakeCall(channel)

    async def callee(self) -> FakeCallee:
        """The phone that is rung or connected, as soon as there is one and only one."""
        async with asyncio.timeout(8):
            while len(called := self._called()) != 1:
                await asyncio.sleep(0.01)
        return FakeCallee(called[0])

    async def cut(self, *, clean: bool = False) -> None:
        """End the event sockets; channels and recordings go on."""
        for socket in list(self.sockets.values()):
            await socket.end(clean=clean)

    async def crash(self) -> None:
        """Die: everything that was live is gone, WAV files stay as they are."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for state in (self._tasks, self.channels, self.entering, self.tapes):
            state.clear()
        for objects in (self.playbacks, self.bridges):
            objects.clear()
        self.subscribed.clear()
        await self._server.stop()

    async def restart(self) -> None:
        """Come back at the same address after a `crash`."""
        await self._server.start()

    def _called(self) -> list[Leg]:
        legs = (each for each in self.channels.values() if isinstance(each, Leg))
        return [each for each in legs if each.dialled_at_all]

    # -- what the parts of the fake use

    def seconds(self) -> float:
        """Its wall clock, seconds since the epoch."""
        return (self._clock() + self.skew_ms) / 1000

    def stamp(self) -> str:
        """Asterisk's form of the time, without a colon in the offset."""
        now = dt.datetime.fromtimestamp(self.seconds(), tz=ZONE)
        return now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}-0600"

    def emit(self, kind: str, **fields: object) -> None:
        """Send an event to the application of its channel, if the filter lets it pass."""
        subject = (
            fields.get("channel")
            or fields.get("peer")
            or fields.get("playback")
            or fields.get("recording")
        )
        app = self._app_of(subject)
        socket = self.sockets.get(app)
        if socket is None or (self.allowed and kind not in self.allowed):
            return
        if self.faults.drops(kind):
            return
        told = {
            key: value.described()
            if isinstance(value, Channel | Playback | Tape | Tones)
            else value
            for key, value in fields.items()
        }
        socket.send(
            {"type": kind, "timestamp": self.stamp(), "application": app}
            | told
            | {"asterisk_id": self.entity}
        )

    async def request(
        self, method: str, path: str, query: dict[str, str], body: object
    ) -> tuple[int, object]:
        """Carry a request out, unless a fault says otherwise."""
        self.requests.append(f"{method} {path}")
        refused = await self.faults.before(f"{method} {path}")
        return refused or await self._handled.handle(method, path, query, body)

    def roll(self, tape: Tape) -> None:
        """Start the recording; it has left the list of live ones when its end is told."""
        self._start(tape, self._rolling(tape))

    def tape_ended(self, tape: Tape) -> asyncio.Task[None] | None:
        """The task that ends with the recording's last event."""
        return self._tasks.get(tape)

    def after(self, task: asyncio.Task[None] | None, then: Callable[[], None]) -> None:
        """Do it when the task is done."""
        if task is None or task.done():
            then()
        else:
            task.add_done_callback(lambda _: then())

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        self._start(object(), work)

    def later(self, act: Callable[[], None]) -> None:
        """After the answer to the request that caused it, as Asterisk mostly does."""
        asyncio.get_running_loop().call_later(0.0005, act)

    def playbacks_end(self, channel: MainChannel) -> None:
        for playback in [
            each
            for each in self.playbacks.values()
            if isinstance(each, Playback) and each.channel is channel
        ]:
            playback.fail()

    def playing_on(self, channel: MainChannel) -> bool:
        return any(
            isinstance(each, Playback) and each.channel is channel and each.state == "playing"
            for each in self.playbacks.values()
        )

    async def _rolling(self, tape: Tape) -> None:
        await asyncio.sleep(0.0005)
        await tape.run(lambda: self.emit("RecordingStarted", recording=tape))
        self.emit("RecordingFinished", recording=tape)
        self.tapes.pop(tape.name, None)

    def _start(self, key: object, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks[key] = task
        task.add_done_callback(lambda _: self._tasks.pop(key, None))

    def _app_of(self, subject: object) -> str:
        if isinstance(subject, Channel):
            return subject.app
        if isinstance(subject, Playback):
            return subject.channel.app
        if isinstance(subject, Tones):
            return subject.app
        snoop = self.channels.get(subject.snoop) if isinstance(subject, Tape) else None
        return snoop.app if snoop is not None else ""
