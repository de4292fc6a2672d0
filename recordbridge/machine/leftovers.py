"""Ends that Asterisk did not take are asked for again until it does (N-3).

While the connection is away commands are refused, not kept. A snoop would go on until the hangup,
a leg until the callee gives up, a bridge for ever. So a call is not settled before everything it
made has been ended: again when the connection is back (`PbxSeen`), else every few seconds. That
what shall be ended is gone already is no refusal.
"""

from __future__ import annotations

from recordbridge import ids
from recordbridge.machine import facts as f
from recordbridge.machine.intents import (
    EndBridge,
    EndCapture,
    EndLeg,
    EndPlayback,
    EndSnoop,
    Pbx,
)
from recordbridge.machine.state import Leftover
from recordbridge.machine.turn import Turn, replace

AGAIN_MS = 5_000
"""How long after a refusal an end is asked for again; not refused for so long, it was taken."""

ENDS = frozenset(("EndSnoop", "EndCapture", "EndPlayback", "EndLeg", "EndBridge"))


def refused(turn: Turn, fact: f.CommandRefused) -> bool:
    """Keep in mind what was not ended; tells whether that is known already."""
    if fact.command not in ENDS or fact.gone:
        return False
    known = any(each.object_id == fact.object_id for each in turn.call.leftovers)
    others = tuple(each for each in turn.call.leftovers if each.object_id != fact.object_id)
    turn.change(
        leftovers=(*others, Leftover(fact.object_id)),
        leftovers_due=turn.call.leftovers_due or turn.now + AGAIN_MS,
    )
    turn.durable = True
    return known


def later(turn: Turn, channel_id: str, ms: int) -> None:
    """Hang a channel up that goes by itself, if it does not within that time."""
    due_at = turn.now + ms
    turn.change(
        leftovers=(*turn.call.leftovers, Leftover(channel_id)),
        leftovers_due=min(due_at, turn.call.leftovers_due or due_at),
    )
    turn.durable = True


def due(turn: Turn) -> None:
    """Ask again for what was refused; forget what was not refused again."""
    until = turn.call.leftovers_due
    if until is not None and turn.now >= until:
        _ask(turn, tuple(each for each in turn.call.leftovers if not each.asked))


def seen(turn: Turn) -> None:
    """The connection is back: ask for all of it."""
    if turn.call.leftovers:
        _ask(turn, turn.call.leftovers)


def _ask(turn: Turn, these: tuple[Leftover, ...]) -> None:
    for each in these:
        turn.emit(_end(turn.call.channel_id, each.object_id))
    turn.change(
        leftovers=tuple(replace(each, asked=True) for each in these),
        leftovers_due=turn.now + AGAIN_MS if these else None,
    )
    turn.durable = True


def _end(channel: str, object_id: str) -> Pbx:
    made = ids.parse_object_id(object_id)
    if made is None:  # a channel that a transfer brought or left
        return EndLeg(channel_id=channel, leg_id=object_id)
    match made.kind:
        case "snoop":
            return EndSnoop(channel_id=channel, snoop_id=object_id)
        case "rec":
            return EndCapture(channel_id=channel, name=object_id)
        case "leg":
            return EndLeg(channel_id=channel, leg_id=object_id)
        case "bridge":
            return EndBridge(channel_id=channel, bridge_id=object_id)
        case _:
            return EndPlayback(channel_id=channel, playback_id=object_id)
