"""A call: `enter` makes one, `step` moves it by one fact. The heart of the product.

    step(state, fact, now) -> Step(state, intents, deadline, durable)

`fact=None` means that time has passed: everything due at `now` happens. The caller gives `None`
again at `deadline`. A fact that is not legal in the present state changes nothing. Intents are
in the order in which they shall be done. `durable` says that the step must be committed; a step
that is not may be forgotten by a crash, for Asterisk can be asked again.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from recordbridge import ids
from recordbridge.instant import Instant
from recordbridge.machine import facts as f
from recordbridge.machine import flow, life, record, reports
from recordbridge.machine.intents import Intent, Release, Request
from recordbridge.machine.state import (
    Call,
    Ending,
    EndReason,
    Flow,
    HangingUp,
    Playing,
    Profile,
    Recording,
    Waiting,
)
from recordbridge.machine.turn import Turn

LEFT_MS = 1_000
"""After Stasis ended, this long may pass until the channel's end shows that it was a hangup."""


class Step(msgspec.Struct, frozen=True):
    """What one fact came to."""

    state: Call
    intents: tuple[Intent, ...]
    deadline: Instant | None
    durable: bool


def enter(asterisk: str, entered: f.CallEntered, profile: Profile, seed: str, now: Instant) -> Step:
    """A channel entered Stasis for the first time: ask for its document (F-1)."""
    call = Call(
        call_uuid=ids.call_uuid(asterisk, entered.channel_id),
        asterisk=asterisk,
        channel_id=entered.channel_id,
        seed=seed,
        profile=profile,
        caller=entered.args.get("from", entered.caller),
        dialled=entered.args.get("to", entered.dialled),
        headers=entered.headers,
        entered_at=entered.at,
        answered_at=entered.at if entered.answered else None,
    )
    turn = Turn(call, now)
    flow.first_document(turn)
    turn.note("call_entered", caller=call.caller, dialled=call.dialled)
    return _finish(turn)


def step(state: Call, fact: f.Fact | None, now: Instant) -> Step:
    """Move the call by one fact, or by the time that has passed."""
    turn = Turn(state, now)
    if fact is None:
        _due(turn)
    else:
        _FACTS[type(fact)](turn, fact)
    _settle(turn)
    return _finish(turn)


def _finish(turn: Turn) -> Step:
    return Step(
        state=turn.call,
        intents=tuple(turn.intents),
        deadline=deadline(turn.call),
        durable=turn.durable,
    )


def deadline(call: Call) -> Instant | None:
    """When `step(call, None, ...)` has something to do next."""
    moments = [r.deadline for r in call.recordings if r.deadline is not None]
    doing = call.flow.doing
    if isinstance(doing, Waiting | HangingUp):
        moments.append(doing.until)
    if call.scheduled_hangup is not None:
        moments.append(call.scheduled_hangup)
    if call.left_at is not None and call.ended_at is None:
        moments.append(call.left_at + LEFT_MS)
    return min(moments, default=None)


def finished(call: Call) -> bool:
    """The call is over and all its recordings are stored or given up, all requests written."""
    return call.over and all(r.phase == "done" for r in call.recordings)


def _settle(turn: Turn) -> None:
    """What follows from the step as a whole."""
    if turn.call.present:
        for recording in turn.call.recordings:
            flow.after_recording(turn, recording)
    if turn.call.over and not turn.call.notified:
        _report_end(turn)
    if finished(turn.call):
        turn.emit(Release())


def _due(turn: Turn) -> None:
    call = turn.call
    if call.left_at is not None and call.ended_at is None and turn.now >= call.left_at + LEFT_MS:
        _gone(turn, "stopped" if call.hangup_at is None else "hangup", call.left_at)
        _end(turn, turn.now)
    for known in call.recordings:
        recording = turn.recording(known.recording_id)
        if recording is None or recording.deadline is None or turn.now < recording.deadline:
            continue
        if recording.phase == "collecting":
            life.due(turn, recording)
        else:
            record.due(turn, recording)
    flow.due(turn)


def _report_end(turn: Turn) -> None:
    call = turn.call
    turn.change(notified=True)
    turn.durable = True
    turn.note("call_ended", cause=call.ending.cause)
    if call.profile.hangup is None:
        return
    turn.emit(
        Request(
            request_id=turn.new_request(),
            kind="hangup",
            target=call.profile.hangup,
            parameters=reports.standard(turn.call, "Hangup", turn.now),
        )
    )


def _entered(turn: Turn, fact: f.CallEntered) -> None:
    """The channel came back into Stasis: its flow starts anew (the same call, further ids)."""
    if turn.call.left_at is None and turn.call.ended_at is None:
        return
    turn.change(
        left_at=None,
        ended_at=None,
        hangup_at=None,
        notified=False,
        ending=Ending(),
        answered_at=turn.call.answered_at or (fact.at if fact.answered else None),
        flow=Flow(),
    )
    flow.first_document(turn)


def _answered(turn: Turn, fact: f.CallAnswered) -> None:
    if turn.call.answered_at is not None or turn.call.over:
        return
    turn.change(answered_at=fact.at)
    for recording in turn.call.recordings:
        record.call_answered(turn, recording, fact.at)


def _key(turn: Turn, fact: f.KeyPressed) -> None:
    for recording in turn.call.recordings:
        record.key_pressed(turn, recording, fact.key, fact.at, fact.duration_ms)


def _hangup_requested(turn: Turn, fact: f.HangupRequested) -> None:
    if not turn.call.present:
        return
    turn.durable = True
    turn.change(hangup_at=fact.at)
    turn.blame("Caller", cause=fact.cause)
    _gone(turn, "hangup", fact.at)
    flow.await_end(turn)


