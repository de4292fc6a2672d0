"""When an engine stands still: while a call waits for us, in moments, and never for long.

Niceness and short slices decide who runs on a CPU. They are no help against what the engine does
on the next one: two CPUs of a virtual machine often are the two threads of one core, and share its
caches and its memory anyway. What a call asks for is done within some milliseconds: so long the
engine stands still. Because calls may ask without a break, its time is limited.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

HOLD_S = 0.015
"""From a call's last step on: what it leads to has begun, or led to the next step, by then."""
CREDIT_S = 0.2
"""So long it stands still at once, at the most."""
EARNED = 1.0
"""How much of it is earned by running, for each second: with the above it stands still for at most
0.6 s of any second, and for half of a long time.
"""


class Timing(Protocol):
    """What is needed of an event loop."""

    def time(self) -> float: ...

    def call_at(self, when: float, callback: Callable[[], Any], /) -> asyncio.TimerHandle: ...


class Stillness:
    """Of one engine that runs when this begins; `end` it, so that it runs again or is forgotten.

    `stop` and `go` are called in turns; `go` is told for how many seconds it stood still. Lives on
    the event loop.
    """

    def __init__(
        self, stop: Callable[[], None], go: Callable[[float], None], timing: Timing
    ) -> None:
        self._stop, self._go = stop, go
        self._timing = timing
        self._still = False
        self._since = timing.time()
        """That it stands still, or runs."""
        self._until = 0.0
        """A call waits until then."""
        self._credit = CREDIT_S
        self._timer: asyncio.TimerHandle | None = None

    def hold(self) -> None:
        """A call waits from now on. Asked at each step of each call: cheap."""
        now = self._timing.time()
        self._until = now + HOLD_S
        if self._still:
            return
        self._credit = min(CREDIT_S, self._credit + EARNED * (now - self._since))
        self._since = now
        if self._credit < HOLD_S:
            return
        self._still = True
        self._stop()
        self._look_at(self._until)

    def end(self) -> None:
        """It runs from now on."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._still:
            self._run(self._timing.time())

    def _look_at(self, when: float) -> None:
        """Or when the credit is used up, whatever comes first: the timer is never moved."""
        self._timer = self._timing.call_at(min(when, self._since + self._credit), self._look)

    def _look(self) -> None:
        self._timer = None
        now = self._timing.time()
        if now < self._until and now < self._since + self._credit:
            self._look_at(self._until)
        else:
            self._run(now)

    def _run(self, now: float) -> None:
        """A timer that came late makes a debt."""
        stood = now - self._since
        self._still, self._since = False, now
        self._credit -= stood
        self._go(stood)
