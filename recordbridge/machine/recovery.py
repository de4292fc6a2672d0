"""What was refused, and what is found after a gap in the events (N-3).

Neither is an event of Asterisk's: they stand in for events that will not come.
"""

from __future__ import annotations

from recordbridge.machine import facts as f
from recordbridge.machine import flow, life, presence, record
from recordbridge.machine.state import Playing, Recording
from recordbridge.machine.turn import Turn


def refused(turn: Turn, fact: f.CommandRefused) -> None:
    """A command failed: what waited for it is told now, not at its deadline."""
    turn.warn("command_refused", command=fact.command, object_id=fact.object_id, reason=fact.reason)
    if fact.object_id == turn.call.channel_id:
        if fact.gone and fact.command == "HangUp":
            presence.destroyed(turn, f.CallDestroyed(at=turn.now))
        return
    for recording in turn.call.recordings:
        if fact.object_id not in (
            recording.snoop_id,
            life.capture_name(recording),
            recording.beep_id,
        ):
            continue
        _recording_refused(turn, recording, fact)
        return
    flow.playback_ended(turn, fact.object_id, failed=True)


def _recording_refused(turn: Turn, recording: Recording, fact: f.CommandRefused) -> None:
    match fact.command:
        case "BeginPlayback":
            record.beep_ended(turn, recording, failed=True)
        case "BeginSnoop" | "BeginCapture" if fact.gone:
            record.call_gone(turn, recording, "hangup", turn.now)
        case "BeginSnoop" | "BeginCapture":
            record.fail(turn, recording, f"Asterisk refused to record: {fact.reason}")
        case "EndCapture" if fact.gone:
            record.capture_ended(turn, recording, turn.now)
        case _:
            pass


def seen(turn: Turn, fact: f.PbxSeen) -> None:
    """N-3: events may have been missed; take what Asterisk has now for what happened."""
    if not fact.channel:
        presence.destroyed(turn, f.CallDestroyed(at=fact.at))
    elif fact.answered:
        presence.answered(turn, f.CallAnswered(at=fact.at))
    for known in turn.call.recordings:
        recording = turn.recording(known.recording_id) or known
        _seen_recording(turn, recording, fact)
    doing = turn.call.flow.doing
    if isinstance(doing, Playing) and doing.playback_id not in fact.playbacks:
        flow.playback_ended(turn, doing.playback_id, failed=False)


def _seen_recording(turn: Turn, recording: Recording, fact: f.PbxSeen) -> None:
    if recording.beep_id and recording.beep_id not in fact.playbacks:
        record.beep_ended(turn, recording, failed=False)
    if not recording.snoop_ready and recording.snoop_id in fact.snoops:
        record.snoop_entered(turn, turn.recording(recording.recording_id) or recording)
    live = life.capture_name(recording) in fact.live
    if recording.phase == "starting" and live:
        record.capture_began(turn, recording, fact.at)
    elif recording.phase in ("running", "ending", "answering") and not live:
        record.capture_ended(turn, recording, fact.at)
    elif recording.phase in ("collecting", "done") and not life.settled(recording):
        turn.emit(life.collection(turn, recording))
