"""A Dial in the flow: what is recorded with it, what is reported of it, how it ends (F-4, S-2)."""

from __future__ import annotations

from typing import Literal

from recordbridge.instant import Instant
from recordbridge.machine import (
    background,
    capture,
    dial,
    documents,
    early,
    prompts,
    renewal,
    reports,
)
from recordbridge.machine.dial import Dialed, Progressed
from recordbridge.machine.intents import Abandon, EndLeg, Request
from recordbridge.machine.progress import Dialing, Leg, Prompting, leg_of, put
from recordbridge.machine.turn import Turn, replace
from recordbridge.plivo.elements import Dial, Prompt
from recordbridge.plivo.hangup_causes import DialStatus
from recordbridge.plivo.parameters import DialAction

DIGITS_KEPT = 32
"""How many keys digitsMatch looks back."""


def begin(turn: Turn, element: Dial) -> None:
    """Dial; what is armed belongs to this Dial, even if nobody answers (S-2)."""
    armed = turn.call.armed
    turn.change(armed=())
    dialing = replace(dial.begin(turn, element), armed=armed)
    if element.dial_music is not None:
        dialing = replace(
            dialing, music_request=documents.prompts(turn, "music", element.dial_music)
        )
    turn.flow(doing=dialing)


def under_way(turn: Turn) -> Dialing | None:
    """The Dial that runs now."""
    doing = turn.call.flow.doing
    return doing if isinstance(doing, Dialing) else None


def take(turn: Turn, progressed: Progressed) -> None:
    """Go on with the Dial as it now is, or end it."""
    if isinstance(progressed, Dialed):
        finish(turn, progressed.dialing, progressed.status)
        return
    turn.flow(doing=progressed)
    go_on(turn)


def go_on(turn: Turn) -> None:
    """With a callee there: begin to record, then connect (S-9)."""
    dialing = under_way(turn)
    if dialing is None or dialing.phase != "connecting" or turn.call.away:
        return
    if dialing.armed:
        begun = tuple(
            background.begin(turn, each, "session" if each.record_session else "dial")
            for each in dialing.armed
        )
        dialing = replace(dialing, armed=(), recordings=tuple(each.recording_id for each in begun))
        turn.flow(doing=dialing)
        for each in begun:
            if each.refused:
                capture.refuse(turn, each)
    started = all(background.started(turn, each) for each in dialing.recordings)
    if started and not renewal.under_way(turn):
        turn.flow(doing=dial.connect(turn, dialing))


# -- what happens to legs


def leg_ringing(turn: Turn, leg_id: str) -> None:
    dialing = under_way(turn)
    leg = None if dialing is None else leg_of(dialing, leg_id)
    if dialing is not None and leg is not None and not leg.rang:
        turn.flow(doing=dial.ringing(dialing, leg))


def leg_early(turn: Turn, leg_id: str) -> None:
    dialing = under_way(turn)
    leg = None if dialing is None else leg_of(dialing, leg_id)
    if dialing is not None and leg is not None:
        take(turn, early.begun(turn, dialing, leg))


def leg_unsent(turn: Turn, leg_id: str) -> None:
    """Asterisk was not told to dial it, for we are not connected."""
    dialing = under_way(turn)
    leg = None if dialing is None else leg_of(dialing, leg_id)
    if dialing is not None and leg is not None:
        turn.flow(doing=put(dialing, leg, unsent=True))


def leg_answered(turn: Turn, leg_id: str, at: Instant) -> None:
    dialing = under_way(turn)
    leg = None if dialing is None else leg_of(dialing, leg_id)
    if dialing is None or leg is None:
        _stray(turn, leg_id)
        return
    if leg.answered_at is not None:
        return
    dialing = dial.answered(turn, dialing, leg, at)
    leg = leg_of(dialing, leg_id) or leg
    if not leg.ending:
        _tell(turn, dialing, leg, "answer")
    if leg.phase == "confirming":
        dialing = _confirm(turn, dialing, leg)
    take(turn, dialing)


