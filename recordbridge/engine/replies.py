"""Who waits for the answer of a call's machine (`intents.Reply`)."""

from __future__ import annotations

import asyncio

from recordbridge.errors import StorageError
from recordbridge.machine.intents import Reply


class Replies:
    """Futures by `asked_id`. Lives on the event loop."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[str, asyncio.Future[Reply]]] = {}

    def expect(self, asked_id: str, call_uuid: str) -> asyncio.Future[Reply]:
        """The answer to come; whoever it is for may have left when it does."""
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[asked_id] = (call_uuid, future)
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
