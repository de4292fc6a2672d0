"""Callees that are heard before they answer (183): `dialMusic="real"`, `sendOnPreanswer` (F-4).

With `real` the caller hears ringing until one of them can be heard, and then that one, until it
answers or is gone; the first to be heard stays, as long as it lasts. Keys for a callee that has not
answered go as tones into a bridge with it: Asterisk presses no keys on such a channel.
"""

from __future__ import annotations

from recordbridge.instant import Instant
from recordbridge.machine.intents import (
    EndBridge,
    EndPlayback,
    JoinBridge,
    LeaveBridge,
    MakeBridge,
    Progress,
    Ring,
    SendKeys,
    SendTones,
)
from recordbridge.machine.progress import Dialing, Leg, leg_of, put
from recordbridge.machine.turn import Turn, replace

PAUSES_MS = {"w": 500, "W": 1000}
TONE_MS = 200
"""A tone of 100 ms and as much silence."""


def begun(turn: Turn, dialing: Dialing, leg: Leg) -> Dialing:
    """The leg can be heard from now on."""
    if dialing.phase != "ringing" or leg.phase != "ringing" or leg.ending or leg.early:
        return dialing
    dialing = put(dialing, leg, early=True)
    if dialing.element.real_music and not dialing.heard:
        dialing = _listen(turn, dialing, leg.leg_id)
    if leg.callee.send_on_preanswer and leg.callee.send_digits:
        dialing = _press(turn, dialing, leg.leg_id)
    return dialing


def _listen(turn: Turn, dialing: Dialing, leg_id: str) -> Dialing:
    """The caller hears that one; ringing ends."""
    call = turn.call
    if call.answered_at is not None:
        turn.emit(Ring(channel_id=call.channel_id, on=False))
    elif not call.progressed:
        turn.change(progressed=True)
        turn.emit(Progress(channel_id=call.channel_id))
    apart(turn, dialing)
    members = (call.channel_id, leg_id)
    turn.emit(JoinBridge(channel_id=call.channel_id, bridge_id=dialing.bridge_id, members=members))
    return replace(dialing, heard=leg_id)


def apart(turn: Turn, dialing: Dialing) -> None:
    """The caller leaves the bridge before it joins it with another: where only the other one was
    changed, Asterisk now and then let neither hear anything (measured on a busy machine).
    """
    if dialing.heard:
        turn.emit(LeaveBridge(channel_id=turn.call.channel_id, bridge_id=dialing.bridge_id))


def over(turn: Turn, dialing: Dialing, leg_id: str, *, stays: bool = False) -> Dialing:
    """The caller shall not hear that one any more; the next who can be heard, else ringing.

    `stays`: the leg does not go, it has to leave the bridge.
    """
    if dialing.heard != leg_id:
        return dialing
    channel, bridge = turn.call.channel_id, dialing.bridge_id
    if stays:
        turn.emit(LeaveBridge(channel_id=channel, bridge_id=bridge, member=leg_id))
    for leg in dialing.legs:
        if leg.leg_id != leg_id and leg.early and leg.phase == "ringing" and not leg.ending:
            return _listen(turn, dialing, leg.leg_id)
    turn.emit(LeaveBridge(channel_id=channel, bridge_id=bridge))
    turn.emit(Ring(channel_id=channel))
    return replace(dialing, heard="")


def not_bridged(turn: Turn, dialing: Dialing) -> Dialing:
    """Asterisk would not let the caller hear it: ringing."""
    if not dialing.heard:
        return dialing
    turn.emit(Ring(channel_id=turn.call.channel_id))
    return replace(dialing, heard="")


# -- keys


def _press(turn: Turn, dialing: Dialing, leg_id: str) -> Dialing:
    """In the bridge where the caller hears it, else in one of the leg's own."""
    leg = leg_of(dialing, leg_id)
    assert leg is not None
    channel, own = turn.call.channel_id, ""
    if dialing.heard != leg_id:
        own = turn.new_object("bridge")
        turn.emit(MakeBridge(channel_id=channel, bridge_id=own))
        turn.emit(JoinBridge(channel_id=channel, bridge_id=own, members=(leg_id,)))
    tones_id = turn.new_object("tones")
    digits = leg.callee.send_digits
    turn.durable = True
    turn.emit(
        SendTones(
            channel_id=channel,
            tones_id=tones_id,
            bridge_id=own or dialing.bridge_id,
            digits=digits,
        )
    )
    until = turn.now + lasts_ms(digits)
    return put(
        dialing, leg, own_bridge=own, tones_id=tones_id, tones_from=turn.now, tones_until=until
    )


def lasts_ms(digits: str) -> int:
    """How long it takes to press the keys."""
    return sum(PAUSES_MS.get(key, TONE_MS) for key in digits)


def refused(dialing: Dialing, tones_id: str) -> Dialing:
    """Asterisk would not play them: they are pressed at the answer."""
    for leg in dialing.legs:
        if leg.tones_id == tones_id:
            return put(dialing, leg, tones_id="", tones_until=None)
    return dialing


def due(turn: Turn, dialing: Dialing) -> Dialing:
    """Tones that have been played are ended: by itself Asterisk goes on, in silence."""
    for leg in dialing.legs:
        if leg.tones_until is not None and turn.now >= leg.tones_until:
            turn.emit(EndPlayback(channel_id=turn.call.channel_id, playback_id=leg.tones_id))
            dialing = put(dialing, leg, tones_until=None)
    return dialing


def deadlines(dialing: Dialing) -> list[Instant]:
    """When tones have been played."""
    return [leg.tones_until for leg in dialing.legs if leg.tones_until is not None]


def answered(turn: Turn, dialing: Dialing, leg_id: str) -> Dialing:
    """The leg is connected: press the keys that it has not had yet."""
    leg = leg_of(dialing, leg_id)
    assert leg is not None
    digits = leg.callee.send_digits
    if leg.tones_id:
        digits = _unheard(digits, turn.now - leg.tones_from) if leg.tones_until is not None else ""
    if leg.tones_until is not None:
        turn.emit(EndPlayback(channel_id=turn.call.channel_id, playback_id=leg.tones_id))
        dialing = put(dialing, leg, tones_until=None)
    if digits:
        turn.durable = True
        turn.emit(
            SendKeys(
                channel_id=turn.call.channel_id,
                keys_id=turn.new_object("keys"),
                target=leg_id,
                digits=digits,
            )
        )
    return dialing


def _unheard(digits: str, played_ms: int) -> str:
    """What of the keys has not begun to sound after so long."""
    at = 0
    for index, key in enumerate(digits):
        if at >= played_ms:
            return digits[index:]
        at += lasts_ms(key)
    return ""


def clear(turn: Turn, dialing: Dialing) -> None:
    """Take away the bridges of the legs' own."""
    for leg in dialing.legs:
        if leg.own_bridge:
            turn.emit(EndBridge(channel_id=turn.call.channel_id, bridge_id=leg.own_bridge))
