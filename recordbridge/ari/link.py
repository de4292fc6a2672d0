"""`AriPbx`: one configured Asterisk as the engine sees it, kept connected for ever.

A supervised loop: ask for the version and the clock, open the socket, set the event filter, let
the engine reconcile, be connected; then again after a pause that grows from 0.1 to 10 s. Only a
socket of somebody else's under our application name ends it: two that take the name from each
other would never stop (trap 18).
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import msgspec
import structlog
from msgspec.structs import replace
from websockets.exceptions import WebSocketException

from recordbridge import instant
from recordbridge.ari import commands, dialling, events, lookup, moving, trouble
from recordbridge.ari.command import Command
from recordbridge.ari.facts import Routed, Translator
from recordbridge.ari.keys import KeysInFlight
from recordbridge.ari.recordings import StoredRecordings
from recordbridge.ari.rest import RestClient
from recordbridge.ari.session import ReplacedError, Session
from recordbridge.ari.skew import measure_offset
from recordbridge.ari.socket import EventSocket
from recordbridge.ari.survey import survey
from recordbridge.ari.version import loses_other_streams, takes_commands_on_socket, too_old
from recordbridge.errors import (
    PbxError,
    PbxRefusedError,
    PbxUnavailableError,
    StorageError,
)
from recordbridge.machine import intents
from recordbridge.machine.facts import CallEntered, CommandRefused, Fact, KeysSent, PbxSeen
from recordbridge.ports.pbx import Belongings, FactSink, Offers, Survey

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 10.0

_FILTER = msgspec.json.encode({"allowed": [{"type": each} for each in events.USED]})


class _System(msgspec.Struct):
    version: str = ""


class _Status(msgspec.Struct):
    startup_time: str = ""


class _Info(msgspec.Struct):
    system: _System = msgspec.field(default_factory=_System)
    status: _Status = msgspec.field(default_factory=_Status)


class AriPbx:
    """Implements `ports.pbx.Pbx`. Nothing happens before `run` is awaited in a task.

    `sink` takes the facts. `on_up` is awaited at each connection, with events flowing and
    commands possible: the engine reconciles in it; when it returns, the link is `connected`.
    If it raises PbxError or StorageError the connection is given up and made anew. `offers` decides
    about calls that are offered to several workers; without it none is claimed. `on_down` gets the
    reason, whether `on_up` had returned or not.
    `recordings` is Asterisk's recording folder when it is shared with us. `commands` chooses how
    commands travel: `auto` uses the socket where Asterisk takes them there.
    """

    def __init__(
        self,
        name: str,
        url: str,
        username: str,
        password: str,
        app: str,
        *,
        recordings: Path | None,
        clock: instant.Clock,
        sink: FactSink,
        on_up: Callable[[], Awaitable[None]],
        on_down: Callable[[str], None],
        log: structlog.typing.FilteringBoundLogger,
        commands: Literal["auto", "http", "websocket"] = "auto",
        tls: ssl.SSLContext | None = None,
        offers: Offers | None = None,
    ) -> None:
        self.name = name
        self._offers = offers
        self.version = ""
        self.standby = False
        self._place = trouble.Place(url, username, app)
        self._password = password
        self._clock = clock
        self._sink = sink
        self._on_up, self._on_down = on_up, on_down
        self._log = log.bind(asterisk=name)
        self._commands = commands
        self._tls = tls
        self._translator = Translator(name)
        self._rest = RestClient(url, username, password, tls)
        self._recordings = StoredRecordings(self._rest, recordings, self._strange_folder)
        self._session: Session | None = None
        self._unsettled: list[Command] = []
        self._playing: dict[str, str] = {}
        self.events_seen: Counter[str] = Counter()
        self._keys = KeysInFlight(sink)
        self._connected = False
        self._met = False
        self._told = False

    @property
    def connected(self) -> bool:
        """See `ports.pbx.Pbx.connected`."""
        return self._connected

    @property
    def app(self) -> str:
        """Our application there."""
        return self._place.app

    @property
    def clock_offset_ms(self) -> int:
        """How far Asterisk's clock is ahead of ours, as last measured."""
        return self._translator.offset_ms

    def use_password(self, password: str) -> None:
        """Asterisk has, or gets, another one: for new requests, and when we connect again."""
        self._password = password
        self._rest.use_password(self._place.username, password)

    async def run(self) -> None:
        """Connect and stay connected until cancelled; returns only to stand by."""
        pause = FIRST_PAUSE_S
        async with self._rest, contextlib.AsyncExitStack() as stack:
            stack.callback(self._keys.close)
            while True:
                if await self._spell():
                    pause = FIRST_PAUSE_S
                if self.standby:
                    return
                await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - jitter only
                pause = min(pause * 2, LONGEST_PAUSE_S)

    def perform(self, intent: intents.Pbx) -> None:
        """See `ports.pbx.Pbx.perform`; while not connected the command is refused, not kept."""
        command = commands.command_for(intent, self._place.app)
        if isinstance(intent, intents.HangUp):
            self._translator.hangs_up(intent.channel_id, dialling.CAUSES.get(intent.reason, 0))
        elif isinstance(intent, intents.EndLeg):
            self._translator.legs.hangs_up(intent.leg_id)
        elif isinstance(intent, intents.Follow) and intent.target:
            call = self._translator.call_uuid(intent.channel_id)
            self._translator.follows(intent.target, call)
        if self._session is not None:
            self._session.send(command)
            return
        call = self._translator.call_uuid(command.channel_id)
        self._soon(
            call, CommandRefused(command.object_id, command.name, "not connected", unsent=True)
        )
        if command.lasts_ms:
            self._soon(call, KeysSent(command.object_id))

    def adopt(self, call_uuid: str, channel_id: str, former: list[str], legs: list[str]) -> None:
        """See `ports.pbx.Pbx.adopt`."""
        self._translator.adopt(call_uuid, channel_id, former, legs)

    async def survey(self) -> Survey:
        """See `ports.pbx.Pbx.survey`."""
        return await survey(self._rest, self._place.app, self._recordings)

    async def look(
        self, channel_id: str, survey: Survey, *, captures: list[str], playbacks: list[str]
    ) -> PbxSeen:
        """See `ports.pbx.Pbx.look`."""
        call, standins = self._translator.call_uuid(channel_id), self._translator.standins
        of = standins.with_legs(call, survey.belongings.get(call) or Belongings(), survey.channels)
        stranger = standins.unheard(call, channel_id, survey, of)
        if stranger:
            of = standins.with_legs(call, of, survey.channels)
        main = stranger if standins.caller(stranger) == call else channel_id
        found = await lookup.look(self._rest, main, survey, of, captures, playbacks, self._clock)
        one_stream = self._translator.one_stream
        seen = replace(found.seen, one_stream=one_stream, stranger=stranger)
        self._playing.update(found.playing)
        for fact in found.progress:
            self._soon(call, fact)
        return seen

    async def bring_in(self, channels: list[str], others: list[str], bridges: list[str]) -> None:
        """See `ports.pbx.Pbx.bring_in`."""
        await moving.bring_in(self._rest, self._place.app, channels, others, bridges)

    async def send_on(self, channel_id: str, app: str, args: Mapping[str, str]) -> None:
        """See `ports.pbx.Pbx.send_on`."""
        await moving.send_on(self._rest, channel_id, app, args)

    async def in_application(self, app: str) -> list[str]:
        """See `ports.pbx.Pbx.in_application`."""
        found = await moving.in_application(self._rest, app)
        return [each for each in found if self._translator.is_main_id(each)]

    async def find(self, call: str) -> CallEntered | None:
        """See `ports.pbx.Pbx.find`."""
        if not self._connected:
            raise PbxUnavailableError(f"Asterisk {self.name} is not connected")
        return await lookup.find(self._rest, self._translator, call)

    def _soon(self, call: str, fact: Fact) -> None:
        """The sink is never re-entered; and what `look` found is told after what it returns."""
        asyncio.get_running_loop().call_soon(self._sink, call, fact)

    async def calls_present(self, survey: Survey) -> list[Routed]:
        """See `ports.pbx.Pbx.calls_present`."""
        return await lookup.calls_present(self._rest, survey, self._translator, self._clock())

    async def ping(self) -> None:
        """Raises PbxError when Asterisk does not answer."""
        await self._rest.request("GET", "asterisk/ping")

    def recording_file(self, name: str) -> Path | None:
        """See `ports.pbx.Pbx.recording_file`."""
        return self._recordings.shared(name)

    async def fetch_recording(self, name: str, into: Path) -> Path:
        """See `ports.pbx.Pbx.fetch_recording`."""
        return await self._recordings.fetch(name, into)

    def _strange_folder(self, folder: Path) -> None:
        self._log.error(
            "recordings_folder_unusable",
            reason=f"{folder} (asterisk[].recordings) does not hold what Asterisk records: mount"
            " Asterisk's recording folder there, or leave the key out; files come over ARI",
        )

    async def delete_recordings(self, names: list[str]) -> None:
        """See `ports.pbx.Pbx.delete_recordings`."""
        session = self._session
        await self._recordings.delete_all(names, None if session is None else session.ask)

    async def _spell(self) -> bool:
        """One attempt and, if it succeeds, one connection; tells whether it was up."""
        was_up = False
        try:
            socket = await self._open()
            try:
                await self._serve(socket)
            finally:
                was_up = self._connected
                self._end()
        except* (PbxError, StorageError, OSError, TimeoutError, WebSocketException) as failed:
            self._disconnected(_first(failed))
        return was_up

    async def _open(self) -> EventSocket:
        body = await self._rest.request("GET", "asterisk/info?only=system,status")
        info = msgspec.json.decode(body, type=_Info)
        self.version = info.system.version
        if started := info.status.startup_time:
            self._translator.up_since = instant.from_asterisk(started)
        if too_old(self.version):
            raise PbxRefusedError(f"Asterisk {self.version} is too old: 16.3 is the oldest", 501)
        self._translator.one_stream = loses_other_streams(self.version)
        self._translator.offset_ms = await measure_offset(self._rest, self._clock)
        url, username, app = self._place
        return await EventSocket.open(url, username, self._password, app, self._tls)

    async def _serve(self, socket: EventSocket) -> None:
        on_socket = self._commands == "websocket" or (
            self._commands == "auto" and takes_commands_on_socket(self.version)
        )
        self._session = Session(
            socket,
            self._rest,
            self._translator,
            on_socket=on_socket,
            playing=self._playing,
            seen=self.events_seen,
            keys=self._keys,
            clock=self._clock,
            sink=self._sink,
            log=self._log,
            app=self._place.app,
            offers=None if self._offers is None else _WhileUp(self, self._offers),
        )
        await self._session.run(self._up)

    async def _up(self) -> None:
        app = quote(self._place.app, safe="")
        await self._rest.request("PUT", f"applications/{app}/eventFilter", json=_FILTER)
        assert self._session is not None
        unsettled, self._unsettled = self._unsettled, []
        self._session.resume(unsettled)
        self._met = True
        await self._on_up()
        self._connected, self._told = True, False
        self._log.info(
            "ari_connected", version=self.version, clock_offset_ms=self._translator.offset_ms
        )

    def _end(self) -> None:
        if self._session is not None:
            self._unsettled += self._session.unsettled
        self._session, self._connected = None, False

    def _disconnected(self, error: BaseException) -> None:
        self.standby = isinstance(error, ReplacedError)
        reason = str(error) if self.standby else trouble.sentence(error, self._place)
        log = self._log.debug if self._told else self._log.warning
        log("ari_disconnected", reason=reason, standby=self.standby)
        self._told = True
        met, self._met = self._met, False
        if met or self.standby:
            self._on_down(reason)


class _WhileUp:
    """No call is claimed before what was there is reconciled."""

    def __init__(self, link: AriPbx, offers: Offers) -> None:
        self._link, self._offers = link, offers
        self.lost = offers.lost

    def wanted(self, channel_id: str) -> bool:
        return self._link.connected and self._offers.wanted(channel_id)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The failure that ended the spell; taking the name away outweighs what it caused."""
    leaves = [
        _first(each) if isinstance(each, BaseExceptionGroup) else each for each in group.exceptions
    ]
    return next((each for each in leaves if isinstance(each, ReplacedError)), leaves[0])
