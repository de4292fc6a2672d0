"""N-6: a door that meets a call of another worker writes down what is asked; its owner does it.

The answer is committed together with what the call did for it. So a command is done once,
whoever owns the call by then, and one whose door has given up waiting is done all the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import AsyncIterator

import msgspec
import structlog

from recordbridge.engine import rows
from recordbridge.engine.replies import Asking
from recordbridge.engine.router import Router
from recordbridge.errors import StandingError, StorageError
from recordbridge.instant import Clock
from recordbridge.machine.intents import Reply
from recordbridge.ports.rows import CommandRow, Unit
from recordbridge.ports.store import Commands as Kept
from recordbridge.ports.store import Store

log = structlog.get_logger()

ANSWER_S = 2.0
"""How long a door waits for the owner."""
LOOK_S = 0.05
"""How often a door looks for its answer."""
POLL_S = 0.1
"""How often an owner looks for commands."""
STANDING = "the worker that has the call has not answered yet; it will do what was asked for"
KEPT_MS = 24 * 3_600_000

_fact = msgspec.msgpack.Encoder()
_decode_fact: msgspec.msgpack.Decoder[Asking] = msgspec.msgpack.Decoder(Asking)
_reply = msgspec.msgpack.Decoder(Reply)


class Commands:
    """Asks other workers, and does what they ask. Lives on the event loop."""

    def __init__(self, kept: Kept, store: Store, router: Router, clock: Clock) -> None:
        self._kept = kept
        self._store = store
        self._router = router
        self._clock = clock
        self._asked: set[asyncio.Task[Reply]] = set()
        self._tidied_at = 0

    def ask(self, call_uuid: str, fact: Asking, command_id: str) -> asyncio.Future[Reply]:
        """The owner's answer, or StandingError when it does not come in time.

        With an id that was used before, it is the same command.
        """
        task = asyncio.create_task(
            self._ask(call_uuid, fact, command_id), name=f"command {command_id}"
        )
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)
        return task

    async def _ask(self, call_uuid: str, fact: Asking, command_id: str) -> Reply:
        row = CommandRow(command_id, call_uuid, _fact.encode(fact), self._clock())
        await self._kept.add(row)
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._answer(command_id)
        except TimeoutError:
            raise StandingError(STANDING) from None

    async def _answer(self, command_id: str) -> Reply:
        while True:
            answer = await self._kept.answer(command_id)
            if answer is not None:
                return _reply.decode(answer)
            await asyncio.sleep(LOOK_S)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do what others ask, until the block ends."""
        task = asyncio.create_task(self._run(), name="commands")
        try:
            yield
        finally:
            for each in (task, *self._asked):
                each.cancel()
            await asyncio.gather(task, *self._asked, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            try:
                for row, is_open in await self._kept.waiting():
                    self._do(row, is_open=is_open)
                await self._tidy()
            except StorageError as error:
                log.debug("commands_not_read", reason=str(error))
                await asyncio.sleep(1)

    def _do(self, row: CommandRow, *, is_open: bool) -> None:
        commands = self._router.commands
        actor = self._router.calls.get(row.call_uuid)
        if row.command_id in commands.values():
            return  # under way
        fact = _decode_fact.decode(row.asked)
        if actor is not None and not actor.closed:
            commands[fact.asked_id] = row.command_id
            log.info("command_taken", call_uuid=row.call_uuid, command=type(fact).__name__)
            contextvars.Context().run(actor.feed, fact)
        elif not is_open:
            reply = Reply(fact.asked_id, refusal="gone")
            gone = rows.answer_row(row.command_id, reply, self._clock())
            self._store.commit(Unit(answers=(gone,)), quiet=True).add_done_callback(_told)

    async def _tidy(self) -> None:
        now = self._clock()
        if now - self._tidied_at > KEPT_MS // 24:
            self._tidied_at = now
            await self._kept.forget(now - KEPT_MS)


def _told(kept: asyncio.Future[None]) -> None:
    if not kept.cancelled() and kept.exception() is not None:
        log.warning("answer_not_kept", reason=str(kept.exception()))