def _stray(turn: Turn, leg_id: str) -> None:
    """A leg of a Dial that is over was answered in the last moment."""
    turn.emit(EndLeg(channel_id=turn.call.channel_id, leg_id=leg_id))


def _confirm(turn: Turn, dialing: Dialing, leg: Leg) -> Dialing:
    sound = dialing.element.confirm_sound
    if sound is None:
        return dialing
    return put(dialing, leg, request_id=documents.prompts(turn, "confirm", sound))


def leg_ended(turn: Turn, leg_id: str, at: Instant, cause: int) -> None:
    dialing = under_way(turn)
    leg = None if dialing is None else leg_of(dialing, leg_id)
    if dialing is None or leg is None or leg.phase == "ended":
        return
    progressed = dial.leg_ended(turn, dialing, leg, at, cause)
    now = progressed.dialing if isinstance(progressed, Dialed) else progressed
    ended = leg_of(now, leg_id) or leg
    if leg.answered_at is not None:
        _tell(turn, now, ended, "hangup")
    take(turn, progressed)


def leg_left(turn: Turn, leg_id: str, at: Instant) -> None:
    """Whether it was hung up or taken by somebody, its end tells within a moment."""
    dialing = under_way(turn)
    leg = None if dialing is None else leg_of(dialing, leg_id)
    if dialing is not None and leg is not None:
        turn.flow(doing=dial.leg_left(dialing, leg, at))


def leg_key(turn: Turn, leg_id: str, key: str) -> None:
    """A callee's key: confirms, or is matched."""
    dialing = under_way(turn)
    leg = None if dialing is None else leg_of(dialing, leg_id)
    if dialing is None or leg is None:
        return
    if dialing.phase == "connected" and leg_id == dialing.winner:
        patterns = dialing.element.digits_match_b
        pressed = (dialing.keys_b + key)[-DIGITS_KEPT:]
        found = dial.matched(pressed, patterns)
        turn.flow(doing=replace(dialing, keys_b="" if found else pressed))
        if found:
            _tell(turn, dialing, leg, "digits", found, "BLeg")
        return
    changed = dial.leg_key(turn, dialing, leg, key)
    if changed is not dialing:
        take(turn, changed)


def caller_key(turn: Turn, key: str) -> None:
    """The caller's key: `*` drops the callee, others are matched."""
    dialing = under_way(turn)
    if dialing is None or dialing.phase != "connected":
        return
    leg = leg_of(dialing, dialing.winner)
    assert leg is not None
    if key == "*" and dialing.element.hangup_on_star:
        take(turn, Dialed(dialing, "completed"))
        return
    if not dialing.element.digits_match:
        return
    pressed = (dialing.keys_a + key)[-DIGITS_KEPT:]
    found = dial.matched(pressed, dialing.element.digits_match)
    turn.flow(doing=replace(dialing, keys_a="" if found else pressed))
    if found:
        _tell(turn, dialing, leg, "digits", found, "ALeg")


# -- prompts of a Dial


def prompts_arrived(turn: Turn, request_id: str, items: tuple[Prompt, ...] | None) -> bool:
    """The document of dialMusic or confirmSound, or (None) that there is none."""
    dialing = under_way(turn)
    if dialing is None:
        return False
    if request_id == dialing.music_request:
        if items is None:
            take(turn, dial.music_failed(turn, dialing))
        else:
            take(turn, dial.music_arrived(turn, dialing, items))
        return True
    for leg in dialing.legs:
        if leg.request_id == request_id:
            take(turn, dial.confirm_with(turn, dialing, leg, items or ()))
            return True
    return False


def prompting_of(dialing: Dialing, object_id: str) -> tuple[str, Prompting] | None:
    """Whose prompts wait for that media or playback: ("", music) or (leg id, confirmSound)."""
    heard = [("", dialing.music), *((leg.leg_id, leg.prompting) for leg in dialing.legs)]
    for whose, prompting in heard:
        if prompting is not None and object_id in (prompting.media_id, prompting.playback_id):
            return whose, prompting
    return None


