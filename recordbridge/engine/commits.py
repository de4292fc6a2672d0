"""When things are committed: at once when somebody waits for it, else with others, soon.

What a third party sees waits for its commit, so that one is made at once, and takes along all
that waits. Anything else may be lost by a crash without harm for a moment, for Asterisk can be
asked again: it waits `LAG_S` for company. A call's burst of steps is one unit then, and the
units of many calls one transaction (a commit and its wake-ups are the largest cost of a call).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

LAG_S = 0.05
LEISURE_S = 1.0
"""For what is only told again by Asterisk less exactly, or at more cost."""


class Commits:
    """Calls the `flush` of whoever has something to commit. Lives on the event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[Callable[[], None], None] = {}
        self._last: dict[Callable[[], None], None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._hurried = False

    def soon(self, flush: Callable[[], None], *, last: bool = False, hurry: bool = True) -> None:
        """Flush within `LAG_S`, or together with whoever cannot wait; the `last` after all.

        Without `hurry`, `LEISURE_S` will do.
        """
        (self._last if last else self._waiting)[flush] = None
        if self._timer is not None and (self._hurried or not hurry):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._hurried = hurry
        self._timer = self._loop.call_later(LAG_S if hurry else LEISURE_S, self._flush)

    def now(self, flush: Callable[[], None]) -> None:
        """Flush at once, and everybody who waits."""
        self._waiting[flush] = None
        self._flush()

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._hurried = False
        waiting, self._waiting, self._last = self._waiting | self._last, {}, {}
        for flush in waiting:
            flush()
