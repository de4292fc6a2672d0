"""What was refused, and what is found after a gap in the events (N-3).

Neither is an event of Asterisk's: they stand in for events that will not come.
"""

from __future__ import annotations

from recordbridge.machine import capture, dialing, doing, leftovers, life, pausing, presence, record
from recordbridge.machine import facts as f
from recordbridge.machine.intents import EndLeg
from recordbridge.machine.progress import Dialing, Gathering
from recordbridge.machine.state import Playing, Recording, Sending, Tap
from recordbridge.machine.turn import Turn

UNREACHABLE = 3
"""Q.850: no route; a leg that could not even be dialled."""


def refused(turn: Turn, fact: f.CommandRefused) -> None:
    """A command failed: what waited for it is told now, not at its deadline."""
    if leftovers.refused(turn, fact):
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
            capture.call_gone(turn, recording, "hangup", turn.now)
        case "BeginSnoop" | "BeginCapture":
            capture.fail(turn, recording, f"Asterisk refused to record: {fact.reason}")
        case "EndCapture" if fact.gone:
            capture.ended(turn, recording, tap, turn.now)
        case _:
            pass


def _element_refused(turn: Turn, fact: f.CommandRefused) -> None:
    match fact.command:
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
        case "SendTones":
            dialing.tones_refused(turn, fact.object_id)
        case _:
            pass


def seen(turn: Turn, fact: f.PbxSeen) -> None:
    """N-3: events may have been missed; take what Asterisk has now for what happened."""
    if not (fact.exists if turn.call.outside else fact.channel):
        presence.destroyed(turn, f.CallDestroyed(at=fact.at))
    elif fact.answered:
        presence.answered(turn, f.CallAnswered(at=fact.at))
    if turn.call.outside and not turn.call.over:
        presence.follow(turn)
    for known in turn.call.recordings:
        for tap in known.taps:
            _seen_tap(turn, known.recording_id, tap.snoop_id, fact)
        _seen_recording(turn, turn.recording(known.recording_id) or known, fact)
    _seen_element(turn, fact)
    leftovers.seen(turn)


def _seen_recording(turn: Turn, recording: Recording, fact: f.PbxSeen) -> None:
    if recording.beep_id and recording.beep_id not in fact.playbacks:
        record.beep_ended(turn, recording, failed=False)
    elif recording.phase in ("collecting", "done") and not life.settled(recording):
        turn.emit(life.collection(turn, recording))


def _seen_tap(turn: Turn, recording_id: str, snoop_id: str, fact: f.PbxSeen) -> None:
    recording = turn.recording(recording_id)
    assert recording is not None
    tap = next(each for each in recording.taps if each.snoop_id == snoop_id)
    live = life.capture_name(tap) in fact.live
    if recording.phase == "preparing" and tap.snoop_id in fact.snoops:
        capture.snoop_entered(turn, recording, tap)
    elif recording.phase == "starting" and live:
        capture.began(turn, recording, tap, fact.at)
    elif recording.phase in ("running", "ending") and live and tap.later:
        pausing.began(turn, recording, tap, life.capture_name(tap), fact.at)
    elif recording.phase in ("running", "ending", "answering") and not live:
        capture.ended(turn, recording, tap, fact.at)


def _seen_element(turn: Turn, fact: f.PbxSeen) -> None:
    now = turn.call.flow.doing
    if isinstance(now, Playing | Gathering) and now.prompting is not None:
        playback_id = now.prompting.playback_id
        if playback_id and playback_id not in fact.playbacks:
            doing.playback_ended(turn, playback_id, failed=False)
    elif isinstance(now, Sending):
        doing.keys_sent(turn, now.keys_id)
    elif isinstance(now, Dialing):
        for leg in now.legs:
            if leg.phase != "ended" and leg.leg_id not in fact.legs:
                # It may only not have been dialled yet, when its commit takes long.
                turn.emit(EndLeg(channel_id=turn.call.channel_id, leg_id=leg.leg_id))
                dialing.leg_ended(turn, leg.leg_id, fact.at, 0)
