"""Plain `<Record>`: from the first snoop to the moment Asterisk has closed the file (P-1 to P-7).

The caller's direction is snooped and the snoop recorded, which keeps wall-clock time whether the
phone sends RTP or not (P-5). Without a beep, recording begins before the call is answered and
the file is cut at the answer, so that not a sample after it is lost (P-2, X-2).

Silence. With Asterisk's own threshold (128) and trimming on, its recorder ends the file and
takes the silent tail off. Any other wish is served by TALK_DETECT on the snoop and our timer;
Asterisk's limits then are only a back-up.
"""

from __future__ import annotations

from recordbridge import ids
from recordbridge.instant import Instant
from recordbridge.machine import life
from recordbridge.machine.intents import (
    Answer,
    BeginCapture,
    BeginPlayback,
    BeginSnoop,
    EndCapture,
    EndPlayback,
    WatchTalking,
)
from recordbridge.machine.state import LAG_MS, EndReason, Recording
from recordbridge.machine.turn import Turn
from recordbridge.plivo.elements import Record

ASTERISK_THRESHOLD = 128
"""The mean amplitude below which Asterisk's recorder calls a frame silent; fixed there."""

START_MS = 5_000
"""How long Asterisk may take to begin."""
BEEP_MS = 30_000
"""How long a beep may take before recording begins without its end."""
CLOSE_MS = 3_000
"""How long Asterisk may take to close a file."""
WHY_MS = 100
"""How long after Asterisk ended a file by itself a hangup may still turn out to be the cause."""
SLACK_MS = 300
"""Asterisk's limits may strike this much early by our count."""
SPARE_MS = 60
"""Recorded beyond maxLength, to be cut off: the file is then exactly as long as allowed (P-6)."""
BACKUP_S = 5
"""How much later Asterisk's own limits strike when ours do not."""
HEAD_MS = 40
"""X-2: the packet that comes with the answer was spoken in the 20 ms before it; 20 ms more are kept
because instants are uncertain. Measured: with 20 ms in all, up to 4 ms of it were lost."""
BEEP_TAIL_MS = 20
"""P-2: how long the caller still hears the beep when Asterisk has sent it and begins to record."""
KEY_MS = 80
"""P-7: a key that comes as a tone in the speech is noticed up to 56 ms after it began (measured),
and nothing tells it from one that comes as an event, which is exact."""
TALK_MS = 500
"""TALK_DETECT says that speech has ended after this much silence."""
TAIL_MS = 200
"""P-6: how much of the silence that ended a recording is kept."""


def begin(turn: Turn, element: Record) -> Recording:
    """Start a plain recording for the element; it answers the call if need be (P-1)."""
    call = turn.call
    number = len(call.recordings) + 1
    profile = call.profile
    watch = profile.silence_threshold != ASTERISK_THRESHOLD or not profile.trim_silence
    recording = Recording(
        recording_id=ids.derived(call.seed, f"recording-{number}"),
        number=number,
        element=element,
        snoop_id=turn.new_object("snoop"),
        added_at=turn.now,
        deadline=turn.now + (BEEP_MS if element.play_beep else START_MS),
        watch=watch,
    )
    channel = call.channel_id
    if element.play_beep:
        if call.answered_at is None:
            turn.emit(Answer(channel_id=channel))
        beep_id = turn.new_object("play")
        recording = turn.put(recording, beep_id=beep_id)
        turn.emit(
            BeginPlayback(channel_id=channel, playback_id=beep_id, media=profile.beep),
        )
    turn.put(recording)
    turn.emit(BeginSnoop(channel_id=channel, snoop_id=recording.snoop_id, direction="in"))
    turn.durable = True
    return recording


def snoop_entered(turn: Turn, recording: Recording) -> None:
    """The snoop is there: record it, unless the beep still plays."""
    if recording.phase != "preparing" or recording.snoop_ready:
        return
    recording = turn.put(recording, snoop_ready=True)
    if recording.watch:
        turn.emit(
            WatchTalking(
                channel_id=turn.call.channel_id,
                snoop_id=recording.snoop_id,
                threshold=turn.call.profile.silence_threshold,
                silence_ms=TALK_MS,
            )
        )
    _capture(turn, recording)


