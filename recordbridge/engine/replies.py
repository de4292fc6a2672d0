"""Who waits for the answer of a call's machine (`intents.Reply`)."""

from __future__ import annotations

import asyncio
import contextvars

from recordbridge.engine.actor import Actor
from recordbridge.errors import StorageError
from recordbridge.machine import facts as f
from recordbridge.machine.intents import Reply

Asking = f.RecordAsked | f.StopAsked | f.PauseAsked | f.HangupAsked | f.TransferAsked


class Replies:
    """Futures by `asked_id`. Lives on the event loop."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[str, asyncio.Future[Reply]]] = {}

    def ask(self, actor: Actor, fact: Asking) -> asyncio.Future[Reply]:
        """Ask a call; the future has the answer when that is committed, or StorageError."""
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[fact.asked_id] = (actor.state.call_uuid, future)
        if actor.closed:
            self.tell(Reply(asked_id=fact.asked_id, refusal="gone"))
        # What the call does from now on is no part of the request, its log lines neither.
        contextvars.Context().run(actor.feed, fact)
        return future

    def tell(self, reply: Reply) -> None:
        """The answer is committed."""
        _, future = self._waiting.pop(reply.asked_id, ("", None))
        if future is not None and not future.done():
            future.set_result(reply)

    def dropped(self, call_uuid: str) -> None:
        """The call goes on without us, or not at all: nothing will be answered."""
        for asked_id, (call, future) in list(self._waiting.items()):
            if call == call_uuid:
                del self._waiting[asked_id]
                future.set_exception(StorageError("what was asked for could not be kept"))
                future.exception()  # nobody may be left to look at it
