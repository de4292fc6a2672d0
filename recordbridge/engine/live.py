"""Live calls as the REST API sees them: found by CallUUID or channel id, and asked for things.

Any channel of a configured Asterisk is a live call, whether it is in our application or in the
dialplan (E-1). What belongs to another account is not there (E-6).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from recordbridge import ids
from recordbridge.engine import rows
from recordbridge.engine.actor import Actor
from recordbridge.engine.ownership import Ownership
from recordbridge.engine.replies import Asking, Replies
from recordbridge.errors import ElsewhereError, StorageError
from recordbridge.machine import facts as f
from recordbridge.machine import life
from recordbridge.machine.intents import Reply
from recordbridge.machine.state import Call, Profile, Recording
from recordbridge.ports.audio import Blobs
from recordbridge.ports.pbx import Pbx
from recordbridge.ports.rows import CallRow, RecordingRow

LEG = "leg"
ANSWER_S = 4.0
"""How long an answer is waited for: less than the official SDKs wait for theirs (5 s)."""


class Actors(Protocol):
    """Where the calls are (`engine.router.Router`)."""

    replies: Replies

    @property
    def calls(self) -> Mapping[str, Actor]:
        """Those that are not settled, by CallUUID."""
        ...

    def pbxs(self) -> list[Pbx]: ...

    def overhear(
        self, asterisk: str, found: f.CallEntered, profile: Profile, known: CallRow | None
    ) -> Actor:
        """Take up a channel that is not in our application."""
        ...

    def discard(self, asterisk: str, names: tuple[str, ...]) -> None:
        """Delete Asterisk's files of these names, if there are any."""
        ...


class Keeps(Protocol):
    """What is needed of the database."""

    async def call(self, call_uuid: str) -> CallRow | None: ...

    async def delete_recording(self, recording_id: str, at: int) -> None: ...


class Elsewhere(NamedTuple):
    """A live call of another worker (N-6)."""

    call_uuid: str


Asks = Callable[[str, Asking, str], asyncio.Future[Reply]]
"""Asks another worker for something of its call: CallUUID, what, id (`engine.commands`)."""


class LiveCalls:
    """Finds live calls and asks them. `owner` gives the account of a channel in no application."""

    def __init__(
        self,
        actors: Actors,
        store: Keeps,
        blobs: Blobs,
        *,
        ownership: Ownership,
        elsewhere: Asks | None = None,
        owner: Callable[[str], str | None],
        clock: Callable[[], int],
    ) -> None:
        self._actors = actors
        self._store = store
        self._blobs = blobs
        self._ownership = ownership
        self._elsewhere = elsewhere
        self._owner = owner
        self._clock = clock

    async def find(self, account: str, call: str) -> Actor | Elsewhere | None:
        """The account's live call of that CallUUID or channel id.

        Raises PbxError while it cannot be known, StorageError.
        """
        known = self._known(call)
        if known is not None and not (known.closed and self._ownership.shared):
            return known if known.state.profile.account == account else None
        row = await self._of_others(call)
        if row is not None:
            return Elsewhere(row.call_uuid) if row.account == account else None
        for pbx in self._actors.pbxs():
            found = await pbx.find(call)
            if found is not None:
                return await self._found(account, pbx.name, found)
        return None

    def state(self, account: str, call: str) -> Call | None:
        """The call's present state, if we know it; Asterisk is not asked."""
        actor = self._known(call)
        return None if actor is None or actor.state.profile.account != account else actor.state

    async def ask(self, call: Actor | Elsewhere, fact: Asking) -> Reply:
        """The answer. Raises StorageError when it does not come in time, or StandingError."""
        return await answered(self.asked(call, fact))

    def asked(
        self, call: Actor | Elsewhere, fact: Asking, *, same: str = ""
    ) -> asyncio.Future[Reply]:
        """The same, for those who wait themselves. What is asked of another worker with an id
        that is the `same` is done once.
        """
        if isinstance(call, Elsewhere):
            assert self._elsewhere is not None
            return self._elsewhere(call.call_uuid, fact, same or fact.asked_id)
        return self._actors.replies.ask(call, fact)

    async def _of_others(self, call: str) -> CallRow | None:
        """The row of a call that goes on with another worker, by CallUUID, channel or leg."""
        if not self._ownership.shared:
            return None
        made = ids.parse_object_id(call)
        uuids = [call, *(ids.call_uuid(pbx.name, call) for pbx in self._actors.pbxs())]
        for each in uuids if made is None else [made.call]:
            if (row := await self._ownership.elsewhere(each)) is not None:
                return row
        return None

    async def erase(self, row: RecordingRow) -> bool:
        """E-3: delete every copy of a recording; False while it is still worked on.

        Raises StorageError: then some may be left, and it is to be asked for again.
        """
        actor = self._actors.calls.get(row.call_uuid)
        state = await self._state_of(row) if actor is None else actor.state
        held = None if state is None else _recording(state, row.recording_id)
        if state is not None and held is not None:
            if actor is None and await self._ownership.elsewhere(row.call_uuid) is None:
                settled = True
            else:
                settled = life.settled(held)
            if not settled:
                return False
            names = tuple(name for name in life.capture_names(held) if name)
            self._actors.discard(state.asterisk, names)
        await self._blobs.delete(f"{row.recording_id}.{row.file_format}")
        await self._store.delete_recording(row.recording_id, self._clock())
        return True

    async def _state_of(self, row: RecordingRow) -> Call | None:
        call = await self._store.call(row.call_uuid)
        return None if call is None else rows.decode(call.state)

    def _known(self, call: str) -> Actor | None:
        if (actor := self._actors.calls.get(call)) is not None:
            return actor
        for pbx in self._actors.pbxs():
            if (actor := self._actors.calls.get(ids.call_uuid(pbx.name, call))) is not None:
                return actor
        return self._of_leg(call)

    def _of_leg(self, channel_id: str) -> Actor | None:
        """A callee of a Dial is recorded with the call that it belongs to."""
        made = ids.parse_object_id(channel_id)
        return self._actors.calls.get(made.call) if made is not None and made.kind == LEG else None

    async def _found(
        self, account: str, asterisk: str, found: f.CallEntered
    ) -> Actor | Elsewhere | None:
        if found.channel_id.startswith(ids.OBJECT_PREFIX):
            actor = self._of_leg(found.channel_id)
            return actor if actor is not None and actor.state.profile.account == account else None
        call_uuid = ids.call_uuid(asterisk, found.channel_id)
        row = await self._store.call(call_uuid)
        owner = self._owner(asterisk) if row is None else row.account
        if owner != account:
            return None
        try:
            row = await self._ownership.taken(call_uuid)
        except ElsewhereError:
            return Elsewhere(call_uuid)
        if (actor := self._actors.calls.get(call_uuid)) is not None:
            return actor  # it came in while we asked
        return self._actors.overhear(asterisk, found, Profile(account, ""), row)


async def answered(asked: asyncio.Future[Reply]) -> Reply:
    """Wait for the answer as long as one may. Raises StorageError."""
    try:
        async with asyncio.timeout(ANSWER_S):
            return await asyncio.shield(asked)
    except TimeoutError:
        raise StorageError("the database did not take it in time; ask again") from None


def _recording(state: Call, recording_id: str) -> Recording | None:
    return next((r for r in state.recordings if r.recording_id == recording_id), None)
