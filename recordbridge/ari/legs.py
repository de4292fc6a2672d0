"""Events of the legs that we dialled → facts.

Asterisk subscribes our application to a leg when it creates it, so ChannelDestroyed always
comes, and once: by it a leg ends, whether it was answered or not. Its StasisEnd is no news.
Asterisk 16 gives a leg whose time to ring is up the cause of any hangup, 16; 22 says 19.
"""

from __future__ import annotations

from recordbridge.ari import events
from recordbridge.instant import Instant
from recordbridge.machine import facts

_RINGING = frozenset(("RINGING", "PROGRESS"))
_REMEMBERED = 20_000


NORMAL_CLEARING, NO_ANSWER = 16, 19


class Legs:
    """Remembers which legs ring, and which of them are heard (183): the machine is told once."""

    def __init__(self) -> None:
        self._rung: dict[str, bool] = {}

    def dialled(self, event: events.Dial, at: Instant) -> tuple[facts.Fact, ...]:
        leg, early = event.peer.id, event.dialstatus == "PROGRESS"
        known = self._rung.get(leg)
        if event.dialstatus not in _RINGING or known or known == early:
            return ()
        if known is None and len(self._rung) >= _REMEMBERED:
            del self._rung[next(iter(self._rung))]
        self._rung[leg] = early
        told: tuple[facts.Fact, ...] = () if known is not None else (facts.LegRinging(leg, at),)
        return (*told, facts.LegEarly(leg, at)) if early else told

    def answered(self, leg: str, at: Instant) -> facts.Fact:
        self._rung.pop(leg, None)
        return facts.LegAnswered(leg, at)

    def hangs_up(self, leg: str) -> None:
        """We are about to: what comes then is our own cause."""
        self._rung.pop(leg, None)

    def ended(self, event: events.ChannelDestroyed, at: Instant) -> facts.Fact:
        leg, cause = event.channel.id, event.cause
        if self._rung.pop(leg, None) is not None and cause == NORMAL_CLEARING:
            cause = NO_ANSWER
        return facts.LegEnded(leg, at, cause)
