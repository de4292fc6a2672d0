"""`<Dial>`: all callees ring at once, the first to answer (and confirm) is connected (F-4).

    ringing     legs are dialled; the caller hears ringing, dialMusic, or a leg (`early`)
    connecting  a callee is there: what was armed begins to record, then both are bridged, so
                that the first word is in the file (S-9)
    connected   until a party hangs up, `*`, or timeLimit

A leg that answers may have to be confirmed by a key first, while the others go on ringing.
"""

from __future__ import annotations

import msgspec

from recordbridge.instant import Instant
from recordbridge.machine import early, prompts, renewal, reports
from recordbridge.machine.intents import (
    BeginLeg,
    EndBridge,
    EndLeg,
    JoinBridge,
    LeaveBridge,
    MakeBridge,
    Progress,
    Ring,
)
from recordbridge.machine.progress import Dialing, Leg, Prompting, leg_of, put
from recordbridge.machine.turn import Turn, replace
from recordbridge.plivo import hangup_causes
from recordbridge.plivo.elements import Callee, Dial, Prompt
from recordbridge.plivo.hangup_causes import DialStatus

CONNECT_MS = 500
"""How long the connection waits for recordings to begin."""
PARTED_MS = 1_000
"""Two that cannot be bridged: this long it may take until a hangup shows why."""

LEFT_MS = 500
"""A leg that left our application: this long it may take until its hangup is told."""

NORMAL = 16
NO_ANSWER = 19
ELSEWHERE = 26


class Dialed(msgspec.Struct, frozen=True):
    """The end of a Dial."""

    dialing: Dialing
    status: DialStatus


Progressed = Dialing | Dialed


def begin(turn: Turn, element: Dial) -> Dialing:
    """Dial all callees."""
    call = turn.call
    bridge_id = turn.new_object("bridge")
    turn.emit(MakeBridge(channel_id=call.channel_id, bridge_id=bridge_id))
    if element.dial_music is None:
        turn.emit(Ring(channel_id=call.channel_id))
    legs = tuple(_leg(turn, element, callee) for callee in element.callees)
    until = turn.now + element.timeout_s * 1000
    return Dialing(element=element, legs=legs, bridge_id=bridge_id, until=until)


def _leg(turn: Turn, element: Dial, callee: Callee) -> Leg:
    call, profile = turn.call, turn.call.profile
    leg_id = turn.new_object("leg")
    template = profile.dial_user if callee.user else profile.dial_number
    turn.emit(
        BeginLeg(
            channel_id=call.channel_id,
            leg_id=leg_id,
            endpoint=template.format(number=callee.address, user=callee.address),
            caller_id=reports.shown_to_callees(call, element),
            caller_name=element.caller_name or "",
            timeout_s=element.timeout_s,
            headers=callee.sip_headers,
        )
    )
    return Leg(leg_id=leg_id, callee=callee, begun_at=turn.now)


