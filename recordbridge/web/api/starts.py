"""Recordings begun through REST, each once: how a repeated request is recognised (E-1).

With `Idempotency-Key` a request is the same as an earlier one for 24 hours. Without it, one that is
equal in account, call and body is taken for a repeat if within 30 seconds the first was answered
with 5xx or its connection broke. A repeat gets the first one's reply.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import uuid
from typing import NamedTuple, Protocol

import msgspec
from aiohttp import web

from recordbridge import ids
from recordbridge.engine.live import LiveCalls, answered
from recordbridge.errors import StorageError
from recordbridge.instant import Clock, Instant
from recordbridge.machine.facts import RecordAsked
from recordbridge.machine.intents import Refusal, Reply
from recordbridge.plivo.elements import Record
from recordbridge.ports.rows import StartRow
from recordbridge.web.patience import sending

HEADER = "Idempotency-Key"
LONGEST_KEY = 255
KEY_MS = 24 * 3_600_000
REPEAT_MS = 30_000
TIDY_MS = 3_600_000

SEED = uuid.NAMESPACE_URL.hex
"""Of the ids of commands to other workers: a repeat of the request is the same command."""

Mark = tuple[str, str]
"""Account and key."""


class Keeps(Protocol):
    """What is needed of the database."""

    async def start(self, account: str, key: str) -> StartRow | None: ...

    async def forget_start(self, account: str, key: str) -> None: ...

    async def forget_starts(self, before: Instant) -> None: ...


class Begun(NamedTuple):
    """What the reply says, or why there is nothing to say."""

    api_id: str
    recording_id: str
    refusal: Refusal = ""


class Wish(NamedTuple):
    """A request to record: `call` as it was written, `digest` of all that it says."""

    http: web.Request
    api_id: str
    account: str
    call: str
    element: Record
    key: str
    digest: str
    lasting: bool
    """It has a key of its own."""

    @property
    def mark(self) -> Mark:
        return self.account, self.key


class Pending(NamedTuple):
    """A start whose answer is not committed yet, and whose client may have left."""

    wish: Wish
    asked: asyncio.Future[Reply]


class Starts:
    """Begins recordings. Lives on the event loop."""

    def __init__(self, store: Keeps, live: LiveCalls, clock: Clock) -> None:
        self._store = store
        self._live = live
        self._clock = clock
        self._pending: dict[Mark, Pending] = {}
        self._unanswered: set[Mark] = set()
        """Pending ones that were answered with 5xx."""
        self._answered: set[Mark] = set()
        """Those whose rows are about to be forgotten."""
        self._tidied_at = clock()

    async def begin(self, wish: Wish) -> Begun | None:
        """Begin a recording, or tell again of the one that was begun; None: there is no call.

        Raises StorageError or PbxError when it is not known whether it was begun.
        """
        await self._tidy()
        earlier = await self._repeated(wish)
        if earlier is not None:
            return earlier
        actor = await self._live.find(wish.account, wish.call)
        if actor is None:
            return None
        fact = RecordAsked(wish.api_id, wish.element, key=wish.key, digest=wish.digest)
        same = ids.derived(SEED, f"{wish.account} {wish.key}") if wish.lasting else ""
        pending = Pending(wish, self._live.asked(actor, fact, same=same))
        self._pending[wish.mark] = pending
        pending.asked.add_done_callback(lambda _: self._settled(pending))
        return await self._answer_of(pending)

    async def _answer_of(self, pending: Pending) -> Begun:
        try:
            told = await answered(pending.asked)
        except StorageError:
            self._unanswered.add(pending.wish.mark)
            raise
        return Begun(pending.wish.api_id, next(iter(told.recording_ids), ""), told.refusal)

    def _settled(self, pending: Pending) -> None:
        mark = pending.wish.mark
        if self._pending.get(mark) is pending:
            del self._pending[mark]
            self._unanswered.discard(mark)

    async def _repeated(self, wish: Wish) -> Begun | None:
        pending = self._pending.get(wish.mark)
        open_ = pending is not None and not pending.asked.done()
        if pending is not None and open_ and (wish.lasting or self._failed(pending)):
            _must_be_same(wish, pending.wish.digest)
            return await self._answer_of(pending)
        if wish.mark in self._answered:
            return None
        row = await self._store.start(*wish.mark)
        if row is None or self._clock() - row.added_at > (KEY_MS if wish.lasting else REPEAT_MS):
            return None
        _must_be_same(wish, row.digest)
        return Begun(row.api_id, row.recording_id)

    def _failed(self, pending: Pending) -> bool:
        return pending.wish.mark in self._unanswered or left(pending.wish.http)

    async def deliver(self, wish: Wish, response: web.Response) -> web.StreamResponse:
        """Send the reply; once the client has it, an equal request is another one."""
        if wish.lasting or left(wish.http):
            return response
        self._answered.add(wish.mark)
        try:
            async with sending(wish.http):
                await response.prepare(wish.http)
                await response.write_eof()
        except ConnectionError:
            self._answered.discard(wish.mark)
            raise
        if left(wish.http):
            self._answered.discard(wish.mark)
            return response
        with contextlib.suppress(StorageError):  # then it is a repeat's for 30 s; we remember
            await self._store.forget_start(*wish.mark)
            self._answered.discard(wish.mark)
        return response

    async def _tidy(self) -> None:
        now = self._clock()
        if now - self._tidied_at >= TIDY_MS:
            self._tidied_at = now
            await self._store.forget_starts(now - KEY_MS)


def wish(http: web.Request, api_id: str, account: str, call: str, element: Record) -> Wish:
    """What is asked for, with the key by which a repeat is known. Raises 400."""
    said = msgspec.json.encode((account, call, element))
    digest = hashlib.sha256(said).hexdigest()
    given = http.headers.get(HEADER)
    if given is None:
        return Wish(http, api_id, account, call, element, f"body:{digest}", digest, lasting=False)
    if not given or len(given) > LONGEST_KEY or not given.isprintable():
        raise web.HTTPBadRequest(text=f"{HEADER} must be 1 to {LONGEST_KEY} printable characters")
    return Wish(http, api_id, account, call, element, f"key:{given}", digest, lasting=True)


def left(http: web.Request) -> bool:
    """The connection broke."""
    return http.transport is None or http.transport.is_closing()


def _must_be_same(wish: Wish, digest: str) -> None:
    if wish.digest != digest:
        raise web.HTTPUnprocessableEntity(
            text=f"{HEADER} was used for another request within the last 24 hours"
        )
