"""What a dialplan asks for through FastAGI: one Record, while it keeps the call (G-1, G-4).

Outside of our application ARI neither answers nor plays, so the connection does both. The
dialplan's own Dial is followed by its events: what waits for an answer begins there, and ends with
the channel that answered (S-2, S-3).
"""

from __future__ import annotations

from collections.abc import Callable

from recordbridge import ids
from recordbridge.machine import background, capture, outcome, presence, record
from recordbridge.machine import facts as f
from recordbridge.machine.intents import AgiResult, Follow
from recordbridge.machine.state import LAG_MS, Armed, Mode
from recordbridge.machine.turn import Turn, replace
from recordbridge.plivo.elements import Record


def asked(turn: Turn, fact: f.AgiAsked) -> None:
    """Begin the recording; the reply to its `action` is nothing to the dialplan."""
    call = turn.call
    if not call.outside or not call.present or call.away:
        why = "Asterisk is not connected" if call.away else "the call is over"
        outcome.refused(turn, fact.agi_id, why)
        return
    turn.durable = True
    presence.disown(turn, fact.profile)
    turn.change(profile=fact.profile)
    turn.dialplan(agi_id=fact.agi_id)
    element = replace(fact.element, redirect=False)
    if element.start_on_dial_answer:
        _await_dial(turn, element, fact.agi_id)
    elif element.record_session:
        _begin(turn, element, "session", fact.agi_id)
    else:
        _begin(turn, element, "plain", fact.agi_id)


def _begin(turn: Turn, element: Record, mode: Mode, agi_id: str, recording_id: str = "") -> None:
    if mode == "plain":
        recording = record.begin(turn, element)
    else:
        recording = background.begin(turn, element, mode, recording_id)
    recording = turn.put(recording, agi_id=agi_id)
    if recording.refused:
        capture.refuse(turn, recording)


def _await_dial(turn: Turn, element: Record, agi_id: str) -> None:
    """S-2: its id is told now, and is that of a recording if somebody answers."""
    recording_id = ids.derived(turn.call.seed, f"awaited-{agi_id}")
    armed = Armed(element=element, recording_id=recording_id, agi_id=agi_id)
    turn.dialplan(armed=(*turn.call.dialplan.armed, armed), agi_id="")
    turn.emit(
        AgiResult(
            agi_id=agi_id,
            status="STARTED",
            recording_id=recording_id,
            account=turn.call.profile.account,
            file=f"{recording_id}.{element.file_format}",
        )
    )


def left(turn: Turn, fact: f.AgiLeft) -> None:
    """G-4: the recording goes on to its own end; nobody answers the call for it any more."""
    if turn.call.dialplan.agi_id != fact.agi_id:
        return
    turn.durable = True
    turn.dialplan(agi_id="")
    turn.change(answering=False)
    for recording in turn.call.recordings:
        if recording.agi_id != fact.agi_id:
            continue
        if recording.beep_id:
            record.beep_ended(turn, recording, failed=True)
        elif recording.phase == "answering" and recording.captured_at is not None:
            capture.run(turn, recording, recording.captured_at - LAG_MS)


def peer_dialled(turn: Turn, fact: f.PeerDialled) -> None:
    dialplan = turn.call.dialplan
    if dialplan.armed and fact.peer_id not in dialplan.dialled:
        turn.dialplan(dialled=(*dialplan.dialled, fact.peer_id))


def peer_answered(turn: Turn, fact: f.PeerAnswered) -> None:
    """S-2, S-3: the conversation begins."""
    armed = turn.call.dialplan.armed
    if not armed or not turn.call.present:
        return
    turn.durable = True
    turn.dialplan(armed=(), dialled=(), peer=fact.peer_id)
    for each in armed:
        mode: Mode = "session" if each.element.record_session else "dial"
        _begin(turn, each.element, mode, each.agi_id, each.recording_id)
    follow_peer(turn)


def peer_failed(turn: Turn, fact: f.PeerFailed) -> None:
    """S-2: a Dial that nobody answers uses up what waited for it: no recording, no request."""
    dialplan = turn.call.dialplan
    if not dialplan.armed or fact.peer_id not in dialplan.dialled:
        return
    still = tuple(each for each in dialplan.dialled if each != fact.peer_id)
    turn.dialplan(dialled=still)
    if not still:
        turn.durable = True
        for each in dialplan.armed:
            turn.detail("recording_not_begun", recording_id=each.recording_id)
        turn.dialplan(armed=())


def follow_peer(turn: Turn) -> None:
    """Hear of the end of the Dial: outside of our application only its channel's end tells."""
    peer = turn.call.dialplan.peer
    if peer:
        turn.emit(Follow(channel_id=turn.call.channel_id, target=peer))


def peer_gone(turn: Turn, fact: f.PeerGone) -> None:
    """S-2: the Dial is done."""
    if not fact.peer_id or fact.peer_id != turn.call.dialplan.peer:
        return
    turn.durable = True
    turn.dialplan(peer="")
    own = (each.recording_id for each in turn.call.recordings if each.agi_id)
    background.dial_over(turn, tuple(own))


FACTS: dict[type[f.Fact], Callable[..., None]] = {
    f.AgiAsked: asked,
    f.AgiLeft: left,
    f.PeerDialled: peer_dialled,
    f.PeerAnswered: peer_answered,
    f.PeerFailed: peer_failed,
    f.PeerGone: peer_gone,
}
