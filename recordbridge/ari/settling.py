"""What became of a command that was refused, or whose outcome nobody told.

Ids are ours, so Asterisk can be asked what is there. A refusal that means "it is so already" is
no news or the fact that was missed; every other one becomes a CommandRefused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import structlog

from recordbridge import instant
from recordbridge.ari import commands, dialling, lookup
from recordbridge.ari.command import Command, part
from recordbridge.ari.facts import Translator
from recordbridge.ari.keys import KeysInFlight
from recordbridge.ari.rest import RestClient
from recordbridge.errors import PbxError, PbxUnavailableError
from recordbridge.machine import facts
from recordbridge.ports.pbx import FactSink

GRACE_S = 0.3
_GRACE_MS = 300
_AMBIGUOUS = (409, 500)
"""A taken id, by which a repeat is known; or, for a leg, an endpoint that does not exist:
Asterisk says "already exists" of that, too, once it has said so on the same connection."""
Spawn = Callable[[Coroutine[None, None, None], str], None]
"""Runs something beside everything else; takes a name for the task."""


class Settler:
    """Settles the commands of one connection. `playing` is channel by playback."""

    def __init__(
        self,
        rest: RestClient,
        translator: Translator,
        *,
        spawn: Spawn,
        send: Callable[[Command], None],
        playing: dict[str, str],
        keys: KeysInFlight,
        clock: instant.Clock,
        sink: FactSink,
        log: structlog.typing.FilteringBoundLogger,
    ) -> None:
        self._rest = rest
        self._translator = translator
        self._spawn = spawn
        self._send = send
        self._playing = playing
        self._keys = keys
        self._clock = clock
        self._sink = sink
        self._log = log

    def settle(self, command: Command, status: int, message: str) -> None:
        """Take a refusal (400 and more) or an unknown outcome (0)."""
        if command.name == "DialLeg":
            if status not in (0, 404):
                self._send(dialling.give_up_leg(command.object_id))
        elif commands.lacks_progress(command, message):
            for each in commands.progress_by_sound(command.channel_id):
                self._send(each)
        elif status == 0 and not command.repeatable:
            self.look_for(command)
        elif status in _AMBIGUOUS and command.sought_at:
            self._look_into(command, self._look_for(command, status, message))
        elif command.name == "FindPlayback" and status == 404:
            self._look_into(command, self._settle_playback(command, message))
        elif status == 0:  # HTTP gave no answer, twice
            self._refuse(command, 503, message)
        elif command.name == "BeginSnoop" and status == 500:
            self._look_into(command, self._settle_snoop(command, message))
        elif commands.already_there(command, status, message) or (
            command.name == "EndCapture" and status == 404
        ):
            self._look_into(command, self._settle_capture(command))
        else:
            self._refuse(command, status, message)

    def look_for(self, command: Command) -> None:
        """A command that may not be repeated: did it happen? Of keys nobody knows."""
        if command.sought_at:
            lost = self._look_for(command, 503, "the connection broke before Asterisk answered")
            self._look_into(command, lost)

    def left(self, call: str, channel_id: str) -> None:
        """A channel left without a hangup request: is it gone, or elsewhere in Asterisk?"""
        self._spawn(self._tell_destroyed(call, channel_id), "ari-left")

    def _look_into(self, command: Command, work: Coroutine[None, None, None]) -> None:
        """Settle it by asking Asterisk; if that fails as well, it is refused."""

        async def settled() -> None:
            try:
                await work
            except PbxError as error:
                self._refuse(command, 503, str(error))

        self._spawn(settled(), "ari-settle")

    def _refuse(self, command: Command, status: int, message: str) -> None:
        if command.name == "BeginPlayback" or (command.name == "FindPlayback" and status == 404):
            self._playing.pop(command.object_id, None)
        refused = commands.refusal(command, status, message)
        if refused is None:
            return
        self._log.info(
            "ari_command_refused",
            command=command.name,
            object_id=command.object_id,
            status=status,
            reason=message,
        )
        self._tell(command, refused)
        if command.lasts_ms:
            self._keys.end(self._translator.call_uuid(command.channel_id), command.object_id)

    async def _look_for(self, command: Command, status: int, message: str) -> None:
        if not await lookup.exists(self._rest, command.sought_at):
            self._refuse(command, status, message)

    async def _settle_snoop(self, command: Command, message: str) -> None:
        """A taken id answers 500 like any other failure (E-7: the id is ours, so it is there)."""
        if await lookup.exists(self._rest, f"channels/{command.object_id}"):
            self._tell(command, facts.SnoopEntered(command.object_id))
            return
        there = await lookup.exists(self._rest, f"channels/{part(command.channel_id)}")
        self._refuse(command, 500 if there else 404, message)

    async def _settle_playback(self, command: Command, message: str) -> None:
        """It has ended or is lost. The grace lets an event that is on its way tell its end."""
        await asyncio.sleep(GRACE_S)
        self._refuse(command, 404, message)

    async def _settle_capture(self, command: Command) -> None:
        """Ours runs already, or has ended; the facts may have passed while we were away.

        The grace lets an event that is on its way tell it with its true instant.
        """
        await asyncio.sleep(GRACE_S)
        name, now = command.object_id, self._clock()
        if not await lookup.exists(self._rest, f"recordings/live/{name}"):
            self._tell(command, facts.CaptureEnded(name, now))  # or another's file is in its way
        elif command.name == "BeginCapture":
            self._tell(command, facts.CaptureBegan(name, now - _GRACE_MS, guessed=True))

    async def _tell_destroyed(self, call: str, channel_id: str) -> None:
        await asyncio.sleep(GRACE_S)
        try:
            there = await lookup.exists(self._rest, f"channels/{part(channel_id)}")
        except PbxUnavailableError as error:
            self._log.warning("ari_look_failed", call_uuid=call, reason=str(error))
            return
        if not there:
            self._sink(call, facts.CallDestroyed(self._clock()))

    def _tell(self, command: Command, fact: facts.Fact) -> None:
        self._sink(self._translator.call_uuid(command.channel_id), fact)
