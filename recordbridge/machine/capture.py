"""Capturing: from the first snoop to the moment Asterisk has closed every file (P-1 to P-7, S-1).

What is recorded is snooped, in one or two directions, and each snoop is recorded; that keeps
wall-clock time whether a phone sends RTP or not (P-5). On an unanswered call the capture begins
before the answer and the file is cut there, so that not a sample after it is lost (X-2, S-9).
"""

from __future__ import annotations

from typing import Literal

from recordbridge import ids
from recordbridge.instant import Instant
from recordbridge.machine import life, limits, outcome
from recordbridge.machine.intents import (
    BeginCapture,
    BeginSnoop,
    Discard,
    EndCapture,
    EndPlayback,
    EndSnoop,
    WatchTalking,
)
from recordbridge.machine.state import LAG_MS, EndReason, Mode, Recording, Tap
from recordbridge.machine.turn import Turn, replace
from recordbridge.plivo.elements import Record

START_MS = 5_000
"""How long Asterisk may take to begin."""
CLOSE_MS = 3_000
"""How long Asterisk may take to close a file."""
WHY_MS = 100
"""How long after Asterisk ended a file by itself a hangup may still turn out to be the cause."""
SLACK_MS = 300
"""Asterisk's limits may strike this much early by our count."""
BACKUP_S = 5
"""How much later Asterisk's own limits strike when ours do not."""
HEAD_MS = 40
"""X-2: the packet that comes with the answer was spoken in the 20 ms before it; 20 ms more are kept
because instants are uncertain. Measured: with 20 ms in all, up to 4 ms of it were lost."""
BEEP_TAIL_MS = 35
"""P-2: the caller still hears 20 ms of the beep when Asterisk has sent it and begins to record; the
rest moves the first sample towards the middle of the 60 ms that the rule allows. Measured with 20:
15 ms after the beep's last packet, between 8 ms before and 35 ms after it."""
TOLD: frozenset[EndReason] = frozenset(("silence", "maxLength"))
"""Ends that Asterisk's file tells if nobody else can (`hindsight`)."""
TALK_MS = 500
"""TALK_DETECT says that speech has ended after this much silence."""

Sides = tuple[Literal["in", "out", "both"], ...]


def new(turn: Turn, element: Record, mode: Mode, sides: Sides, told_id: str = "") -> Recording:
    """With its snoops asked for; without room (N-4) there are none: it must be `refuse`d then, once
    it has its place in the flow. `told_id`: its id is known already.
    """
    call = turn.call
    number = len(call.recordings) + 1
    taps = tuple(Tap(turn.new_object("snoop"), direction) for direction in sides)
    recording = Recording(
        recording_id=told_id or ids.derived(call.seed, f"recording-{number}"),
        number=number,
        element=element,
        taps=taps,
        added_at=turn.now,
        mode=mode,
        deadline=turn.now + START_MS,
        error=f"disk full: {call.full}" if call.full else "",
        refused=bool(call.full),
    )
    for tap in () if recording.refused else taps:
        turn.emit(
            BeginSnoop(channel_id=call.channel_id, snoop_id=tap.snoop_id, direction=tap.direction)
        )
    turn.durable = True
    return turn.put(recording)


def refuse(turn: Turn, recording: Recording) -> None:
    """N-4: nothing was begun of it; it fails like any other, and the flow goes on."""
    turn.note("recording_refused", recording_id=recording.recording_id, reason=recording.error)
    fail(turn, recording, recording.error)


def mark(turn: Turn, recording: Recording, tap: Tap, **fields: object) -> Recording:
    """Change fields of a tap."""
    changed = replace(tap, **fields)
    return turn.put(
        recording,
        taps=tuple(changed if old.snoop_id == tap.snoop_id else old for old in recording.taps),
    )


def snoop_entered(turn: Turn, recording: Recording, tap: Tap) -> None:
    """The snoop is there; when all are, they are recorded, unless the beep still plays."""
    if recording.phase != "preparing" or tap.ready:
        return
    watch(turn, recording, tap)
    begin(turn, mark(turn, recording, tap, ready=True))


def watch(turn: Turn, recording: Recording, tap: Tap) -> None:
    """Whether it hears speech is told from before it is recorded: of the caller (P-5)."""
    if recording.watch and tap.direction == "in":
        turn.emit(
            WatchTalking(
                channel_id=turn.call.channel_id,
                snoop_id=tap.snoop_id,
                threshold=turn.call.profile.silence_threshold,
                silence_ms=TALK_MS,
            )
        )


def begin(turn: Turn, recording: Recording) -> None:
    """Tell Asterisk to write, once every snoop is there and the beep is over."""
    if recording.beep_id or not all(tap.ready for tap in recording.taps):
        return
    turn.put(recording, phase="starting", deadline=turn.now + START_MS)
    begin_files(turn, recording)


