"""One connected spell with an Asterisk: from the open socket to its end.

Reads events and hands their facts to the sink in order; sends commands, by socket or HTTP, and
settles those that were refused or whose outcome is unknown. A spell ends by raising PbxError
with the reason; what it could not settle is in `unsettled` for the next one.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine

import structlog
from msgspec.structs import replace

from recordbridge import instant
from recordbridge.ari import dialling, events, headers
from recordbridge.ari.command import Command, part
from recordbridge.ari.dispatch import Dispatch, HttpDispatch, SocketDispatch
from recordbridge.ari.facts import Translator
from recordbridge.ari.keys import KeysInFlight
from recordbridge.ari.rest import Reply, RestClient
from recordbridge.ari.settling import Settler
from recordbridge.ari.skew import measure_offset
from recordbridge.ari.socket import EventSocket
from recordbridge.errors import PbxConflictError, PbxError, PbxUnavailableError
from recordbridge.machine.facts import CallEntered, CallLeft, Fact
from recordbridge.ports.pbx import FactSink, Offers

STALLED_S = 10
WATCH_S = 5
CLOCK_EVERY = 6
HEADERS_WAIT_S = 1.0
"""A call does not wait longer for its X-PH headers."""

REPLACED = (
    "another client connected under our application name: give every client a name of its own"
    " (asterisk[].app), then restart this one, which stands by"
)


CLAIMED = (404, 409)
"""Another worker was faster, or the offer is over."""


class ReplacedError(PbxConflictError):
    """Another socket took our application's name: stand by (trap 18)."""


