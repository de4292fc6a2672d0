"""TALK_DETECT on snoops: when somebody began to speak and when they fell silent (P-5).

Asterisk tells the end late, by the silence that it waited for; the `duration` of its event leaves
that out. So the end is the beginning plus the duration, where the beginning is known.
"""

from __future__ import annotations

from recordbridge.ari import events
from recordbridge.ari.memory import remember
from recordbridge.instant import Instant
from recordbridge.machine.facts import Talking


class Talks:
    """Remembers when talking began on each snoop; `at` is an event's instant in our clock."""

    def __init__(self) -> None:
        self._began: dict[str, Instant] = {}

    def began(self, event: events.ChannelTalkingStarted, at: Instant) -> Talking:
        remember(self._began, event.channel.id, at)
        return Talking(event.channel.id, at, speaking=True)

    def ended(self, event: events.ChannelTalkingFinished, at: Instant) -> Talking:
        began = self._began.pop(event.channel.id, None)
        silent = at if began is None else began + event.duration
        return Talking(event.channel.id, silent, speaking=False)

    def forget(self, snoop_id: str) -> None:
        self._began.pop(snoop_id, None)
