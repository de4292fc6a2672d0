"""Negative controls: one safety of the service taken away, so that the laboratory must fail.

Each replaces a function of a service that is about to start in this process (`served`), and says
what the laboratory has to find then, and where.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def _replace(where: object, name: str, by: object) -> None:
    """In a class or a module of the service."""
    setattr(where, name, by)


def _sent_before_kept() -> None:
    """H-3: requests go out first and are committed afterwards, if at all."""
    from recordbridge.engine import rows
    from recordbridge.engine.actor import Actor
    from recordbridge.machine.intents import Request

    flush = Actor._flush

    def sends_first(self: Actor) -> None:
        now = self._clock()
        for intent in [each for each in self._late if isinstance(each, Request)]:
            self._hands.requested(rows.request_row(self.state, intent, now))
        self._loop.call_later(1.0, flush, self)

    _replace(Actor, "_flush", sends_first)


def _not_reconciled() -> None:
    """N-1: nobody looks what Asterisk has after a start or a gap."""
    from recordbridge.engine.recovery import Recovery

    async def nothing(self: Recovery, pbx: Any) -> None: ...

    _replace(Recovery, "reconcile", nothing)


def _fence_ignored() -> None:
    """N-6: whatever a worker writes about a call is kept, also when another has the call."""
    from sqlalchemy import bindparam, update

    from recordbridge.store import statements
    from recordbridge.store.tables import calls

    def unfenced() -> Any:
        fixed = statements.CALL_FIXED
        names = [column.name for column in calls.columns if column.name not in fixed]
        changed = update(calls).values({name: bindparam(name) for name in names})
        return changed.where(calls.c.call_uuid == bindparam("at_call_uuid"))

    _replace(statements, "_call_update", unfenced)


@dataclass(frozen=True)
class Control:
    """`remove` takes the safety away; one of `finds` must be among the findings then."""

    remove: Callable[[], None]
    finds: tuple[str, ...]
    lane: str
    scene: str
    kills: int
    places: tuple[str, ...] = ()
    """Where the service is killed; empty: anywhere."""
    warm_s: float = 4
    seconds: float = 10
    """How long calls come."""


CONTROLS = {
    "sent-before-kept": Control(
        _sent_before_kept, ("strange repeat",), "plain", "plain key", 2, ("answered.answer",)
    ),
    "not-reconciled": Control(
        _not_reconciled, ("lost callback", "stuck"), "plain", "plain maxLength", 2
    ),
    "fence-ignored": Control(
        _fence_ignored, ("changed repeat",), "pair", "plain key", 0, warm_s=8, seconds=28
    ),
}
