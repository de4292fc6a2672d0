"""A thread that does one piece of work after the other for the event loop.

What a ThreadPoolExecutor does for a piece, with its own future chained to asyncio's, is some sixty
calls and a turn of the loop more; each recording goes this way once.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

Result = TypeVar("Result")
_Piece = tuple[Callable[[], Any], asyncio.Future[Any]]


class Lane:
    """Belongs to the loop that `do` is called on; the thread begins with the first piece."""

    def __init__(self, name: str) -> None:
        self._queue: queue.SimpleQueue[_Piece | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._closing = threading.Event()

    def do(self, work: Callable[[], Result]) -> asyncio.Future[Result]:
        """Do the work in its turn; the future has what it returns or raises."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        if self._closing.is_set():
            future.cancel()
            return future
        if not self._thread.ident:
            self._thread.start()
        self._queue.put((work, future))
        return future

    def close(self) -> None:
        """Wait for the piece at work, cancel all that wait; called on the loop."""
        self._closing.set()
        self._queue.put(None)
        if self._thread.ident:
            self._thread.join()
        while not self._queue.empty():
            piece = self._queue.get_nowait()
            if piece is not None:
                piece[1].cancel()

    def _run(self) -> None:
        while not self._closing.is_set():
            piece = self._queue.get()
            if piece is None:
                return
            if self._closing.is_set():
                self._queue.put(piece)
                return
            work, future = piece
            self._tell(future, *_done(work))

    def _tell(
        self, future: asyncio.Future[Any], result: object, error: BaseException | None
    ) -> None:
        loop = future.get_loop()
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, future, result, error)


def _done(work: Callable[[], object]) -> tuple[object, BaseException | None]:
    try:
        return work(), None
    except BaseException as error:  # noqa: BLE001 - it is whoever waits who must handle it
        return None, error


def _settle(future: asyncio.Future[Any], result: object, error: BaseException | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)