def beep_ended(turn: Turn, recording: Recording, *, failed: bool) -> None:
    """P-2: recording begins when the beep has ended; one that cannot be played is skipped."""
    if recording.phase != "preparing":
        return
    if failed:
        turn.warn("beep_failed", recording_id=recording.recording_id, beep=turn.call.profile.beep)
    _capture(turn, turn.put(recording, beep_id="", deadline=turn.now + START_MS))


def _capture(turn: Turn, recording: Recording) -> None:
    if recording.beep_id or not recording.snoop_ready:
        return
    element = recording.element
    backup = BACKUP_S if recording.watch else 0
    turn.put(recording, phase="starting", deadline=turn.now + START_MS)
    turn.emit(
        BeginCapture(
            channel_id=turn.call.channel_id,
            snoop_id=recording.snoop_id,
            name=life.capture_name(recording),
            max_silence_s=element.timeout_s + backup,
            max_duration_s=element.max_length_s + BACKUP_S,
        )
    )


def capture_began(turn: Turn, recording: Recording, at: Instant) -> None:
    """Asterisk writes: the recording runs, or it only waits for the answer (X-2)."""
    if recording.phase != "starting":
        return
    recording = turn.put(recording, captured_at=at)
    if turn.call.answered_at is not None:
        _run(turn, recording, at + BEEP_TAIL_MS if recording.element.play_beep else at - LAG_MS)
        return
    turn.put(recording, phase="answering", deadline=turn.now + START_MS)
    turn.emit(Answer(channel_id=turn.call.channel_id))


def call_answered(turn: Turn, recording: Recording, at: Instant) -> None:
    """What the caller says from the answer on counts."""
    if recording.phase == "answering":
        captured = recording.captured_at
        assert captured is not None
        _run(turn, recording, max(at - HEAD_MS, captured - LAG_MS))


def _run(turn: Turn, recording: Recording, at: Instant) -> None:
    turn.durable = True
    quiet = None if recording.speaking else at
    recording = turn.put(recording, phase="running", start_at=at, quiet_since=quiet)
    turn.put(recording, deadline=_running_deadline(recording, at))
    turn.note("recording_began", recording_id=recording.recording_id, at=at)


def _running_deadline(recording: Recording, start_at: Instant) -> Instant:
    limit = start_at + recording.element.max_length_s * 1000 + SPARE_MS
    if recording.watch and recording.quiet_since is not None:
        return min(limit, recording.quiet_since + recording.element.timeout_s * 1000)
    return limit


def talking(turn: Turn, recording: Recording, at: Instant, *, speaking: bool) -> None:
    """P-5: talking restarts the silence. TALK_DETECT tells changes only, so none may be missed."""
    if not recording.watch or recording.phase in ("ending", "collecting", "done"):
        return
    recording = turn.put(recording, speaking=speaking)
    start = recording.start_at
    if recording.phase != "running" or start is None:
        return
    recording = turn.put(recording, quiet_since=None if speaking else max(start, at))
    turn.put(recording, deadline=_running_deadline(recording, start))


def key_pressed(turn: Turn, recording: Recording, key: str, at: Instant, down_ms: int) -> bool:
    """P-7: a key of the set ends it; what is kept ends before the key went down."""
    if recording.phase != "running" or key not in recording.element.finish_on_key:
        return False
    assert recording.start_at is not None
    spoken = max(0, at - down_ms - KEY_MS - recording.start_at)
    end(turn, recording, "finishOnKey", at=at, keep_ms=spoken, key=key)
    return True


def due(turn: Turn, recording: Recording) -> None:
    """A deadline of a recording that Asterisk has not closed has come."""
    match recording.phase:
        case "preparing" if recording.beep_id and recording.snoop_ready:
            turn.emit(EndPlayback(channel_id=turn.call.channel_id, playback_id=recording.beep_id))
            beep_ended(turn, recording, failed=True)
        case "preparing" | "starting" | "answering":
            fail(turn, recording, "Asterisk did not begin to record in time")
        case "running" if recording.closed:
            _closed_by_asterisk(turn, recording)
        case "running":
            _limit_reached(turn, recording)
        case "ending":
            turn.warn("capture_end_missed", recording_id=recording.recording_id)
            life.collect(turn, recording)