def anew(turn: Turn, dialing: Dialing, leg: Leg) -> Dialing:
    """The phone may not have been told: dial it under another id, for the time that is left."""
    turn.emit(EndLeg(channel_id=turn.call.channel_id, leg_id=leg.leg_id))
    left_s = max(1, (dialing.until - turn.now) // 1000)
    fresh = _leg(turn, replace(dialing.element, timeout_s=left_s), leg.callee)
    legs = tuple(fresh if old.leg_id == leg.leg_id else old for old in dialing.legs)
    return replace(dialing, legs=legs)


# -- ringing


def ringing(dialing: Dialing, leg: Leg) -> Dialing:
    """DialRingStatus will be true."""
    return put(dialing, leg, rang=True)


def music_arrived(turn: Turn, dialing: Dialing, items: tuple[Prompt, ...]) -> Dialing:
    """What the caller hears instead of ringing."""
    if dialing.phase != "ringing":
        return replace(dialing, music_request="")
    if turn.call.answered_at is None:
        turn.emit(Progress(channel_id=turn.call.channel_id))
    music = prompts.start(turn, items, for_ever=True)
    return replace(dialing, music_request="", music=music)


def music_failed(turn: Turn, dialing: Dialing) -> Dialing:
    """No music: ringing."""
    if dialing.phase == "ringing":
        turn.emit(Ring(channel_id=turn.call.channel_id))
    return replace(dialing, music_request="")


def answered(turn: Turn, dialing: Dialing, leg: Leg, at: Instant) -> Dialing:
    """A callee is there: it is connected, or asked to confirm first."""
    if leg.answered_at is not None or leg.ending:
        return dialing
    if dialing.winner:  # too late: nothing is told of it
        return end_leg(turn, dialing, leg.leg_id, "elsewhere", ELSEWHERE)
    element = dialing.element
    dialing = put(dialing, leg, answered_at=at)
    if not element.confirm_key and element.confirm_sound is None:
        return win(turn, dialing, leg.leg_id)
    dialing = early.over(turn, dialing, leg.leg_id, stays=True)
    leg = leg_of(dialing, leg.leg_id) or leg
    until = turn.now + element.confirm_timeout_s * 1000
    return put(dialing, leg, phase="confirming", until=until)


def confirm_with(turn: Turn, dialing: Dialing, leg: Leg, items: tuple[Prompt, ...]) -> Dialing:
    """The callee hears confirmSound."""
    prompting = prompts.start(turn, items, target=leg.leg_id)
    return confirm_heard(turn, put(dialing, leg, request_id=""), leg.leg_id, prompting)


def confirm_heard(
    turn: Turn, dialing: Dialing, leg_id: str, prompting: Prompting | None
) -> Dialing:
    """The sound went on, or (None) has ended: without a key to press that is enough."""
    leg = leg_of(dialing, leg_id)
    if leg is None or leg.phase != "confirming":
        return dialing
    dialing = put(dialing, leg, prompting=prompting)
    if prompting is None and not dialing.element.confirm_key:
        return win(turn, dialing, leg_id)
    return dialing


def win(turn: Turn, dialing: Dialing, leg_id: str) -> Dialing:
    """The leg gets the call; the caller is answered, the others are told (9000)."""
    leg = leg_of(dialing, leg_id)
    assert leg is not None
    if leg.prompting is not None:
        prompts.stop(turn, leg.prompting)
    dialing = put(dialing, leg, phase="confirmed", prompting=None, until=None)
    for other in dialing.legs:
        if other.leg_id != leg_id and other.phase != "ended":
            dialing = end_leg(turn, dialing, other.leg_id, "elsewhere", ELSEWHERE)
    if dialing.music is not None:
        prompts.stop(turn, dialing.music)
    if turn.call.answered_at is None:
        turn.answer()
    elif dialing.element.dial_music is None and not dialing.heard:
        dialing = replace(dialing, tone=True)
        if not renewal.under_way(turn):
            dialing = _silenced(turn, dialing)
    until = turn.now + CONNECT_MS
    return replace(dialing, phase="connecting", winner=leg_id, music=None, until=until)


# -- connecting, connected


def connect(turn: Turn, dialing: Dialing) -> Dialing:
    """Bridge the two, now that everything that shall record them does."""
    leg = leg_of(dialing, dialing.winner)
    assert leg is not None
    channel = turn.call.channel_id
    dialing = _silenced(turn, dialing)
    if dialing.heard != leg.leg_id:
        early.apart(turn, dialing)
        members = (channel, leg.leg_id)
        turn.emit(JoinBridge(channel_id=channel, bridge_id=dialing.bridge_id, members=members))
    dialing = early.answered(turn, dialing, leg.leg_id)
    leg = leg_of(dialing, leg.leg_id) or leg
    turn.durable = True
    dialing = put(dialing, leg, phase="joined")
    limit = turn.now + dialing.element.time_limit_s * 1000
    return replace(dialing, phase="connected", connected_at=turn.now, until=limit)


def _silenced(turn: Turn, dialing: Dialing) -> Dialing:
    if dialing.tone and turn.call.present:
        turn.emit(Ring(channel_id=turn.call.channel_id, on=False))
    return replace(dialing, tone=False)


def parted(turn: Turn, dialing: Dialing) -> Dialing:
    """Asterisk could not bridge the two. Mostly one of them is hanging up, which tells the rest."""
    return replace(dialing, connected_at=None, until=turn.now + PARTED_MS)


def leg_key(turn: Turn, dialing: Dialing, leg: Leg, key: str) -> Dialing:
    """A callee's key confirms; a wrong one does nothing."""
    if leg.phase == "confirming" and key == dialing.element.confirm_key:
        return win(turn, dialing, leg.leg_id)
    return dialing


def matched(pressed: str, patterns: tuple[str, ...]) -> str:
    """The pattern that the keys pressed so far end with, or nothing."""
    return next((each for each in patterns if pressed.endswith(each)), "")


# -- the end


def end_leg(
    turn: Turn, dialing: Dialing, leg_id: str, reason: str = "normal", cause: int = 0
) -> Dialing:
    """Hang a leg up."""
    leg = leg_of(dialing, leg_id)
    if leg is None or leg.phase == "ended" or leg.ending:
        return dialing
    if leg.prompting is not None:
        prompts.stop(turn, leg.prompting)
    turn.emit(EndLeg(channel_id=turn.call.channel_id, leg_id=leg_id, reason=reason))
    return put(dialing, leg, ending=True, prompting=None, until=None, cause=cause)


def leg_ended(turn: Turn, dialing: Dialing, leg: Leg, at: Instant, cause: int) -> Progressed:
    """A leg is gone; with the last one, or the connected one, the Dial is over."""
    if leg.phase == "ended":
        return dialing
    dialing = put(
        dialing, leg, phase="ended", ended_at=at, cause=leg.cause or cause, prompting=None
    )
    if leg.leg_id == dialing.winner:
        return Dialed(dialing, "completed")
    if not dialing.winner and all(each.phase == "ended" for each in dialing.legs):
        return Dialed(dialing, _status(dialing))
    return dialing if dialing.winner else early.over(turn, dialing, leg.leg_id)


def leg_left(dialing: Dialing, leg: Leg, at: Instant) -> Dialing:
    """It was hung up, or somebody took it: then it is not ours to hang up any more."""
    if leg.phase == "ended" or leg.left_at is not None:
        return dialing
    return put(dialing, leg, left_at=at)


def taken(turn: Turn, dialing: Dialing) -> Leg | None:
    """A leg that left us alive, as is known by now."""
    left = (leg for leg in dialing.legs if leg.left_at is not None and leg.phase != "ended")
    return next((leg for leg in left if turn.now >= (leg.left_at or 0) + LEFT_MS), None)


def replaced(dialing: Dialing, leg: Leg, channel_id: str) -> Dialing:
    """Another channel is in the leg's place: to the Dial it is the same callee."""
    if leg.leg_id == dialing.winner:
        dialing = replace(dialing, winner=channel_id, keys_b="")
    return put(dialing, leg, leg_id=channel_id, dialled_id=leg.first_id)


def _status(dialing: Dialing) -> DialStatus:
    """Nobody was connected: what the callee that was the last to go said."""
    last = max(dialing.legs, key=lambda leg: leg.ended_at or 0)
    return hangup_causes.dial_status(last.cause)


def due(turn: Turn, dialing: Dialing) -> Progressed:
    """Deadlines: nobody answered, nobody confirmed, recordings are slow, timeLimit."""
    for leg in dialing.legs:
        if leg.phase == "confirming" and leg.until is not None and turn.now >= leg.until:
            dialing = end_leg(turn, dialing, leg.leg_id, "normal", NO_ANSWER)
    dialing = early.due(turn, dialing)
    if turn.now < dialing.until:
        return dialing
    if dialing.phase == "connecting":
        return connect(turn, dialing)
    if dialing.phase == "connected":
        return Dialed(dialing, "failed" if dialing.connected_at is None else "completed")
    waiting = [leg for leg in dialing.legs if leg.phase == "confirming" and not leg.ending]
    for leg in dialing.legs:
        if leg.phase == "ringing":
            dialing = end_leg(turn, dialing, leg.leg_id, "normal", NO_ANSWER)
    if waiting:
        last = max(leg.until or turn.now for leg in waiting)
        return replace(dialing, until=max(last, turn.now + 1))
    return Dialed(dialing, "timeout")


def deadline(dialing: Dialing) -> Instant:
    """When something is due."""
    confirming = [leg.until for leg in dialing.legs if leg.until and leg.phase == "confirming"]
    left = [leg.left_at + LEFT_MS for leg in dialing.legs if leg.left_at and leg.phase != "ended"]
    return min([dialing.until, *confirming, *left, *early.deadlines(dialing)])


def clear(turn: Turn, dialing: Dialing) -> None:
    """Take everything away that the Dial has made."""
    if dialing.music is not None:
        prompts.stop(turn, dialing.music)
    for leg in dialing.legs:
        if leg.phase != "ended" and leg.left_at is None:
            end_leg(turn, dialing, leg.leg_id)
    channel = turn.call.channel_id
    if (dialing.phase == "connected" or dialing.heard) and turn.call.present:
        turn.emit(LeaveBridge(channel_id=channel, bridge_id=dialing.bridge_id))
    turn.emit(EndBridge(channel_id=channel, bridge_id=dialing.bridge_id))
    early.clear(turn, dialing)
    _silenced(turn, dialing)
    if dialing.phase == "ringing" and turn.call.present and dialing.element.dial_music is None:
        turn.emit(Ring(channel_id=turn.call.channel_id, on=False))
