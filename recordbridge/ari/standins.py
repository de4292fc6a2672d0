"""Channels whose part in a call is not told by their id (transfers, redirects).

A transfer puts a channel with an id of Asterisk's own in the place of a caller or of a leg, and
the one that was there goes its own way. A leg that somebody sends into our application by the
dialplan is a call of its own from then on.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from recordbridge.ari.memory import remember
from recordbridge.ports.pbx import Belongings, Survey


class StandIns:
    """Remembers them from the moment they are told, or from `adopt` after a restart."""

    def __init__(self) -> None:
        self._callers: dict[str, str] = {}
        self._legs: dict[str, str] = {}
        self._former: dict[str, str] = {}
        self._calls: dict[str, bool] = {}

    def caller(self, channel_id: str) -> str | None:
        """The call whose own channel this has become."""
        return self._callers.get(channel_id)

    def leg(self, channel_id: str) -> str | None:
        """The call of which this has become a leg."""
        return self._legs.get(channel_id)

    def is_former(self, channel_id: str) -> bool:
        """Another channel took its place: what it does is of no interest any more."""
        return channel_id in self._former

    def is_call(self, leg_id: str) -> bool:
        """It was a leg, and is a call of its own."""
        return leg_id in self._calls

    def takes(self, channel_id: str, old_id: str, call: str, *, leg: bool) -> None:
        """The channel stands where the old one stood."""
        remember(self._legs if leg else self._callers, channel_id, call)
        remember(self._former, old_id, call)

    def becomes_call(self, leg_id: str) -> None:
        """The leg is a call of its own."""
        remember(self._calls, leg_id, True)

    def with_legs(self, call: str, of: Belongings, channels: Mapping[str, str]) -> Belongings:
        """What the call has, with the legs whose ids do not tell whose they are."""
        standing = {
            leg: channels[leg]
            for leg, each in self._legs.items()
            if each == call and leg in channels
        }
        return replace(of, legs={**of.legs, **standing}) if standing else of

    def unheard(self, call: str, channel_id: str, survey: Survey, of: Belongings) -> str:
        """The one that a transfer put into a bridge of the call's while nobody listened, if any.

        It stands there from now on: for the caller if that is not in the bridge, else for a leg.
        """
        members = {each for bridge in of.bridges.values() for each in bridge}
        strange = members - {channel_id, *of.legs}
        found = [each for each in strange if each in survey.channels]
        if len(found) != 1:  # both parties' places are taken: nothing tells whose is whose
            return ""
        leg = channel_id in members
        self.takes(found[0], "" if leg else channel_id, call, leg=leg)
        return found[0]

    def gone(self, channel_id: str) -> None:
        """It has left: nothing more is told of it."""
        for memory in (self._callers, self._legs, self._calls):
            memory.pop(channel_id, None)
