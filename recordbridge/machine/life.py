"""A recording's life after its capture: collect, report, done (P-8, Q-2 to Q-4, M-1).

`action` goes out when the true values are known and the file is fetchable, or 2 s after the
values; `callbackUrl` when the file is fetchable, never before `action` was answered; then the
transcription is asked for, or refused. What cannot be read within 10 s goes out as failed; the
file is still rescued when it can be.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from recordbridge.machine import facts as f
from recordbridge.machine import hindsight, outcome, reports, transcription
from recordbridge.machine.intents import Collect, Discard, EndSnoop, Request, Transcribe
from recordbridge.machine.state import (
    LAG_MS,
    NONE,
    Fetching,
    Recording,
    Segment,
    Tap,
    Taping,
    latest_request,
)
from recordbridge.machine.turn import Turn

READ_MS = 10_000
"""P-8: how long Asterisk's file may take to become readable."""
FETCHABLE_MS = 2_000
"""P-8: how much longer `action` waits for the finished file, and for the hangup's cause."""
FREE = Decimal(0)
"""What a transcription costs that is not made."""


def collect(turn: Turn, recording: Recording) -> None:
    """The capture is over: take the files."""
    turn.durable = True
    recording = turn.put(
        recording,
        phase="collecting",
        deadline=turn.now + READ_MS,
        stopped_at=recording.stopped_at or turn.now,
    )
    _end_snoops(turn, recording)
    turn.emit(collection(turn, recording))
    turn.detail(
        "recording_ended",
        recording_id=recording.recording_id,
        reason=recording.reason,
        key=recording.key,
    )


def _end_snoops(turn: Turn, recording: Recording) -> None:
    """A channel that was hung up ends them itself."""
    if turn.call.hangup_at is not None or recording.refused:
        return
    for tap in (*recording.taps, *recording.coming, *recording.earlier):
        turn.emit(EndSnoop(channel_id=turn.call.channel_id, snoop_id=tap.snoop_id))


def first_name(tap: Tap) -> str:
    """The name under which Asterisk records at first: the snoop's id with another kind."""
    return tap.snoop_id.replace("-snoop", "-rec")


def capture_name(tap: Tap) -> str:
    """The name under which Asterisk records now."""
    return tap.later[-1].name if tap.later else first_name(tap)


def capture_names(recording: Recording) -> tuple[str, ...]:
    """Asterisk's files of the recording; none when it never wrote one (see `Collect`)."""
    if recording.captured_at is None:
        return ()
    return tuple(each.name if each.captured_at else "" for each in _files(recording))


def left_names(recording: Recording) -> tuple[str, ...]:
    """What Asterisk may have of it: a further file can have begun without that being heard."""
    further = {side.name for tap in recording.taps for side in tap.later}
    names = capture_names(recording)
    return tuple(
        each.name
        for each, name in zip(_files(recording), names, strict=False)
        if name or each.name in further
    )


def _files(recording: Recording) -> list[Segment]:
    """All that were begun, of each the sides in their order; a later one counts more (S-1, E-5)."""
    files: list[Segment] = []
    for taps in (*recording.former, recording.taps):
        files += [Segment(first_name(tap), None if tap.lost else tap.captured_at) for tap in taps]
        for sides in zip(*[tap.later for tap in taps], strict=True):
            files += sides
    return files


def collection(turn: Turn, recording: Recording) -> Collect:
    """What is to be cut out of Asterisk's files (P-2, P-6, P-7, S-7)."""
    captured, start = recording.captured_at, recording.start_at
    before = 0 if captured is None or start is None else max(0, start - captured + LAG_MS)
    most = recording.element.max_length_s * 1000
    keep = most if recording.keep_ms is None else min(most, recording.keep_ms)
    return Collect(
        recording_id=recording.recording_id,
        names=capture_names(recording),
        file_format=recording.element.file_format,
        channels=len(recording.taps),
        lead_ms=_leads(recording),
        keep_from_ms=before,
        keep_ms=keep,
        trim_silence=recording.reason == "silence" and turn.call.profile.trim_silence,
        threshold=turn.call.profile.silence_threshold,
        silences=_silences(recording),
        inspect=recording.unheard,
    )


def _leads(recording: Recording) -> tuple[int, ...]:
    """S-7: how much earlier each file began than the last one of the first to begin."""
    last = recording.captured_at
    files = _files(recording)
    if last is None or len(files) == 1:
        return ()
    return tuple(last - (each.captured_at or last) for each in files)


