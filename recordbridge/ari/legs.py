"""Events of the legs that we dialled → facts.

Asterisk subscribes our application to a leg when it creates it, so ChannelDestroyed always
comes, and once: by it a leg ends, whether it was answered or not. Its StasisEnd is no news.
"""

from __future__ import annotations

from recordbridge.ari import events
from recordbridge.instant import Instant
from recordbridge.machine import facts

_RINGING = frozenset(("RINGING", "PROGRESS"))
_REMEMBERED = 20_000


class Legs:
    """Remembers which legs have rung: 180 and 183 may both come, the machine is told once."""

    def __init__(self) -> None:
        self._rung: dict[str, None] = {}

    def dialled(self, event: events.Dial, at: Instant) -> facts.Fact | None:
        leg = event.peer.id
        if event.dialstatus not in _RINGING or leg in self._rung:
            return None
        if len(self._rung) >= _REMEMBERED:
            del self._rung[next(iter(self._rung))]
        self._rung[leg] = None
        return facts.LegRinging(leg, at)

    def ended(self, event: events.ChannelDestroyed, at: Instant) -> facts.Fact:
        self._rung.pop(event.channel.id, None)
        return facts.LegEnded(event.channel.id, at, event.cause)
