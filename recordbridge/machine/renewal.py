"""Snoops begun anew, where Asterisk's hear one sender only (S-1).

What snoops hear passes through a translator that belongs to the channel and goes with the last of
them. Some builds have one that drops another sender's packets as late (docs/guarantees.md). There,
when another sender's turn comes, all snoops of the channel end, and a moment later others begin;
the files are put together by their times. What the parties hear is never touched.
"""

from __future__ import annotations

from recordbridge.machine import capture, follow, life
from recordbridge.machine import facts as f
from recordbridge.machine.intents import BeginPlayback, EndCapture, EndSnoop, MakeBridge
from recordbridge.machine.progress import Dialing
from recordbridge.machine.state import Recording, Tap, Waiting
from recordbridge.machine.turn import Turn

SETTLE_MS = 40
"""A snoop that is told to have left stays on the channel until the next frame there (20 ms)."""
GONE_MS = 500
"""How long it may take until the ends of all are told."""
SOUND = "sound"
"""As a sender: a file of Asterisk's own, which may come as frames with numbers."""
LISTENING = ("preparing", "starting", "answering", "running")


def settle(turn: Turn) -> None:
    """After each step on such a build: another sender than before is heard, or is about to be."""
    call = turn.call
    if not any(each.phase in LISTENING for each in call.recordings):
        _heard(turn, "")  # the translator goes with the snoops
        return
    sender, plays = _sender(turn), _plays(turn)
    if call.sender and _another(turn, sender, plays=plays):
        _end_snoops(turn)
        _heard(turn, sender or (SOUND if plays else ""))
    elif sender or plays:
        _heard(turn, sender or SOUND)


def elsewhere(turn: Turn, _: f.MovedElsewhere) -> None:
    """Somebody has put the channel into a bridge of his own: others are heard there."""
    if turn.call.one_stream and turn.call.sender:
        _end_snoops(turn)


def _heard(turn: Turn, sender: str) -> None:
    if turn.call.sender != sender:
        turn.change(sender=sender)
        turn.durable = True


def _sender(turn: Turn) -> str:
    """The channel that our channel is connected to."""
    doing = turn.call.flow.doing
    if isinstance(doing, Dialing):
        return doing.winner if doing.phase == "connected" else doing.heard
    return turn.call.dialplan.peer


def _another(turn: Turn, sender: str, *, plays: bool) -> bool:
    """A Dial's beginning is the time for it: nobody speaks yet. All files count as one sender."""
    if sender not in ("", turn.call.sender) or _dials(turn):
        return True
    return plays and turn.call.sender != SOUND


def _dials(turn: Turn) -> bool:
    doing = turn.call.flow.doing
    made = {each.bridge_id for each in turn.intents if isinstance(each, MakeBridge)}
    return isinstance(doing, Dialing) and doing.bridge_id in made


def _plays(turn: Turn) -> bool:
    """A sound of Asterisk's own is played to the caller; ours are of no sender."""
    return any(
        isinstance(each, BeginPlayback)
        and not each.target
        and each.media.startswith("sound:")
        and not each.media.startswith("sound:http")
        for each in turn.intents
    )


def _end_snoops(turn: Turn) -> None:
    channel = turn.call.channel_id
    leaving: list[str] = []
    for recording in turn.call.recordings:
        if recording.phase != "running" or not recording.background or recording.coming:
            continue
        if capture.has_ended(recording):
            continue
        for tap in recording.taps:
            leaving.append(tap.snoop_id)
            if tap.closed:
                turn.emit(EndSnoop(channel_id=channel, snoop_id=tap.snoop_id))
            else:
                turn.emit(EndCapture(channel_id=channel, name=life.capture_name(tap)))
        turn.put(recording, renewing=True)
    if leaving:
        turn.durable = True
        turn.change(leaving=tuple(leaving), renewal=turn.now + GONE_MS)


def under_way(turn: Turn) -> bool:
    """Whoever came now would not be heard from the first word on (S-9)."""
    return any(each.renewing or each.coming for each in turn.call.recordings)


def closed(turn: Turn, recording: Recording, tap: Tap) -> None:
    """With its file closed the snoop can go."""
    if recording.renewing:
        turn.emit(EndSnoop(channel_id=turn.call.channel_id, snoop_id=tap.snoop_id))


def left(turn: Turn, snoop_id: str) -> None:
    """When all have gone, and the channel's next frame has taken the translator away: go on."""
    call = turn.call
    if snoop_id in call.leaving:
        leaving = tuple(each for each in call.leaving if each != snoop_id)
        turn.change(leaving=leaving, renewal=call.renewal if leaving else turn.now + SETTLE_MS)


def due(turn: Turn) -> None:
    """Begin others, as for a channel that the call has not had before."""
    call = turn.call
    if call.renewal is None or turn.now < call.renewal:
        return
    turn.change(renewal=None, leaving=())
    turn.durable = True
    if any(_kept(each) for each in call.recordings) or isinstance(call.flow.doing, Waiting):
        turn.change(sender=call.sender or SOUND)  # the translator may have stayed
    for recording in call.recordings:
        if recording.renewing:
            hushed = recording.hushed and recording.paused
            follow.begin(turn, turn.put(recording, renewing=False, hushed=hushed))


def _kept(recording: Recording) -> bool:
    return recording.phase in LISTENING and not recording.renewing


def seen(turn: Turn, fact: f.PbxSeen) -> None:
    """N-3: after a gap; those that are still there are ended once more."""
    turn.change(one_stream=fact.one_stream)
    call = turn.call
    if call.renewal is None:
        return
    leaving = tuple(each for each in call.leaving if each in fact.snoops)
    for each in leaving:
        turn.emit(EndSnoop(channel_id=call.channel_id, snoop_id=each))
    turn.change(leaving=leaving, renewal=turn.now + (GONE_MS if leaving else SETTLE_MS))