def _silences(recording: Recording) -> tuple[tuple[int, int], ...]:
    """E-5: a paused span is silence in the file."""
    captured, stopped = recording.captured_at, recording.stopped_at
    if captured is None or not recording.pauses:
        return ()
    zero = captured - LAG_MS
    spans = ((pause.since, pause.until or stopped or pause.since) for pause in recording.pauses)
    return tuple((max(0, since - zero), max(0, until - zero)) for since, until in spans)


def give_up(turn: Turn, recording: Recording) -> None:
    """It failed before anything of it was captured (Q-2)."""
    _end_snoops(turn, recording)
    _fail(turn, turn.put(recording, lost=True), recording.error)


def torn(turn: Turn, recording: Recording) -> Recording:
    """N-4: Asterisk's disk had no room for all of it; Asterisk calls it done all the same."""
    if recording.phase != "collecting" or recording.frames is not None:
        return recording
    error = f"disk full: spool:{turn.call.asterisk}"
    turn.warn("recording_failed", recording_id=recording.recording_id, reason=error)
    return turn.put(recording, reason="failed", error=error)


def delayed(turn: Turn, recording: Recording, place: str) -> None:
    """N-4: there is no room for the file. It is failed if that lasts, and rescued later."""
    if recording.phase != "collecting" or recording.delayed == place:
        return
    turn.durable = True
    recording = turn.put(recording, delayed=place)
    if recording.frames is not None and recording.action_id:
        turn.put(recording, deadline=turn.now + READ_MS)


def measured(turn: Turn, recording: Recording, fact: f.AudioMeasured) -> None:
    """The true values are known."""
    if not _closed(recording) or recording.frames is not None:
        return
    turn.durable = True
    recording = turn.put(
        recording, frames=fact.frames, rate=fact.rate, skipped_frames=fact.skipped_frames
    )
    if recording.phase == "done":
        return
    recording = _not_over_before_its_end(hindsight.corrected(recording, fact))
    advance(turn, turn.put(recording, deadline=turn.now + FETCHABLE_MS))


def _not_over_before_its_end(recording: Recording) -> Recording:
    """Asterisk still writes for a moment after what ended it; all of that is kept (P-6, Q-2)."""
    found, stopped = reports.times(recording), recording.stopped_at
    if found is None or stopped is None or stopped >= found.end_ms:
        return recording
    return msgspec.structs.replace(recording, stopped_at=found.end_ms)


def ready(turn: Turn, recording: Recording, size: int, digest: str) -> None:
    """A GET of RecordUrl returns the file; after giving up this is a rescue: nothing is
    sent, unless it was only for want of room; then the callback comes again, with the file (N-4).
    """
    if recording.size is not None or not _closed(recording):
        return
    turn.durable = True
    recording = turn.put(recording, size=size, digest=digest)
    if names := left_names(recording):
        turn.emit(Discard(recording_id=recording.recording_id, names=names))
    if recording.given_up:
        turn.note("recording_rescued", recording_id=recording.recording_id, size=size)
        if recording.delayed:
            _callback(turn, recording, again=True)
    else:
        advance(turn, recording)


def lost(turn: Turn, recording: Recording, error: str) -> None:
    """The file cannot be read, encoded or kept, and will not be tried again (FileFailed)."""
    if recording.lost or recording.size is not None or not _closed(recording):
        return
    turn.durable = True
    recording = turn.put(recording, lost=True)
    if recording.phase == "collecting":
        _fail(turn, recording, error)


def _closed(recording: Recording) -> bool:
    """Asterisk's files were given to the pipeline: what is said of them before that is not ours."""
    return recording.phase in ("collecting", "done")


def settled(recording: Recording) -> bool:
    """Everything was sent, and the file is stored or lost: nothing more will come of it."""
    return recording.phase == "done" and (recording.size is not None or recording.lost)


def due(turn: Turn, recording: Recording) -> None:
    """The wait for the values (failed then) or for the finished file (go without) is over."""
    delayed_by = f"disk full: {recording.delayed}" if recording.delayed else ""
    if recording.frames is None:
        seconds = READ_MS // 1000
        late = f"Asterisk's file could not be read within {seconds} seconds"
        _fail(turn, recording, delayed_by or late)
    elif recording.action_id and delayed_by:
        _fail(turn, recording, delayed_by)
    else:
        again = turn.now + READ_MS - FETCHABLE_MS if delayed_by else None
        advance(turn, turn.put(recording, deadline=again), late=True)


