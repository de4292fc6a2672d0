"""Plain `<Record>`: the beep, silence, keys (P-1 to P-7).

Silence. With Asterisk's own threshold (128) and trimming on, its recorder ends the file and
takes the silent tail off. Any other wish is served by TALK_DETECT on the snoop and our timer;
Asterisk's limits then are only a back-up.
"""

from __future__ import annotations

from recordbridge.instant import Instant
from recordbridge.machine import capture, limits, prompts
from recordbridge.machine.intents import AgiPlay, BeginPlayback, EndPlayback
from recordbridge.machine.state import Recording
from recordbridge.machine.turn import Turn
from recordbridge.plivo.elements import Record

ASTERISK_THRESHOLD = 128
"""The mean amplitude below which Asterisk's recorder calls a frame silent; fixed there."""
BEEP_MS = 30_000
"""How long a beep may take before recording begins without its end."""
KEY_MS = 80
"""P-7: a key that comes as a tone in the speech is noticed up to 56 ms after it began (measured),
and nothing tells it from one that comes as an event, which is exact."""
REFUSED_MS, MOST_REFUSED_MS = 1_000, 10_000
"""N-4: from one refused Record of a flow to the next, doubled each time, and the most."""
MOST_REFUSALS = 16
"""Counted no further: the most is reached long before."""
TAIL_MS = 200
"""P-6: how much of the silence that ended a recording is kept."""


def begin(turn: Turn, element: Record) -> Recording:
    """Start a plain recording for the element; it answers the call if need be (P-1)."""
    profile = turn.call.profile
    if element.play_beep:
        turn.answer()
    directions: capture.Sides = ("in", "out") if element.stereo else ("in",)
    recording = capture.new(turn, element, "plain", directions)
    watch = profile.silence_threshold != ASTERISK_THRESHOLD or not profile.trim_silence
    recording = turn.put(recording, watch=watch or len(directions) > 1)
    _count(turn, recording)
    if element.play_beep and not recording.refused:
        recording = beep(turn, recording)
    return recording


def held_until(turn: Turn) -> Instant:
    """N-4: when the next Record of the flow may begin. One that would be refused once more waits,
    longer each time: a document that leads to the next Record would go round as fast as HTTP
    allows, with a row and two requests each time.
    """
    flow = turn.call.flow
    if not turn.call.full or not flow.refusals:
        return turn.now
    return flow.refused_at + min(REFUSED_MS << (flow.refusals - 1), MOST_REFUSED_MS)


def _count(turn: Turn, recording: Recording) -> None:
    if turn.call.outside:
        return  # the dialplan has no flow of ours
    if recording.refused:
        turn.flow(refusals=min(turn.call.flow.refusals + 1, MOST_REFUSALS), refused_at=turn.now)
    elif turn.call.flow.refusals:
        turn.flow(refusals=0, refused_at=0)


def beep(turn: Turn, recording: Recording) -> Recording:
    """Play the beep; once more after a gap in which it may have been missed (N-1)."""
    call = turn.call
    channel, media = call.channel_id, call.profile.beep
    beep_id = turn.new_object("play")
    recording = turn.put(recording, beep_id=beep_id, deadline=turn.now + prompts.LOOK_MS)
    turn.durable = True
    turn.emit(
        AgiPlay(agi_id=call.dialplan.agi_id, playback_id=beep_id, media=media)
        if call.outside
        else BeginPlayback(channel_id=channel, playback_id=beep_id, media=media)
    )
    return recording


def beep_ended(turn: Turn, recording: Recording, *, failed: bool) -> None:
    """P-2: recording begins when the beep has ended; one that cannot be played is skipped."""
    if recording.phase != "preparing":
        return
    if failed:
        turn.warn("beep_failed", recording_id=recording.recording_id, beep=turn.call.profile.beep)
    capture.begin(turn, turn.put(recording, beep_id="", deadline=turn.now + capture.START_MS))


def talking(turn: Turn, recording: Recording, at: Instant, *, speaking: bool) -> None:
    """P-5: talking restarts the silence. TALK_DETECT tells changes only, so none may be missed."""
    if not recording.watch or recording.phase in ("ending", "collecting", "done"):
        return
    recording = turn.put(recording, speaking=speaking)
    start = recording.start_at
    if recording.phase != "running" or start is None:
        return
    recording = turn.put(recording, quiet_since=None if speaking else max(start, at))
    turn.put(recording, deadline=limits.deadline(recording, start))


def key_pressed(turn: Turn, recording: Recording, key: str, at: Instant, down_ms: int) -> bool:
    """P-7: a key of the set ends it; what is kept ends before the key went down.

    P-4: not one that comes after Asterisk has ended it at the caller's silence.
    """
    if recording.background or recording.phase != "running" or recording.paused:
        return False
    if key not in recording.element.finish_on_key:
        return False
    if recording.stopped_at is not None and at >= recording.stopped_at:
        return False
    assert recording.start_at is not None
    spoken = max(0, at - down_ms - KEY_MS - recording.start_at)
    capture.end(turn, recording, "finishOnKey", at=at, keep_ms=spoken, key=key)
    return True


def due(turn: Turn, recording: Recording) -> None:
    """The beep or the silence of a plain recording has lasted long enough; else as for all."""
    if recording.phase == "preparing" and recording.beep_id:
        if turn.now < recording.added_at + BEEP_MS:
            turn.put(recording, deadline=_look(turn, recording))
            return
        if all(tap.ready for tap in recording.taps):
            turn.emit(EndPlayback(channel_id=turn.call.channel_id, playback_id=recording.beep_id))
            beep_ended(turn, recording, failed=True)
            return
    elif recording.phase == "running" and not any(tap.closed for tap in recording.taps):
        if limits.silent(recording, turn.now):
            _silence(turn, recording)
        else:
            capture.at_limit(turn, recording)
        return
    capture.due(turn, recording)


def _look(turn: Turn, recording: Recording) -> Instant:
    """When to look after the beep again. Asterisk has nothing to tell of one of FastAGI's."""
    if turn.call.outside:
        return recording.added_at + BEEP_MS
    return prompts.look(turn, recording.beep_id)


def _silence(turn: Turn, recording: Recording) -> None:
    start, quiet = recording.start_at, recording.quiet_since
    assert start is not None
    assert quiet is not None
    keep = quiet - start + TAIL_MS if turn.call.profile.trim_silence else None
    capture.end(turn, recording, "silence", at=turn.now, keep_ms=keep)