def _left(turn: Turn, fact: f.CallLeft) -> None:
    """Stasis is over; whether by a hangup, the next second tells."""
    if turn.call.left_at is None and not turn.call.over:
        turn.change(left_at=fact.at)


def _destroyed(turn: Turn, fact: f.CallDestroyed) -> None:
    if turn.call.over:
        return
    turn.blame("Caller")
    ending = turn.call.ending
    turn.change(ending=Ending(ending.source, ending.code, fact.cause or ending.cause))
    _gone(turn, "hangup", fact.at)
    _end(turn, fact.at)


def _gone(turn: Turn, reason: EndReason, at: Instant) -> None:
    flow.call_gone(turn)
    for recording in turn.call.recordings:
        record.call_gone(turn, recording, reason, at)


def _end(turn: Turn, at: Instant) -> None:
    turn.durable = True
    flow.call_gone(turn)
    turn.change(ended_at=at)
    for recording in turn.call.recordings:
        if recording.phase == "collecting":
            life.advance(turn, recording)


def _snoop_entered(turn: Turn, fact: f.SnoopEntered) -> None:
    for recording in turn.call.recordings:
        if recording.snoop_id == fact.snoop_id:
            record.snoop_entered(turn, recording)


def _snoop_left(turn: Turn, fact: f.SnoopLeft) -> None:
    """The file's end is told by its own event; a snoop that goes earlier cannot record."""
    for recording in turn.call.recordings:
        if recording.snoop_id == fact.snoop_id and recording.phase == "starting":
            record.fail(turn, recording, "Asterisk ended the snoop before it was recorded")


def _talking(turn: Turn, fact: f.Talking) -> None:
    for recording in turn.call.recordings:
        if recording.snoop_id == fact.snoop_id:
            record.talking(turn, recording, fact.at, speaking=fact.speaking)


def _playback_ended(turn: Turn, fact: f.PlaybackEnded) -> None:
    for recording in turn.call.recordings:
        if recording.beep_id == fact.playback_id:
            record.beep_ended(turn, recording, failed=fact.failed)
            return
    flow.playback_ended(turn, fact.playback_id, failed=fact.failed)


def _by_name(turn: Turn, name: str) -> Recording | None:
    for recording in turn.call.recordings:
        if life.capture_name(recording) == name:
            return recording
    return None


def _capture_began(turn: Turn, fact: f.CaptureBegan) -> None:
    recording = _by_name(turn, fact.name)
    if recording is not None:
        record.capture_began(turn, recording, fact.at)


def _capture_ended(turn: Turn, fact: f.CaptureEnded) -> None:
    recording = _by_name(turn, fact.name)
    if recording is not None:
        record.capture_ended(turn, recording, fact.at)


def _capture_failed(turn: Turn, fact: f.CaptureFailed) -> None:
    recording = _by_name(turn, fact.name)
    if recording is not None:
        record.fail(turn, recording, f"Asterisk did not record: {fact.reason}")


def _refused(turn: Turn, fact: f.CommandRefused) -> None:
    """A command failed: what waited for it is told now, not at its deadline."""
    turn.warn("command_refused", command=fact.command, object_id=fact.object_id, reason=fact.reason)
    if fact.object_id == turn.call.channel_id:
        if fact.gone and fact.command == "HangUp":
            _destroyed(turn, f.CallDestroyed(at=turn.now))
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


def _measured(turn: Turn, fact: f.AudioMeasured) -> None:
    recording = turn.recording(fact.recording_id)
    if recording is not None:
        life.measured(turn, recording, fact.frames, fact.rate, fact.skipped_frames)


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
    flow.document_failed(turn, fact.request_id, fact.reason, reached=fact.reached)


def _hangup_asked(turn: Turn, fact: f.HangupAsked) -> None:
    if turn.call.present:
        flow.hang_up(turn, fact.source, flow.NORMAL)


def _stop_asked(turn: Turn, fact: f.StopAsked) -> None:
    recording = turn.recording(fact.recording_id)
    if recording is not None:
        record.stop(turn, recording)


def _seen(turn: Turn, fact: f.PbxSeen) -> None:
    """N-3: events may have been missed; take what Asterisk has now for what happened."""
    if not fact.channel:
        _destroyed(turn, f.CallDestroyed(at=fact.at))
    elif fact.answered:
        _answered(turn, f.CallAnswered(at=fact.at))
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
    elif recording.phase == "collecting":
        turn.emit(life.collection(turn, recording))


def _nothing(_turn: Turn, _fact: f.Fact) -> None:
    """Facts that only the timeline is interested in."""


_FACTS: dict[type[f.Fact], Callable[..., None]] = {
    f.CallEntered: _entered,
    f.CallAnswered: _answered,
    f.CallLeft: _left,
    f.HangupRequested: _hangup_requested,
    f.CallDestroyed: _destroyed,
    f.KeyPressed: _key,
    f.SnoopEntered: _snoop_entered,
    f.SnoopLeft: _snoop_left,
    f.Talking: _talking,
    f.PlaybackBegan: _nothing,
    f.PlaybackEnded: _playback_ended,
    f.CaptureBegan: _capture_began,
    f.CaptureEnded: _capture_ended,
    f.CaptureFailed: _capture_failed,
    f.CommandRefused: _refused,
    f.AudioMeasured: _measured,
    f.FileReady: _ready,
    f.FileFailed: _lost,
    f.DocumentArrived: _document_arrived,
    f.DocumentFailed: _document_failed,
    f.RequestSettled: _nothing,
    f.HangupAsked: _hangup_asked,
    f.StopAsked: _stop_asked,
    f.PbxSeen: _seen,
}
