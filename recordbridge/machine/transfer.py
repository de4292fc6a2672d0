"""Transfers: another channel takes the place of the caller, or of a callee (S-1, F-4).

Asterisk puts a Local channel, whose other half is where the party was transferred to, into our
bridge in the place of the transferer; or, when that party was in no bridge, makes it the same
channel under another name. Either way the call goes on with it: its flow, its Dial, its recordings.
The transferer's own channel stays behind, alone: its phone hangs up when it is told of the success,
and we do if it does not.
"""

from __future__ import annotations

from recordbridge.machine import dial, dialing, follow, leftovers
from recordbridge.machine import facts as f
from recordbridge.machine.intents import EndLeg, HangUp
from recordbridge.machine.progress import Dialing, Leg, leg_of
from recordbridge.machine.state import HangingUp
from recordbridge.machine.turn import Turn

TRANSFERER_MS = 2_000
"""How long a transferer may take to hang up; before that it is told that the transfer worked."""


def replaced(turn: Turn, fact: f.ChannelReplaced) -> None:
    """A channel took the place of one of ours."""
    dialing_now = dialing.under_way(turn)
    if fact.old_id == turn.call.channel_id:
        _caller(turn, fact)
        return
    leg = None if dialing_now is None else leg_of(dialing_now, fact.old_id)
    if dialing_now is None or leg is None or leg.phase == "ended":
        turn.emit(EndLeg(channel_id=turn.call.channel_id, leg_id=fact.new_id))
        return
    _callee(turn, fact, dialing_now, leg)


def unheard(turn: Turn, fact: f.PbxSeen, *, moved: bool) -> None:
    """N-3: one that is seen by who stands in our bridge; `moved`: in the caller's place."""
    now = dialing.under_way(turn)
    far = "" if now is None else now.winner or now.heard
    old = turn.call.channel_id if moved else far
    if old:
        replaced(turn, f.ChannelReplaced(fact.at, old, fact.stranger))


def _caller(turn: Turn, fact: f.ChannelReplaced) -> None:
    """The call is now that of whoever is behind the new channel."""
    call = turn.call
    turn.change(channel_id=fact.new_id, former=(*call.former, fact.old_id))
    turn.note("call_transferred", leg="caller", channel=fact.new_id)
    leftovers.later(turn, fact.old_id, TRANSFERER_MS)
    if not call.present or isinstance(call.flow.doing, HangingUp):
        turn.emit(HangUp(channel_id=fact.new_id))
        return
    under_way = dialing.under_way(turn)
    if under_way is not None and under_way.phase == "connected":
        for recording in turn.call.recordings:
            follow.begin(turn, recording)


def _callee(turn: Turn, fact: f.ChannelReplaced, dialing_now: Dialing, leg: Leg) -> None:
    """The caller talks to whoever is behind the new channel; the Dial goes on with it."""
    turn.flow(doing=dial.replaced(dialing_now, leg, fact.new_id))
    turn.note("call_transferred", leg="callee", channel=fact.new_id)
    leftovers.later(turn, fact.old_id, TRANSFERER_MS)
    if leg.ending:
        turn.emit(EndLeg(channel_id=turn.call.channel_id, leg_id=fact.new_id))
