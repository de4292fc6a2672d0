"""What became of a call and its recordings while nobody heard of it (N-1, N-2); see `reconcile`."""

from __future__ import annotations

from recordbridge import ids
from recordbridge.instant import Instant
from recordbridge.machine import capture, life, limits
from recordbridge.machine import facts as f
from recordbridge.machine.intents import Discard
from recordbridge.machine.state import EndReason, Recording
from recordbridge.machine.turn import Turn, replace


def found(turn: Turn, recording: Recording, at: Instant, *, guessed: bool) -> Recording:
    """N-1: Asterisk writes since about then; nobody heard it begin."""
    taps = tuple(
        replace(tap, ready=True, captured_at=tap.captured_at or at) for tap in recording.taps
    )
    return capture.captured(turn, turn.put(recording, taps=taps, beep_id="", guessed=guessed))


def ended(
    turn: Turn, recording: Recording, reason: EndReason, at: Instant, error: str = ""
) -> None:
    """N-1: Asterisk closed the files while nobody listened; they may tell the reason better."""
    recording = turn.put(
        recording,
        taps=tuple(replace(tap, closed=True) for tap in recording.taps),
        reason=reason,
        error=error,
        start_at=recording.start_at or recording.captured_at,
        stopped_at=at,
        unheard=True,
    )
    life.collect(turn, recording)


def talk(turn: Turn, recording: Recording) -> None:
    """P-5: it may have begun or ended unheard. Better end late, by Asterisk's limit, than in it."""
    start = recording.start_at
    if not recording.watch or start is None:
        return
    recording = turn.put(recording, speaking=True, quiet_since=None)
    turn.put(recording, deadline=limits.deadline(recording, start))


def forgotten(turn: Turn, fact: f.PbxSeen) -> None:
    """What steps have made that were never kept: its ids are not given again, its files deleted."""
    known = turn.call.objects
    made = {name: _number(name) for name in (*fact.snoops, *fact.legs, *fact.bridges, *fact.stored)}
    turn.change(objects=max(known, *made.values(), 0))
    files = tuple(name for name in fact.stored if made[name] > known)
    if files:
        turn.emit(Discard(recording_id="", names=files))


def _number(name: str) -> int:
    made = ids.parse_object_id(name)
    return 0 if made is None else made.number
