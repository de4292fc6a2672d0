"""P-10: what becomes of a recording when its caller hangs up, or the channel leaves us alive."""

from __future__ import annotations

from recordbridge.instant import Instant
from recordbridge.machine import capture, limits
from recordbridge.machine.state import EndReason, Recording
from recordbridge.machine.turn import Turn


def call_gone(
    turn: Turn, recording: Recording, reason: EndReason, at: Instant, *, lives: bool = False
) -> None:
    """P-10: the caller hung up (or left us). With a channel that `lives` on its snoops do too."""
    match recording.phase:
        case "running" | "answering":
            capture.note_start(turn, recording)
            recording = turn.recording(recording.recording_id) or recording
            if lives or reason == "stopped":
                _taken(turn, recording, reason, at)
                return
            reason, at = limits.came_first(recording, reason, at)
            recording = turn.put(
                recording,
                phase="ending",
                reason=reason,
                stopped_at=at,
                deadline=turn.now + capture.CLOSE_MS,
            )
            turn.durable = True
            capture.without_coming(turn, recording)
            capture.collect_closed(turn, recording.recording_id)
        case "preparing" | "starting":
            capture.never_began(turn, recording, reason)


def _taken(turn: Turn, recording: Recording, reason: EndReason, at: Instant) -> None:
    """Q-2: the channel lives on without us, so its snoops do: what they hear is not ours."""
    start = recording.start_at
    assert start is not None
    capture.end(turn, recording, reason, at=at, keep_ms=max(0, at - start))
