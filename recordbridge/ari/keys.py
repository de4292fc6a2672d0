"""The end of keys that are being sent: no event tells it, so it is known by the clock.

Asterisk sends them at fixed lengths (`dialling`). A line that breaks meanwhile changes nothing:
keys are never sent again.
"""

from __future__ import annotations

import asyncio

from recordbridge.ari.command import Command
from recordbridge.machine.facts import KeysSent
from recordbridge.ports.pbx import FactSink

SLACK_MS = 100


class KeysInFlight:
    """Tells KeysSent once for each command."""

    def __init__(self, sink: FactSink) -> None:
        self._sink = sink
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def begin(self, call: str, command: Command) -> None:
        self._timers[command.object_id] = asyncio.get_running_loop().call_later(
            (command.lasts_ms + SLACK_MS) / 1000, self.end, call, command.object_id
        )

    def end(self, call: str, keys_id: str) -> None:
        """They have been sent, or were refused."""
        timer = self._timers.pop(keys_id, None)
        if timer is not None:
            timer.cancel()
            self._sink(call, KeysSent(keys_id))

    def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
