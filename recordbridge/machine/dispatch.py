"""Which part of the machine a fact is for.

Every kind of fact has one place here; what it changes is decided in that part, not here. Of what
is not known (any more), nothing comes.
"""

from __future__ import annotations

from collections.abc import Callable

from recordbridge.machine import (
    agi,
    asked,
    capture,
    dialing,
    doing,
    flow,
    follow,
    life,
    pausing,
    presence,
    reconcile,
    record,
    recovery,
    renewal,
    transfer,
)
from recordbridge.machine import facts as f
from recordbridge.machine.state import Recording, Tap
from recordbridge.machine.turn import Turn


def _key(turn: Turn, fact: f.KeyPressed) -> None:
    for recording in turn.call.recordings:
        record.key_pressed(turn, recording, fact.key, fact.at, fact.duration_ms)
    doing.key(turn, fact.key)


def _tap(turn: Turn, snoop_id: str) -> tuple[Recording, Tap] | None:
    """The recording and tap of a snoop."""
    for recording in turn.call.recordings:
        for tap in recording.taps:
            if tap.snoop_id == snoop_id:
                return recording, tap
    return None


def _named(turn: Turn, name: str) -> tuple[Recording, Tap] | None:
    """The recording and tap of a capture: the first one is named after its snoop."""
    for recording in turn.call.recordings:
        for tap in recording.taps:
            if name == life.first_name(tap) or any(each.name == name for each in tap.later):
                return recording, tap
    return None


def _snoop_entered(turn: Turn, fact: f.SnoopEntered) -> None:
    if (found := _tap(turn, fact.snoop_id)) is not None:
        capture.snoop_entered(turn, *found)
    elif not follow.snoop_entered(turn, fact.snoop_id):
        doing.snoop_entered(turn, fact.snoop_id)


def _snoop_left(turn: Turn, fact: f.SnoopLeft) -> None:
    """The file's end is told by its own event; a snoop that goes earlier cannot record."""
    renewal.left(turn, fact.snoop_id)
    reason = "Asterisk ended the snoop before it was recorded"
    found = _tap(turn, fact.snoop_id)
    if found is None:
        follow.failed(turn, fact.snoop_id, reason)
    elif found[0].phase == "starting":
        capture.fail(turn, found[0], reason)


def _talking(turn: Turn, fact: f.Talking) -> None:
    if (found := _tap(turn, fact.snoop_id)) is not None:
        record.talking(turn, found[0], fact.at, speaking=fact.speaking)
    else:
        doing.talking(turn, fact.snoop_id, fact.at, speaking=fact.speaking)


def _playback_ended(turn: Turn, fact: f.PlaybackEnded) -> None:
    for recording in turn.call.recordings:
        if recording.beep_id == fact.playback_id:
            record.beep_ended(turn, recording, failed=fact.failed)
            return
    doing.playback_ended(turn, fact.playback_id, failed=fact.failed)


def _capture_began(turn: Turn, fact: f.CaptureBegan) -> None:
    found = _named(turn, fact.name)
    if found is not None and found[1].later:
        pausing.began(turn, *found, fact.name, fact.at)
    elif found is not None:
        recording, tap = found
        if fact.guessed and recording.phase == "starting":
            recording = turn.put(recording, guessed=True)
        capture.began(turn, recording, tap, fact.at)
    else:
        follow.began(turn, fact.name, fact.at)


def _capture_ended(turn: Turn, fact: f.CaptureEnded) -> None:
    found = _named(turn, fact.name)
    if found is None:
        follow.ended(turn, fact.name)
    elif fact.name == life.capture_name(found[1]):
        capture.ended(turn, *found, fact.at)
        renewal.closed(turn, *found)


def _capture_failed(turn: Turn, fact: f.CaptureFailed) -> None:
    reason = f"Asterisk did not record: {fact.reason}"
    if (found := _named(turn, fact.name)) is not None:
        capture.fail(turn, found[0], reason)
    else:
        follow.failed(turn, fact.name, reason)


def _leg_ringing(turn: Turn, fact: f.LegRinging) -> None:
    dialing.leg_ringing(turn, fact.leg_id)


def _leg_early(turn: Turn, fact: f.LegEarly) -> None:
    dialing.leg_early(turn, fact.leg_id)


def _leg_answered(turn: Turn, fact: f.LegAnswered) -> None:
    dialing.leg_answered(turn, fact.leg_id, fact.at)


def _leg_ended(turn: Turn, fact: f.LegEnded) -> None:
    dialing.leg_ended(turn, fact.leg_id, fact.at, fact.cause)


