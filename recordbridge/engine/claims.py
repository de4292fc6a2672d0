"""N-6: which of the calls that are offered to all workers this one claims.

While there is room: `service.max_calls` is not reached, the database is there, and the service is
not about to stop. A claimed call counts from the claim on, though it enters a moment later.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from recordbridge import ids

PLACE_S = 5.0
"""How long a place is kept for a call that was claimed; its caller may have hung up meanwhile."""


class Claims:
    """For one Asterisk: implements `ports.pbx.Offers`. `claimed` is shared by all of them."""

    def __init__(
        self,
        asterisk: str,
        claimed: dict[str, float],
        *,
        calls: Callable[[], Collection[str]],
        accepting: Callable[[], bool],
        most: int | None,
        now: Callable[[], float],
    ) -> None:
        self._asterisk = asterisk
        self._claimed = claimed
        """Until when a place is kept, by CallUUID."""
        self._calls = calls
        self._accepting = accepting
        self._most = most
        self._now = now

    def wanted(self, channel_id: str) -> bool:
        """See `ports.pbx.Offers.wanted`."""
        if not self._accepting():
            return False
        now, calls = self._now(), self._calls()
        for each in [e for e, until in self._claimed.items() if until < now or e in calls]:
            del self._claimed[each]
        if self._most is not None and len(calls) + len(self._claimed) >= self._most:
            return False
        self._claimed[ids.call_uuid(self._asterisk, channel_id)] = now + PLACE_S
        return True

    def lost(self, channel_id: str) -> None:
        """See `ports.pbx.Offers.lost`."""
        self._claimed.pop(ids.call_uuid(self._asterisk, channel_id), None)