def _limit_reached(turn: Turn, recording: Recording) -> None:
    element, start = recording.element, recording.start_at
    assert start is not None
    if turn.now >= start + element.max_length_s * 1000:
        end(turn, recording, "maxLength", at=start + element.max_length_s * 1000)
        return
    quiet = recording.quiet_since
    assert quiet is not None
    trim = turn.call.profile.trim_silence
    keep = quiet - start + TAIL_MS if trim else None
    end(turn, recording, "silence", at=turn.now, keep_ms=keep)


def end(
    turn: Turn,
    recording: Recording,
    reason: EndReason,
    *,
    at: Instant,
    keep_ms: int | None = None,
    key: str = "",
    error: str = "",
) -> None:
    """End a running recording for the reason; Asterisk is told to close the file."""
    turn.put(
        recording,
        phase="ending",
        reason=reason,
        stopped_at=at,
        keep_ms=keep_ms,
        key=key,
        error=error,
        deadline=turn.now + CLOSE_MS,
    )
    turn.durable = True
    turn.emit(EndCapture(channel_id=turn.call.channel_id, name=life.capture_name(recording)))


def stop(turn: Turn, recording: Recording) -> None:
    """Somebody asked for the end (REST, or the flow was taken away): `stopped`."""
    if recording.phase in ("running", "answering"):
        _note_start(turn, recording)
        recording = turn.recording(recording.recording_id) or recording
        end(turn, recording, "stopped", at=turn.now)
    elif recording.phase in ("preparing", "starting"):
        _never_began(turn, recording, "stopped")


def call_gone(turn: Turn, recording: Recording, reason: EndReason, at: Instant) -> None:
    """P-10: the caller hung up (or left us): the snoop ends by itself, the file is kept."""
    match recording.phase:
        case "running" | "answering":
            _note_start(turn, recording)
            recording = turn.recording(recording.recording_id) or recording
            closed = recording.closed
            turn.put(
                recording,
                phase="ending",
                reason=reason,
                stopped_at=at,
                deadline=turn.now + CLOSE_MS,
            )
            turn.durable = True
            if closed:
                life.collect(turn, turn.recording(recording.recording_id) or recording)
        case "preparing" | "starting":
            _never_began(turn, recording, reason)


def _note_start(turn: Turn, recording: Recording) -> None:
    """A recording that ends before the answer was seen began when its file did."""
    if recording.start_at is None and recording.captured_at is not None:
        turn.put(recording, start_at=recording.captured_at - LAG_MS)


def _never_began(turn: Turn, recording: Recording, reason: EndReason) -> None:
    """P-11: nothing was recorded; the recording is empty but has its id, file and requests."""
    recording = turn.put(
        recording, reason=reason, start_at=turn.now, stopped_at=turn.now, keep_ms=0
    )
    life.collect(turn, recording)


def capture_ended(turn: Turn, recording: Recording, at: Instant) -> None:
    """Asterisk closed the file: as we asked, at the caller's silence, or at a hangup."""
    match recording.phase:
        case "ending":
            life.collect(turn, recording)
        case "running" if not recording.closed:
            turn.put(recording, closed=True, stopped_at=at, deadline=turn.now + WHY_MS)
        case "starting" | "answering":
            fail(turn, recording, "Asterisk ended the recording before it had begun")


def _closed_by_asterisk(turn: Turn, recording: Recording) -> None:
    """No hangup explains it: Asterisk's silence or length limit, or a fault (a full disk)."""
    start, stopped, element = recording.start_at, recording.stopped_at, recording.element
    assert start is not None
    assert stopped is not None
    lasted = stopped - start
    reason: EndReason = "failed"
    error = ""
    if lasted >= (element.max_length_s + BACKUP_S) * 1000 - SLACK_MS:
        reason = "maxLength"
    elif lasted >= element.timeout_s * 1000 - SLACK_MS:
        reason = "silence"
    else:
        error = (
            f"Asterisk ended the recording by itself after {lasted} ms; "
            "its log tells why (a full disk, for instance)"
        )
    turn.durable = True
    life.collect(turn, turn.put(recording, reason=reason, error=error))


def fail(turn: Turn, recording: Recording, error: str) -> None:
    """Q-2: it cannot be recorded; what there is, if anything, is still looked for."""
    if recording.phase in ("collecting", "done"):
        return
    turn.warn("recording_failed", recording_id=recording.recording_id, reason=error)
    start = recording.start_at or recording.captured_at or turn.now
    recording = turn.put(
        recording, reason="failed", error=error, start_at=start, stopped_at=turn.now
    )
    life.give_up(turn, recording)