def _fail(turn: Turn, recording: Recording, error: str) -> None:
    turn.durable = True
    turn.warn("recording_failed", recording_id=recording.recording_id, reason=error)
    error = recording.error or error
    advance(turn, turn.put(recording, reason="failed", error=error, given_up=True))


def advance(turn: Turn, recording: Recording, *, late: bool = False) -> None:
    """Send what is due: `action` once, once the file is there `callbackUrl`, then the
    transcription (Q-3, Q-4, T-3).
    """
    over = recording.size is not None or recording.given_up
    if recording.frames is None and not recording.given_up:
        return
    if over or late:
        outcome.ended(turn, recording)
    if not recording.action_id:
        cause_open = recording.reason == "hangup" and not turn.call.over
        if (not over or cause_open) and not late:
            return
        recording = _action(turn, recording)
    if over:
        recording = _callback(turn, recording)
        recording = _transcription(turn, recording)
        turn.put(recording, phase="done", deadline=None)
        turn.note(
            "recording_settled",
            recording_id=recording.recording_id,
            mode=recording.mode,
            result=recording.reason,
            ms=_length_ms(recording),
        )


def started(turn: Turn, recording: Recording) -> None:
    """S-5: a background recording runs: its one `action` request, with -1 for what is to come."""
    element = recording.element
    if element.action is None:
        turn.put(recording, action_id=NONE)
        return
    request_id = turn.new_request()
    turn.emit(
        Request(
            request_id=request_id,
            kind="action",
            target=element.action,
            parameters=reports.initial(turn.call, recording, turn.now),
            wants_document=element.redirect,
            recording_id=recording.recording_id,
        )
    )
    turn.put(recording, action_id=request_id)


def _length_ms(recording: Recording) -> int:
    found = reports.times(recording)
    return 0 if found is None else found.duration_ms


def _action(turn: Turn, recording: Recording) -> Recording:
    """P-8, P-9, P-10. Without an `action` the step is only marked as passed. One in the background
    that never began has its initial request now, for whose reply nothing waits (S-5).
    """
    turn.durable = True
    element, call = recording.element, turn.call
    if element.action is None:
        return turn.put(recording, action_id=NONE)
    wanted = element.redirect and call.present
    awaited = wanted and not recording.background and _is_taping(turn, recording)
    request_id = turn.new_request()
    turn.emit(
        Request(
            request_id=request_id,
            kind="action",
            target=element.action,
            parameters=reports.action(call, recording, turn.now),
            wants_document=wanted if recording.background else awaited,
            durable=not awaited,
            recording_id=recording.recording_id,
        )
    )
    if awaited:
        turn.flow(doing=Fetching(request_id=request_id, purpose="action"))
    return turn.put(recording, action_id=request_id)


def _is_taping(turn: Turn, recording: Recording) -> bool:
    doing = turn.call.flow.doing
    return isinstance(doing, Taping) and doing.recording_id == recording.recording_id


def _callback(turn: Turn, recording: Recording, *, again: bool = False) -> Recording:
    element = recording.element
    if recording.callback_id and not again:
        return recording
    if element.callback is None:
        return turn.put(recording, callback_id=NONE)
    request_id = turn.new_request()
    turn.emit(
        Request(
            request_id=request_id,
            kind="callback",
            target=element.callback,
            parameters=reports.callback(turn.call, recording, turn.now),
            recording_id=recording.recording_id,
            after=latest_request(recording.callback_id, recording.action_id),
        )
    )
    return turn.put(recording, callback_id=request_id)


def _transcription(turn: Turn, recording: Recording) -> Recording:
    """T-1: made for a type or a URL, told to the URL, after all other requests. What cannot be
    made is told at once.
    """
    element = recording.element
    if recording.transcription_id:
        return recording
    if not element.transcribe and element.transcription is None:
        return turn.put(recording, transcription_id=NONE)
    request_id = NONE if element.transcription is None else turn.new_request()
    recording = turn.put(recording, transcription_id=request_id)
    size = None if recording.given_up else recording.size
    refused = transcription.refusal(reports.length_ms(recording), size)
    if not refused:
        turn.durable = True
        turn.emit(Transcribe(recording_id=recording.recording_id, at=turn.now))
        return recording
    refusal = transcription.Outcome(error=refused)
    told = transcription.request(turn.call, recording, refusal, FREE, turn.now)
    if told is not None:
        turn.emit(told)
    return recording
