"""One connected spell with an Asterisk: from the open socket to its end.

Reads events and hands their facts to the sink in order; sends commands, by socket or HTTP, and
settles those that were refused or whose outcome is unknown. A spell ends by raising PbxError
with the reason; what it could not settle is in `unsettled` for the next one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from urllib.parse import quote

import structlog

from recordbridge import instant
from recordbridge.ari import commands, events, lookup
from recordbridge.ari.commands import Command
from recordbridge.ari.dispatch import Dispatch, HttpDispatch, SocketDispatch
from recordbridge.ari.facts import Translator
from recordbridge.ari.rest import Reply, RestClient
from recordbridge.ari.skew import measure_offset
from recordbridge.ari.socket import EventSocket
from recordbridge.errors import PbxConflictError, PbxError, PbxUnavailableError
from recordbridge.machine import facts
from recordbridge.machine.facts import CallLeft
from recordbridge.ports.pbx import FactSink

STALLED_S = 10
WATCH_S = 5
CLOCK_EVERY = 6
GRACE_S = 0.3

REPLACED = (
    "another client connected under our application name: give every client a name of its own"
    " (asterisk[].app), then restart this one, which stands by"
)


class ReplacedError(PbxConflictError):
    """Another socket took our application's name: stand by (trap 18)."""


class Session:
    """Lives for one connection. `run` returns never, it raises.

    `playing` is channel by playback, of all that we know to play; it outlives the session.
    """

    def __init__(
        self,
        socket: EventSocket,
        rest: RestClient,
        translator: Translator,
        *,
        on_socket: bool,
        playing: dict[str, str],
        clock: instant.Clock,
        sink: FactSink,
        log: structlog.typing.FilteringBoundLogger,
    ) -> None:
        self._socket = socket
        self._rest = rest
        self._translator = translator
        self._clock = clock
        self._sink = sink
        self._log = log
        self._group = asyncio.TaskGroup()
        self._http = HttpDispatch(rest, self._settle)
        self._on_socket = SocketDispatch(socket, self._settle) if on_socket else None
        self._dispatch: Dispatch = self._on_socket or self._http
        self._playing = playing
        self.unsettled: list[Command] = []

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

        One that waits for its channel's queue would hold up every other command on the socket
        until a playback on that channel has ended (measured), so then it goes by HTTP.
        """
        if command.name == "BeginPlayback":
            self._playing[command.object_id] = command.channel_id
        if command.queued and command.channel_id in self._playing.values():
            self._http.send(command)
        else:
            self._dispatch.send(command)

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
                self._look_into(command, self._look_for_playback(command))

    async def _read(self) -> None:
        raise PbxUnavailableError(await self._socket.read(self._take))

    def _take(self, message: str | bytes) -> None:
        try:
            event = events.decode(message)
        except ValueError as error:
            self._log.warning("ari_message_malformed", reason=str(error))
            return
        if isinstance(event, events.RESTResponse):
            if self._on_socket is not None:
                self._on_socket.answered(event)
        elif isinstance(event, events.ApplicationReplaced):
            raise ReplacedError(REPLACED)
        elif isinstance(event, events.Unknown):
            if event.detail:
                self._log.warning("ari_event_not_understood", type=event.type, reason=event.detail)
        else:
            self._tell(event)

    def _tell(self, event: events.Known) -> None:
        told = self._translator.facts(event)
        for call, fact in told:
            self._sink(call, fact)
        if isinstance(event, events.PlaybackFinished):
            self._playing.pop(event.playback.id, None)
        elif isinstance(event, events.StasisEnd) and self._playing:
            self._forget_playbacks(event.channel.id)
        if isinstance(event, events.StasisEnd) and told and isinstance(told[-1][1], CallLeft):
            call, channel_id = told[-1][0], event.channel.id
            self._group.create_task(self._tell_destroyed(call, channel_id), name="ari-left")

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

    def _settle(self, command: Command, status: int, message: str) -> None:
        """Take a refusal (400 and more) or an unknown outcome (0)."""
        if status == 0:
            self._look_into(command, self._settle_unknown(command, message))
        elif command.name == "BeginSnoop" and status == 500:
            self._look_into(command, self._settle_snoop(command, message))
        elif commands.already_there(command, status, message) or (
            command.name == "EndCapture" and status == 404
        ):
            self._look_into(command, self._settle_capture(command))
        else:
            self._refuse(command, status, message)

    def _look_into(self, command: Command, work: Coroutine[None, None, None]) -> None:
        """Settle it by asking Asterisk; if that fails as well, it is refused."""

        async def settled() -> None:
            try:
                await work
            except PbxError as error:
                self._refuse(command, 503, str(error))

        self._group.create_task(settled(), name="ari-settle")

    def _refuse(self, command: Command, status: int, message: str) -> None:
        if command.name == "BeginPlayback":
            self._playing.pop(command.object_id, None)
        refused = commands.refusal(command, status, message)
        if refused is not None:
            self._log.info(
                "ari_command_refused",
                command=command.name,
                object_id=command.object_id,
                status=status,
                reason=message,
            )
            self._sink(self._translator.call_uuid(command.channel_id), refused)

    async def _settle_unknown(self, command: Command, message: str) -> None:
        """HTTP gave no answer, twice if it may be repeated."""
        if command.repeatable:
            self._refuse(command, 503, message)
        else:
            await self._look_for_playback(command)

    async def _look_for_playback(self, command: Command) -> None:
        if not await lookup.exists(self._rest, f"playbacks/{command.object_id}"):
            self._refuse(command, 503, "the connection broke before Asterisk answered")

    async def _settle_snoop(self, command: Command, message: str) -> None:
        """A taken id answers 500 like any other failure (E-7: the id is ours, so it is there)."""
        if await lookup.exists(self._rest, f"channels/{command.object_id}"):
            fact = facts.SnoopEntered(command.object_id)
            self._sink(self._translator.call_uuid(command.channel_id), fact)
            return
        channel = f"channels/{quote(command.channel_id, safe='')}"
        there = await lookup.exists(self._rest, channel)
        self._refuse(command, 500 if there else 404, message)

    async def _settle_capture(self, command: Command) -> None:
        """Ours runs already, or has ended; then that fact may have passed while we were away.

        The grace lets an event that is on its way tell it with its true instant.
        """
        await asyncio.sleep(GRACE_S)
        name = command.object_id
        if not await lookup.exists(self._rest, f"recordings/live/{name}"):
            fact = facts.CaptureEnded(name, self._clock())
            self._sink(self._translator.call_uuid(command.channel_id), fact)

    async def _tell_destroyed(self, call: str, channel_id: str) -> None:
        """A channel that left without a hangup request: is it gone, or elsewhere in Asterisk?"""
        await asyncio.sleep(GRACE_S)
        try:
            there = await lookup.exists(self._rest, f"channels/{quote(channel_id, safe='')}")
        except PbxUnavailableError as error:
            self._log.warning("ari_look_failed", call_uuid=call, reason=str(error))
            return
        if not there:
            self._sink(call, facts.CallDestroyed(self._clock()))


async def _awaited(up: Callable[[], Awaitable[None]]) -> None:
    await up()
