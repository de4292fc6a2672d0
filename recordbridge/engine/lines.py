"""The dialplans that wait for a recording (FastAGI): who does for a call what ARI may not.

A line is open from the moment that its recording is asked for until the result is told or the
connection breaks. None outlives a restart.
"""

from __future__ import annotations

from typing import Protocol

from recordbridge.engine.actor import Actor
from recordbridge.machine.facts import AgiLeft
from recordbridge.machine.intents import Agi, AgiResult


class Line(Protocol):
    """A connection to a dialplan. Never waits, never calls back from within."""

    def perform(self, intent: Agi) -> None: ...


class Lines:
    """Open lines by their id. Lives on the event loop."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[str, Line]] = {}

    def add(self, agi_id: str, call_uuid: str, line: Line) -> None:
        self._open[agi_id] = (call_uuid, line)

    def close(self, agi_id: str) -> bool:
        """The connection is gone; whether it was still waited for."""
        return self._open.pop(agi_id, None) is not None

    def perform(self, intent: Agi) -> None:
        """Pass it on; what is meant for a connection that is gone is dropped."""
        _, line = self._open.get(intent.agi_id, ("", None))
        if line is None:
            return
        if isinstance(intent, AgiResult):
            del self._open[intent.agi_id]
        line.perform(intent)

    def tell_broken(self, actor: Actor) -> None:
        """Tell a call whose line broke when we were stopped or killed (N-1)."""
        agi_id = actor.state.dialplan.agi_id
        if agi_id and agi_id not in self._open:
            actor.feed(AgiLeft(agi_id))

    def dropped(self, call_uuid: str) -> None:
        """The call goes on without us, or not at all."""
        for agi_id, (call, _) in list(self._open.items()):
            if call == call_uuid:
                error = "the recording could not be kept"
                self.perform(AgiResult(agi_id, status="FAILED", reason="failed", error=error))