def _leg_left(turn: Turn, fact: f.LegLeft) -> None:
    dialing.leg_left(turn, fact.leg_id, fact.at)


def _leg_key(turn: Turn, fact: f.LegKeyPressed) -> None:
    dialing.leg_key(turn, fact.leg_id, fact.key)


def _keys_sent(turn: Turn, fact: f.KeysSent) -> None:
    doing.keys_sent(turn, fact.keys_id)


def _media_ready(turn: Turn, fact: f.MediaReady) -> None:
    doing.media_ready(turn, fact.media_id, fact.media)


def _media_failed(turn: Turn, fact: f.MediaFailed) -> None:
    doing.media_failed(turn, fact.media_id, fact.reason)


def _prompts_arrived(turn: Turn, fact: f.PromptsArrived) -> None:
    dialing.prompts_arrived(turn, fact.request_id, fact.prompts)


def _measured(turn: Turn, fact: f.AudioMeasured) -> None:
    recording = turn.recording(fact.recording_id)
    if recording is not None:
        if fact.torn:
            recording = life.torn(turn, recording)
        life.measured(turn, recording, fact)


def _delayed(turn: Turn, fact: f.FileDelayed) -> None:
    recording = turn.recording(fact.recording_id)
    if recording is not None:
        life.delayed(turn, recording, fact.place)


def _ready(turn: Turn, fact: f.FileReady) -> None:
    recording = turn.recording(fact.recording_id)
    if recording is not None:
        life.ready(turn, recording, fact.size, fact.digest)


def _lost(turn: Turn, fact: f.FileFailed) -> None:
    recording = turn.recording(fact.recording_id)
    if recording is not None:
        life.lost(turn, recording, fact.reason)


def _document_arrived(turn: Turn, fact: f.DocumentArrived) -> None:
    flow.document_arrived(turn, fact.request_id, fact.document)


def _document_failed(turn: Turn, fact: f.DocumentFailed) -> None:
    if dialing.prompts_arrived(turn, fact.request_id, None):
        turn.warn("prompts_failed", reason=fact.reason)
        return
    flow.document_failed(turn, fact.request_id, fact.reason, reached=fact.reached)


def _room_seen(turn: Turn, fact: f.RoomSeen) -> None:
    turn.change(full=fact.full)


def _playback_began(turn: Turn, fact: f.PlaybackBegan) -> None:
    doing.playback_began(turn, fact.playback_id)


def _nothing(_turn: Turn, _fact: f.Fact) -> None:
    """Facts that only the timeline is interested in."""


FACTS: dict[type[f.Fact], Callable[..., None]] = agi.FACTS | {
    f.CallEntered: presence.entered,
    f.CallAnswered: presence.answered,
    f.CallLeft: presence.left,
    f.HangupRequested: presence.hangup_requested,
    f.CallDestroyed: presence.destroyed,
    f.KeyPressed: _key,
    f.SnoopEntered: _snoop_entered,
    f.SnoopLeft: _snoop_left,
    f.Talking: _talking,
    f.PlaybackBegan: _playback_began,
    f.PlaybackEnded: _playback_ended,
    f.CaptureBegan: _capture_began,
    f.CaptureEnded: _capture_ended,
    f.CaptureFailed: _capture_failed,
    f.CommandRefused: recovery.refused,
    f.LegRinging: _leg_ringing,
    f.LegEarly: _leg_early,
    f.LegAnswered: _leg_answered,
    f.LegEnded: _leg_ended,
    f.LegLeft: _leg_left,
    f.ChannelReplaced: transfer.replaced,
    f.MovedElsewhere: renewal.elsewhere,
    f.LegKeyPressed: _leg_key,
    f.KeysSent: _keys_sent,
    f.MediaReady: _media_ready,
    f.MediaFailed: _media_failed,
    f.PromptsArrived: _prompts_arrived,
    f.AudioMeasured: _measured,
    f.FileDelayed: _delayed,
    f.FileReady: _ready,
    f.FileFailed: _lost,
    f.DocumentArrived: _document_arrived,
    f.DocumentFailed: _document_failed,
    f.RequestSettled: _nothing,
    f.Overheard: presence.overheard,
    f.RecordAsked: asked.record,
    f.StopAsked: asked.stop,
    f.PauseAsked: asked.pause,
    f.HangupAsked: asked.hang_up,
    f.TransferAsked: asked.transfer,
    f.RoomSeen: _room_seen,
    f.PbxLost: reconcile.lost,
    f.PbxSeen: reconcile.seen,
}
