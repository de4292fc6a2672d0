"""Negative controls: one safety of the service taken away, so that the laboratory must fail.

Each replaces one function of a service that is about to start in this process (`served`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def _sent_before_kept() -> None:
    """H-3: requests go out first and are committed afterwards, if at all."""
    from recordbridge.engine.actor import Actor

    flush = Actor._flush

    def sends_first(self: Actor) -> None:
        from recordbridge.engine import rows
        from recordbridge.machine.intents import Request

        now = self._clock()
        for intent in [each for each in self._late if isinstance(each, Request)]:
            self._hands.requested(rows.request_row(self.state, intent, now))
        self._loop.call_later(1.0, flush, self)

    Actor._flush = sends_first  # type: ignore[method-assign]


def _not_reconciled() -> None:
    """N-1: nobody looks what Asterisk has after a start or a gap."""
    from recordbridge.engine.recovery import Recovery

    async def nothing(self: Recovery, pbx: Any) -> None: ...

    Recovery.reconcile = nothing  # type: ignore[method-assign]


CONTROLS: dict[str, Callable[[], None]] = {
    "sent-before-kept": _sent_before_kept,
    "not-reconciled": _not_reconciled,
}
