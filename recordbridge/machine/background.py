"""Background recordings: recordSession, startOnDialAnswer, and both (S-1 to S-8)."""

from __future__ import annotations

from recordbridge.machine import capture
from recordbridge.machine.state import Mode, Recording
from recordbridge.machine.turn import Turn
from recordbridge.plivo.elements import Record


def is_background(element: Record) -> bool:
    """One of the flags is true: the flow goes on while it records."""
    return element.record_session or element.start_on_dial_answer


def begin(turn: Turn, element: Record, mode: Mode, recording_id: str = "") -> Recording:
    """Record both directions of the call: mixed, or caller left and far side right (S-7)."""
    stereo = element.stereo is not False
    return capture.new(turn, element, mode, ("in", "out") if stereo else ("both",), recording_id)


def arm(turn: Turn, element: Record) -> None:
    """S-2: record from the answer of the next Dial on, in whatever document it stands."""
    turn.change(armed=(*turn.call.armed, element))
    turn.durable = True


def started(turn: Turn, recording_id: str) -> bool:
    """It runs, or will not: nothing needs to wait for it."""
    recording = turn.recording(recording_id)
    return recording is None or recording.phase not in ("preparing", "starting", "answering")


def dial_over(turn: Turn, recording_ids: tuple[str, ...]) -> None:
    """S-2: what began with a Dial ends with it, unless it is a session recording too (S-3)."""
    for recording_id in recording_ids:
        recording = turn.recording(recording_id)
        if recording is not None and recording.mode == "dial":
            capture.stop(turn, recording, "dialEnded")