def heard(turn: Turn, whose: str, prompting: Prompting | None) -> None:
    """Music or confirmSound went on."""
    dialing = under_way(turn)
    if dialing is None:
        return
    if whose:
        take(turn, dial.confirm_heard(turn, dialing, whose, prompting))
    else:
        turn.flow(doing=replace(dialing, music=prompting))


def due(turn: Turn) -> None:
    """Deadlines of the Dial, and Waits among its prompts."""
    dialing = under_way(turn)
    if dialing is None:
        return
    if dialing.music is not None:
        heard(turn, "", prompts.due(turn, dialing.music))
    for leg in dialing.legs:
        if leg.prompting is not None:
            heard(turn, leg.leg_id, prompts.due(turn, leg.prompting))
    dialing = under_way(turn)
    if dialing is not None and (taken := dial.taken(turn, dialing)) is not None:
        turn.note("leg_taken", leg_id=taken.leg_id)
        leg_ended(turn, taken.leg_id, taken.left_at or turn.now, dial.NORMAL)
        dialing = under_way(turn)
    if dialing is not None:
        progressed = dial.due(turn, dialing)
        if progressed is not dialing:
            take(turn, progressed)


def deadline(dialing: Dialing) -> Instant:
    """When something is due."""
    waits = [p.until for p in (dialing.music, *(leg.prompting for leg in dialing.legs)) if p]
    return min([dial.deadline(dialing), *(each for each in waits if each is not None)])


# -- the end


def finish(turn: Turn, dialing: Dialing, status: DialStatus, *, taken_away: bool = False) -> None:
    """The Dial is over: what it made is taken away, its recordings end, it is reported.

    `taken_away`: something else runs now, or nothing, so nobody waits for the reply (H-3).
    """
    dial.clear(turn, dialing)
    for request_id in (dialing.music_request, *(leg.request_id for leg in dialing.legs)):
        if request_id:
            turn.emit(Abandon(request_id=request_id))
    if turn.call.present:
        background.dial_over(turn, dialing.recordings)
    for leg in dialing.legs:
        if leg.answered_at is not None and leg.phase != "ended":
            _tell(turn, dialing, leg, "hangup")
    turn.note("dial_ended", status=status)
    turn.flow(doing=None)
    element = dialing.element
    parameters = reports.dial(turn.call, dialing, status)
    documents.action(
        turn, element.action, parameters, redirect=element.redirect, ignored=taken_away
    )


def not_bridged(turn: Turn, bridge_id: str) -> None:
    """Asterisk could not bridge the two: nobody shall wait in silence until timeLimit."""
    dialing = under_way(turn)
    if dialing is None or dialing.bridge_id != bridge_id:
        return
    if dialing.phase == "connected":
        take(turn, dial.parted(turn, dialing))
    elif dialing.phase == "ringing":
        turn.flow(doing=early.not_bridged(turn, dialing))


def tones_refused(turn: Turn, tones_id: str) -> None:
    """Asterisk will not let a callee hear its keys before it answers."""
    dialing = under_way(turn)
    if dialing is not None:
        turn.flow(doing=early.refused(dialing, tones_id))


def call_gone(turn: Turn, dialing: Dialing) -> None:
    """The caller is gone, or the flow was taken away: legs end, and it is reported (H-3)."""
    status: DialStatus = "cancel" if dialing.connected_at is None else "completed"
    finish(turn, dialing, status, taken_away=True)


def _tell(
    turn: Turn,
    dialing: Dialing,
    leg: Leg,
    what: DialAction,
    digits: str = "",
    by: Literal["ALeg", "BLeg", ""] = "",
) -> None:
    """The Dial's `callbackUrl`: answer, hangup, digits."""
    target = dialing.element.callback
    if target is None:
        return
    turn.emit(
        Request(
            request_id=turn.new_request(),
            kind="dial",
            target=target,
            parameters=reports.dial_event(
                turn.call, leg, dialing.element, what, turn.now, digits=digits, by=by
            ),
        )
    )