def begin_files(turn: Turn, recording: Recording, taps: tuple[Tap, ...] = ()) -> None:
    """Tell Asterisk to write, with its own limits behind ours."""
    element = recording.element
    silence_s = element.timeout_s + (BACKUP_S if recording.watch else 0)
    for tap in taps or recording.taps:
        if not tap.lost:
            turn.emit(
                BeginCapture(
                    channel_id=turn.call.channel_id,
                    snoop_id=tap.snoop_id,
                    name=life.capture_name(tap),
                    max_silence_s=silence_s if _ends_by_silence(recording, tap) else 0,
                    max_duration_s=element.max_length_s + BACKUP_S,
                )
            )


def _ends_by_silence(recording: Recording, tap: Tap) -> bool:
    """P-5: the caller's silence does, not that of what the caller hears."""
    return not recording.background and tap.direction == "in"


def began(turn: Turn, recording: Recording, tap: Tap, at: Instant) -> None:
    """Asterisk writes: the recording runs, or it only waits for the answer (X-2)."""
    if recording.phase == "starting" and tap.captured_at is None:
        captured(turn, mark(turn, recording, tap, captured_at=at))


def captured(turn: Turn, recording: Recording) -> Recording:
    """With all of its files begun it runs, or waits for the answer."""
    since = recording.captured_at
    if since is None:
        return recording
    if turn.call.answered_at is None and recording.mode != "rest" and turn.can_answer:
        recording = turn.put(recording, phase="answering", deadline=turn.now + START_MS)
        turn.answer()
        return recording
    beeped = recording.mode == "plain" and recording.element.play_beep
    run(turn, recording, since + BEEP_TAIL_MS if beeped else since - LAG_MS)
    return turn.recording(recording.recording_id) or recording


def call_answered(turn: Turn, recording: Recording, at: Instant) -> None:
    """What is said from the answer on counts."""
    if recording.phase == "answering":
        captured = recording.captured_at
        assert captured is not None
        run(turn, recording, max(at - HEAD_MS, captured - LAG_MS))


def run(turn: Turn, recording: Recording, at: Instant) -> None:
    """The recording runs, with its first sample at that instant.

    N-1: that it was to run is kept; that it does is seen again by the file that Asterisk writes.
    """
    turn.unhurried = True
    quiet = None if recording.speaking else at
    recording = turn.put(recording, phase="running", start_at=at, quiet_since=quiet)
    recording = turn.put(recording, deadline=limits.deadline(recording, at))
    turn.detail("recording_began", recording_id=recording.recording_id, at=at)
    if recording.paused:
        recording = hush(turn, recording)
    if recording.background:
        life.started(turn, recording)
        outcome.started(turn, recording)


def at_limit(turn: Turn, recording: Recording) -> bool:
    """End a recording that has reached maxLength."""
    limit = limits.longest(recording)
    assert limit is not None
    if turn.now < limit:
        return False
    end(turn, recording, "maxLength", at=limit)
    return True


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
    reason, at = limits.came_first(recording, reason, at)
    recording = turn.put(
        recording,
        phase="ending",
        reason=reason,
        stopped_at=at,
        keep_ms=None if recording.guessed else keep_ms,  # counted from an unsure start
        key=key if reason == "finishOnKey" else "",
        error=error,
        deadline=turn.now + CLOSE_MS,
    )
    turn.durable = True
    _end_files(turn, without_coming(turn, recording), told=reason in TOLD)
    collect_closed(turn, recording.recording_id)


def _end_files(turn: Turn, recording: Recording, *, told: bool = False) -> None:
    channel = turn.call.channel_id
    for tap in (*recording.taps, *recording.earlier):
        if not tap.closed:
            turn.emit(EndCapture(channel_id=channel, name=life.capture_name(tap), told=told))


def without_coming(turn: Turn, recording: Recording) -> Recording:
    """S-1: of a channel that is not recorded yet nothing shall be."""
    if not recording.coming:
        return recording
    for tap in recording.coming:
        turn.emit(EndSnoop(channel_id=turn.call.channel_id, snoop_id=tap.snoop_id))
    _discard(turn, recording, recording.coming)
    return turn.put(recording, coming=())


def hush(turn: Turn, recording: Recording) -> Recording:
    """E-5: nothing of a pause shall be on any disk, so the files are closed for it."""
    _end_files(turn, recording)
    return turn.put(recording, hushed=True)


def stop(turn: Turn, recording: Recording, reason: EndReason = "stopped") -> None:
    """Somebody asked for the end (REST, or the flow was taken away), wherever it is.

    One that Asterisk has just ended has ended; why will be known in a moment.
    """
    if recording.phase == "running" and has_ended(recording):
        return
    if recording.phase in ("running", "answering"):
        note_start(turn, recording)
        recording = turn.recording(recording.recording_id) or recording
        end(turn, recording, reason, at=turn.now)
    elif recording.phase in ("preparing", "starting"):
        never_began(turn, recording, reason)


def note_start(turn: Turn, recording: Recording) -> None:
    """A recording that ends before the answer was seen began when its file did."""
    if recording.start_at is None and recording.captured_at is not None:
        turn.put(recording, start_at=recording.captured_at - LAG_MS)


