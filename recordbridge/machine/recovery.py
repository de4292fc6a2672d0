"""What was refused: it stands in for events that will not come.

While the connection is away (N-3) only ends are kept in mind here; whether anything else happened
is seen when it is back (`reconcile`).
"""

from __future__ import annotations

from recordbridge.machine import (
    agi,
    capture,
    dialing,
    doing,
    follow,
    leftovers,
    life,
    parting,
    presence,
    record,
)
from recordbridge.machine import facts as f
from recordbridge.machine.state import Recording, Tap
from recordbridge.machine.turn import Turn

SEEN = frozenset(
    ("Answer", "BeginSnoop", "WatchTalking", "BeginCapture", "BeginPlayback", "BeginLeg")
) | frozenset(("MakeBridge", "JoinBridge", "Ring", "Progress", "HangUp", "Follow"))
"""Commands whose outcome is looked at when the connection is back."""
UNREACHABLE = 3
"""Q.850: no route; a leg that could not even be dialled."""


def refused(turn: Turn, fact: f.CommandRefused) -> None:
    """A command failed: what waited for it is told now, not at its deadline."""
    if leftovers.refused(turn, fact):
        return
    if turn.call.away and fact.command in SEEN:
        if fact.unsent:
            dialing.leg_unsent(turn, fact.object_id)
        return
    if fact.command == "FindPlayback":
        _playback_sought(turn, fact)
        return
    turn.warn("command_refused", command=fact.command, object_id=fact.object_id, reason=fact.reason)
    if fact.object_id == turn.call.channel_id:
        _channel_refused(turn, fact)
        return
    for recording in turn.call.recordings:
        for tap in recording.taps:
            if fact.object_id in (tap.snoop_id, life.capture_name(tap)):
                _tap_refused(turn, recording, tap, fact)
                return
        if fact.object_id == recording.beep_id and fact.command == "BeginPlayback":
            record.beep_ended(turn, recording, failed=True)
            return
    if follow.refused(turn, fact):
        return
    _element_refused(turn, fact)


def _playback_sought(turn: Turn, fact: f.CommandRefused) -> None:
    """F-6: Asterisk has lost the playback: it ends now. Could it not be asked, it is later."""
    recording = _beeping(turn, fact.object_id)
    if not fact.gone or (recording is None and fact.object_id not in _playing(turn)):
        return
    turn.warn("playback_lost", playback_id=fact.object_id)
    if recording is not None:
        record.beep_ended(turn, recording, failed=True)
    else:
        doing.playback_ended(turn, fact.object_id, failed=True)


def _beeping(turn: Turn, playback_id: str) -> Recording | None:
    return next((r for r in turn.call.recordings if r.beep_id == playback_id), None)


def _playing(turn: Turn) -> list[str]:
    return doing.playbacks(turn.call.flow.doing)


def _channel_refused(turn: Turn, fact: f.CommandRefused) -> None:
    if fact.command == "Answer" and not fact.gone:
        turn.change(answering=False)
    if fact.gone and fact.command in ("HangUp", "Follow"):
        presence.destroyed(turn, f.CallDestroyed(at=turn.now))


def _tap_refused(turn: Turn, recording: Recording, tap: Tap, fact: f.CommandRefused) -> None:
    match fact.command:
        case "BeginSnoop" | "BeginCapture" if fact.gone:
            parting.call_gone(turn, recording, "hangup", turn.now)
        case "BeginSnoop" | "BeginCapture":
            capture.fail(turn, recording, f"Asterisk refused to record: {fact.reason}")
        case "EndCapture" if fact.gone:
            capture.ended(turn, recording, tap, turn.now)
        case _:
            pass


def _element_refused(turn: Turn, fact: f.CommandRefused) -> None:
    match fact.command:
        case "BeginSnoop":
            doing.cannot_listen(turn, fact.object_id)
        case "BeginPlayback":
            doing.playback_ended(turn, fact.object_id, failed=True)
        case "SendKeys":
            doing.keys_sent(turn, fact.object_id)
        case "BeginLeg":
            dialing.leg_ended(turn, fact.object_id, turn.now, UNREACHABLE)
        case "EndLeg" if fact.gone:
            dialing.leg_ended(turn, fact.object_id, turn.now, 0)
        case "JoinBridge":
            dialing.not_bridged(turn, fact.object_id)
        case "Follow" if fact.gone:
            agi.peer_gone(turn, f.PeerGone(fact.object_id))
        case "SendTones":
            dialing.tones_refused(turn, fact.object_id)
        case _:
            pass