class Session:
    """Lives for one connection. `run` returns never, it raises.

    `playing` is channel by playback, of all that we know to play, and `seen` counts events by
    type; both outlive the session.
    """

    def __init__(
        self,
        socket: EventSocket,
        rest: RestClient,
        translator: Translator,
        *,
        on_socket: bool,
        playing: dict[str, str],
        seen: Counter[str],
        keys: KeysInFlight,
        clock: instant.Clock,
        sink: FactSink,
        log: structlog.typing.FilteringBoundLogger,
        app: str = "",
        offers: Offers | None = None,
    ) -> None:
        self._socket, self._rest = socket, rest
        self._app, self._offers = app, offers
        self._translator = translator
        self._clock, self._sink, self._log = clock, sink, log
        self._group = asyncio.TaskGroup()
        self._playing, self._seen = playing, seen
        self._keys = keys
        self._settler = Settler(
            rest,
            translator,
            spawn=self._spawn,
            send=self.send,
            playing=playing,
            keys=keys,
            clock=clock,
            sink=sink,
            log=log,
        )
        self._http = HttpDispatch(rest, self._settler.settle)
        self._on_socket = SocketDispatch(socket, self._settler.settle) if on_socket else None
        self._dispatch: Dispatch = self._on_socket or self._http
        self._held: dict[str, list[Fact]] = {}
        self._replaced, self.unsettled = False, list[Command]()

    async def run(self, up: Callable[[], Awaitable[None]]) -> None:
        """Read until the socket ends; `up` runs beside it, while events already flow.

        Raises an ExceptionGroup: of PbxError with the reason, or of what should not happen.
        """
        try:
            async with self._group:
                self._group.create_task(self._read(), name="ari-reader")
                self._group.create_task(self._watch(), name="ari-watch")
                self._group.create_task(_awaited(up), name="ari-up")
        finally:
            self.unsettled += [*self._dispatch.close(), *self._http.close()]
            await self._socket.close()

    def send(self, command: Command) -> None:
        """Put the command on its way.

        One that waits for a channel's queue would hold up every other command on the socket
        until a playback on that channel has ended (measured), so then it goes by HTTP, where
        what would end its wait may overtake it.
        """
        if command.name == "BeginPlayback":
            self._playing[command.object_id] = command.target or command.channel_id
        elif command.lasts_ms:
            self._keys.begin(self._translator.call_uuid(command.channel_id), command)
        playing = self._playing.values() if command.waits_for else ()
        if not playing or not any(each in playing for each in command.waits_for):
            self._dispatch.send(command)
        elif self._on_socket is None:
            self._http.send(command, beside=True)
        else:
            self._spawn(self._detour(command, self._on_socket), "ari-detour")

    async def _detour(self, command: Command, socket: SocketDispatch) -> None:
        """By HTTP, but not before Asterisk took what went over the socket ahead of it."""
        sent = False
        try:
            await socket.ask("GET", "asterisk/ping")
            self._http.send(command, beside=True)
            sent = True
        finally:
            if not sent:
                self.unsettled.append(command)

    async def ask(self, method: str, uri: str) -> Reply:
        """A request that never blocks in Asterisk, the way commands go; raises as `exchange`."""
        if self._on_socket is None:
            return await self._rest.exchange(method, uri)
        return await self._on_socket.ask(method, uri)

    def resume(self, unsettled: list[Command]) -> None:
        """Settle what an earlier spell left open: repeat it, or look whether it happened."""
        for command in unsettled:
            if command.repeatable:
                self.send(command)
            else:
                self._settler.look_for(command)

    def _spawn(self, work: Coroutine[None, None, None], name: str) -> None:
        self._group.create_task(work, name=name)

    async def _read(self) -> None:
        reason = await self._socket.read(self._take)
        raise ReplacedError(REPLACED) if self._replaced else PbxUnavailableError(reason)

    def _take(self, message: bytes) -> None:
        try:
            event = events.decode(message)
        except ValueError as error:
            self._log.warning("ari_message_malformed", reason=str(error))
            return
        self._seen[type(event).__name__] += 1
        if isinstance(event, events.RESTResponse):
            if self._on_socket is not None:
                self._on_socket.answered(event)
        elif isinstance(event, events.ApplicationReplaced):
            self._replaced = True
            self._socket.abort()
        elif isinstance(event, events.CallBroadcast):
            self._offered(event.channel.id)
        elif isinstance(event, events.Unknown):
            if event.detail:
                self._log.warning("ari_event_not_understood", type=event.type, reason=event.detail)
        else:
            self._tell(event)

    def _offered(self, channel_id: str) -> None:
        """N-6: claim the channel while there is room; losing it to another worker is no news."""
        if self._offers is not None and self._offers.wanted(channel_id):
            self._spawn(self._claim(self._offers, channel_id), "ari-claim")

    async def _claim(self, offers: Offers, channel_id: str) -> None:
        uri = f"events/claim?channelId={part(channel_id)}&application={part(self._app)}"
        reply = await self.ask("POST", uri)
        if reply.status >= 400:
            offers.lost(channel_id)
            if reply.status not in CLAIMED:
                self._log.warning("claim_failed", channel=channel_id, status=reply.status)

    def _tell(self, event: events.Known) -> None:
        told = self._translator.facts(event)
        for call, fact in told:
            if isinstance(fact, CallEntered) and isinstance(event, events.StasisStart):
                self._enter(call, fact, event)
            else:
                self._give(call, fact)
        if not told and isinstance(event, events.StasisStart):
            for command in dialling.dial_leg(event):
                self.send(command)
        elif isinstance(event, events.PlaybackFinished):
            self._playing.pop(event.playback.id, None)
        elif isinstance(event, events.StasisEnd) and self._playing:
            self._forget_playbacks(event.channel.id)
        if isinstance(event, events.StasisStart) and event.replace_channel is not None:
            self._goes_on_playing(event.replace_channel.id, event.channel.id)
        if isinstance(event, events.StasisEnd) and told and isinstance(told[-1][1], CallLeft):
            self._settler.left(told[-1][0], event.channel.id)

    def _give(self, call: str, fact: Fact) -> None:
        held = self._held.get(call) if self._held else None
        if held is None:
            self._sink(call, fact)
        else:
            held.append(fact)

    def _enter(self, call: str, fact: CallEntered, event: events.StasisStart) -> None:
        """F-3: the entry is told with the headers that pass through; its facts wait for it."""
        names = headers.told_names(event.channel, event.args)
        if names == [] or call in self._held:
            self._give(call, fact)
            return
        self._held[call] = []
        self._spawn(self._tell_entry(call, fact, names), "ari-headers")

    async def _tell_entry(self, call: str, fact: CallEntered, names: list[str] | None) -> None:
        try:
            async with asyncio.timeout(HEADERS_WAIT_S):
                found = await headers.read(self.ask, fact.channel_id, names)
            fact = replace(fact, headers=found) if found else fact
        except (PbxError, TimeoutError) as error:
            self._log.warning("ari_headers_not_read", call_uuid=call, reason=str(error))
        finally:
            waited = self._held.pop(call)
            for each in (fact, *waited):
                self._sink(call, each)

    def _goes_on_playing(self, old_id: str, new_id: str) -> None:
        """What is played to a channel goes on with the one that took its place."""
        for playback in [key for key, each in self._playing.items() if each == old_id]:
            self._playing[playback] = new_id

    def _forget_playbacks(self, channel_id: str) -> None:
        for playback in [key for key, each in self._playing.items() if each == channel_id]:
            del self._playing[playback]

    async def _watch(self) -> None:
        """A socket that answers pings but no commands is dead too; clocks drift."""
        ticks = 0
        while True:
            await asyncio.sleep(WATCH_S)
            if self._on_socket is not None and self._on_socket.stalled_s() > STALLED_S:
                raise PbxUnavailableError(f"a command was not answered for {STALLED_S} s")
            ticks += 1
            if ticks % CLOCK_EVERY == 0:
                await self._follow_clock()

    async def _follow_clock(self) -> None:
        try:
            self._translator.offset_ms = await measure_offset(self._rest, self._clock)
        except PbxError as error:  # the last offset serves; the socket tells whether it lives
            self._log.warning("ari_clock_not_measured", reason=str(error))


async def _awaited(up: Callable[[], Awaitable[None]]) -> None:
    await up()