def never_began(turn: Turn, recording: Recording, reason: EndReason) -> None:
    """P-11: nothing was recorded; the recording is empty but has its id, file and requests.

    Asterisk may have begun to write all the same, and its event may come when nobody listens.
    """
    if recording.phase == "starting":
        _discard(turn, recording, recording.taps)
    if recording.beep_id and turn.call.present and not turn.call.outside:
        turn.emit(EndPlayback(channel_id=turn.call.channel_id, playback_id=recording.beep_id))
    recording = turn.put(
        recording, reason=reason, start_at=turn.now, stopped_at=turn.now, keep_ms=0, beep_id=""
    )
    life.collect(turn, recording)


def _discard(turn: Turn, recording: Recording, taps: tuple[Tap, ...]) -> None:
    """What Asterisk wrote there, if anything, is of no use."""
    names = tuple(life.capture_name(tap) for tap in taps)
    turn.emit(Discard(recording_id=recording.recording_id, names=names))


def ended(turn: Turn, recording: Recording, tap: Tap, at: Instant) -> None:
    """Asterisk closed a file: as we asked, at the caller's silence, at a hangup, or on its own.

    One of a recording that was over before it had begun is of no use.
    """
    if tap.closed:
        if tap.lost and not tap.discarded:
            mark(turn, recording, tap, discarded=True)
            _discard(turn, recording, (tap,))
        return
    recording = turn.put(recording, closed_at=recording.closed_at or at)
    match recording.phase:
        case "ending":
            mark(turn, recording, tap, closed=True)
            collect_closed(turn, recording.recording_id)
        case "running" if recording.hushed or recording.renewing:
            mark(turn, recording, tap, closed=True)
        case "running":
            first = not recording.coming and not any(each.closed for each in recording.taps)
            recording = mark(turn, recording, tap, closed=True)
            if first:
                turn.put(recording, stopped_at=at, deadline=turn.now + WHY_MS)
        case "starting" | "answering":
            recording = mark(turn, recording, tap, closed=True, discarded=True)
            fail(turn, recording, "Asterisk ended the recording before it had begun")
        case "collecting" | "done" if recording.captured_at is None:
            mark(turn, recording, tap, closed=True)
            _discard(turn, recording, (tap,))


def closed_by_asterisk(turn: Turn, recording: Recording) -> None:
    """No hangup explains it: Asterisk's silence or length limit, or a fault (a full disk)."""
    start, stopped, element = recording.start_at, recording.stopped_at, recording.element
    assert start is not None
    assert stopped is not None
    lasted = stopped - start
    reason: EndReason = "failed"
    error = ""
    if lasted >= (element.max_length_s + BACKUP_S) * 1000 - SLACK_MS:
        reason = "maxLength"
    elif not recording.background and lasted >= element.timeout_s * 1000 - SLACK_MS:
        reason = "silence"
    else:
        error = (
            f"Asterisk ended the recording by itself after {lasted} ms; "
            "its log tells why (a full disk, for instance)"
        )
    end(turn, recording, reason, at=stopped, error=error)


def fail(turn: Turn, recording: Recording, error: str) -> None:
    """Q-2: it cannot be recorded; what there is, one side of a stereo perhaps, is saved."""
    if recording.phase in ("collecting", "done"):
        return
    turn.warn("recording_failed", recording_id=recording.recording_id, reason=error)
    if turn.call.present and recording.mode != "rest":
        turn.answer()  # it does that, whatever becomes of it (F-2)
    missing = tuple(tap for tap in recording.taps if tap.captured_at is None)
    if missing and recording.phase == "starting":
        _discard(turn, recording, missing)
    recording = turn.put(
        recording,
        taps=tuple(
            replace(tap, lost=True, closed=True) if tap in missing else tap
            for tap in recording.taps
        ),
    )
    note_start(turn, recording)
    recording = turn.recording(recording.recording_id) or recording
    if recording.captured_at is not None:
        end(turn, recording, "failed", at=turn.now, error=error)
        return
    start = recording.start_at or turn.now
    life.give_up(
        turn,
        turn.put(recording, reason="failed", error=error, start_at=start, stopped_at=turn.now),
    )


def collect_closed(turn: Turn, recording_id: str) -> None:
    """Take the files, unless Asterisk has still to close one."""
    recording = turn.recording(recording_id)
    assert recording is not None
    if recording.all_closed:
        life.collect(turn, recording)


def has_ended(recording: Recording) -> bool:
    """Asterisk has closed a file that nobody wanted closed, and no other one follows it."""
    if recording.hushed or recording.renewing or recording.coming:
        return False
    return any(tap.closed for tap in recording.taps)


def due(turn: Turn, recording: Recording) -> None:
    """A deadline of a recording that Asterisk has not closed has come."""
    match recording.phase:
        case "preparing" | "starting" | "answering":
            fail(turn, recording, "Asterisk did not begin to record in time")
        case "running" if has_ended(recording):
            closed_by_asterisk(turn, recording)
        case "running":
            at_limit(turn, recording)
        case "ending":
            turn.warn("capture_end_missed", recording_id=recording.recording_id)
            life.collect(turn, recording)
