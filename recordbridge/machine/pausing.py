"""Pause and resume of a recording (E-5).

For a pause Asterisk closes its files, and afterwards it begins further ones of the same snoops, so
that nothing of it is ever on a disk. `life.collection` puts them together, with silence for the
pause. It counts for maxLength, not for silence; keys pressed in it end nothing.
"""

from __future__ import annotations

from recordbridge.instant import Instant
from recordbridge.machine import capture, life, limits
from recordbridge.machine.intents import Discard, EndCapture, EndSnoop
from recordbridge.machine.state import Pause, Recording, Segment, Tap
from recordbridge.machine.turn import Turn, replace

BEGUN = ("preparing", "starting", "answering", "running")


def possible(recording: Recording) -> bool:
    """It runs, or is about to, and Asterisk has not ended it by itself."""
    if recording.phase not in BEGUN:
        return False
    renewed = recording.hushed or recording.renewing or bool(recording.coming)
    return renewed or all(tap.lost or not tap.closed for tap in recording.taps)


def pause(turn: Turn, recording: Recording) -> None:
    """Record nothing from now on; once more is the same."""
    if recording.paused:
        return
    turn.durable = True
    recording = turn.put(recording, pauses=(*recording.pauses, Pause(since=turn.now)))
    turn.detail("recording_paused", recording_id=recording.recording_id)
    if recording.phase == "running":
        _wait_for_end(turn, _moved(turn, capture.hush(turn, recording)))


def _moved(turn: Turn, recording: Recording) -> Recording:
    """S-1: of the snoops that were to follow nothing is kept yet; after the pause it is of them."""
    coming, channel = recording.coming, turn.call.channel_id
    if not coming:
        return recording
    turn.emit(*(EndSnoop(channel_id=channel, snoop_id=tap.snoop_id) for tap in recording.taps))
    names = tuple(life.capture_name(tap) for tap in coming)
    turn.emit(Discard(recording_id=recording.recording_id, names=names))
    taps = tuple(replace(tap, closed=True) for tap in coming)
    former = (*recording.former, recording.taps)
    return turn.put(recording, former=former, taps=taps, coming=())


def resume(turn: Turn, recording: Recording) -> None:
    """Record again; when it is not paused that is so already."""
    if not recording.paused:
        return
    turn.durable = True
    last = replace(recording.pauses[-1], until=turn.now)
    recording = turn.put(recording, pauses=(*recording.pauses[:-1], last))
    turn.detail("recording_resumed", recording_id=recording.recording_id)
    if recording.phase == "running":
        quiet = _shifted(recording.quiet_since, last.since, turn.now)
        recording = _wait_for_end(turn, turn.put(recording, quiet_since=quiet))
        go_on(turn, recording)


def _shifted(quiet_since: Instant | None, since: Instant, until: Instant) -> Instant | None:
    """Silence before the pause counts on after it; that of the pause does not."""
    return None if quiet_since is None else until - max(0, since - quiet_since)


def _wait_for_end(turn: Turn, recording: Recording) -> Recording:
    assert recording.start_at is not None
    return turn.put(recording, deadline=limits.deadline(recording, recording.start_at))


def go_on(turn: Turn, recording: Recording) -> None:
    """Begin further files when the pause is over and Asterisk has closed those before it."""
    if recording.phase != "running" or not recording.hushed or recording.paused:
        return
    if recording.renewing:  # further files belong to the snoops that are still to come
        return
    if all(tap.closed for tap in recording.taps):
        taps = tuple(_next_file(turn, tap) for tap in recording.taps)
        turn.durable = True
        capture.begin_files(turn, turn.put(recording, taps=taps, hushed=False))


def _next_file(turn: Turn, tap: Tap) -> Tap:
    segment = Segment(name=turn.new_object("rec"))
    return replace(tap, later=(*tap.later, segment), closed=tap.lost)


def found(turn: Turn, recording: Recording, live: set[str]) -> None:
    """N-1: Asterisk writes a further file, and nobody heard it begin: it did at the resume."""
    if not recording.pauses or recording.pauses[-1].until is None:
        return
    for tap in recording.taps:
        if tap.later and tap.later[-1].name in live:
            current = turn.recording(recording.recording_id) or recording
            began(turn, current, tap, tap.later[-1].name, recording.pauses[-1].until)


def began(turn: Turn, recording: Recording, tap: Tap, name: str, at: Instant) -> None:
    """Asterisk writes a further file. An end that came before that was not obeyed."""
    last = tap.later[-1]
    if last.name != name or last.captured_at is not None:
        return
    turn.durable = True
    changed = replace(tap, later=(*tap.later[:-1], replace(last, captured_at=at)))
    taps = tuple(changed if old.snoop_id == tap.snoop_id else old for old in recording.taps)
    recording = turn.put(recording, taps=taps)
    if recording.hushed or recording.phase == "ending":
        turn.emit(EndCapture(channel_id=turn.call.channel_id, name=name))
