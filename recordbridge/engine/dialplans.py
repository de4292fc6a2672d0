"""Finds the call of a dialplan that asks for a recording, and asks it (G-1)."""

from __future__ import annotations

import contextvars
import secrets
from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from recordbridge import ids
from recordbridge.engine.actor import Actor
from recordbridge.engine.lines import Line, Lines
from recordbridge.engine.ownership import Ownership
from recordbridge.errors import PbxGoneError, PbxUnavailableError, StorageError
from recordbridge.instant import Clock
from recordbridge.machine import facts as f
from recordbridge.machine.intents import AgiResult
from recordbridge.machine.state import Profile
from recordbridge.plivo.elements import Record
from recordbridge.ports.pbx import Pbx
from recordbridge.ports.rows import CallRow


class Wanted(msgspec.Struct, frozen=True):
    """One Record, for the channel of that Asterisk."""

    asterisk: str
    channel_id: str
    element: Record
    profile: Profile


class Actors(Protocol):
    """Where the calls are (`engine.router.Router`)."""

    lines: Lines
    accepting: Callable[[], bool]
    """New calls are taken: the database is there (N-5)."""

    @property
    def calls(self) -> Mapping[str, Actor]: ...

    def pbxs(self) -> list[Pbx]: ...

    def overhear(
        self, asterisk: str, found: f.CallEntered, profile: Profile, known: CallRow | None
    ) -> Actor: ...

    def tell(self, call_uuid: str, fact: f.Fact) -> None: ...


class Asked(msgspec.Struct, frozen=True):
    """A recording that was asked for; its line hears the rest."""

    agi_id: str
    call_uuid: str


class Dialplans:
    """What the FastAGI door needs of the engine."""

    def __init__(self, actors: Actors, ownership: Ownership, clock: Clock) -> None:
        self._actors = actors
        self._ownership = ownership
        self._clock = clock

    async def record(self, line: Line, wanted: Wanted) -> Asked:
        """Ask for the recording. Raises PbxError, StorageError or ElsewhereError when that cannot
        be done.
        """
        if not self._actors.accepting():
            raise StorageError("the database is away")
        actor = await self._actor(wanted)
        asked = Asked(secrets.token_hex(16), actor.state.call_uuid)
        self._actors.lines.add(asked.agi_id, asked.call_uuid, line)
        if actor.closed:
            self._actors.lines.perform(
                AgiResult(asked.agi_id, status="FAILED", error="the call is over")
            )
            return asked
        fact = f.AgiAsked(asked.agi_id, wanted.element, wanted.profile)
        # What the call does from now on is no part of the connection, its log lines neither.
        contextvars.Context().run(actor.feed, fact)
        return asked

    async def _actor(self, wanted: Wanted) -> Actor:
        call_uuid = ids.call_uuid(wanted.asterisk, wanted.channel_id)
        actor = self._actors.calls.get(call_uuid)
        if actor is not None and actor.state.outside and not actor.state.over:
            return actor
        found = await self._find(wanted)
        row = await self._ownership.taken(call_uuid)
        actor = self._actors.calls.get(call_uuid)
        if actor is None:
            return self._actors.overhear(wanted.asterisk, found, wanted.profile, row)
        actor.feed(f.Overheard(at=self._clock(), answered=found.answered))
        return actor

    async def _find(self, wanted: Wanted) -> f.CallEntered:
        pbx = next((each for each in self._actors.pbxs() if each.name == wanted.asterisk), None)
        if pbx is None:
            raise PbxUnavailableError(f"there is no Asterisk {wanted.asterisk}")
        found = await pbx.find(wanted.channel_id)
        if found is None:
            raise PbxGoneError(f"Asterisk {wanted.asterisk} has no channel {wanted.channel_id}")
        return found

    def answered(self, asked: Asked) -> None:
        """The line has answered the call."""
        self._actors.tell(asked.call_uuid, f.CallAnswered(at=self._clock()))

    def played(self, asked: Asked, playback_id: str, *, failed: bool) -> None:
        """The line has played something to its end, or could not."""
        fact = f.PlaybackEnded(playback_id, at=self._clock(), failed=failed)
        self._actors.tell(asked.call_uuid, fact)

    def left(self, asked: Asked) -> None:
        """The connection is gone (G-4)."""
        if self._actors.lines.close(asked.agi_id):
            self._actors.tell(asked.call_uuid, f.AgiLeft(asked.agi_id))
