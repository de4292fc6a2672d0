"""What FastAGI is told of a recording (G-2): once, as soon as there is something to tell.

The dialplan waits for it: for a plain recording until that has ended and its values are true, for
one in the background until it runs.
"""

from __future__ import annotations

from typing import Literal

from recordbridge.machine import reports
from recordbridge.machine.intents import AgiResult
from recordbridge.machine.state import Recording
from recordbridge.machine.turn import Turn


def started(turn: Turn, recording: Recording) -> None:
    """One in the background runs."""
    if _awaited(turn, recording):
        _tell(
            turn,
            AgiResult(
                agi_id=recording.agi_id,
                status="STARTED",
                recording_id=recording.recording_id,
                account=recording.account or turn.call.profile.account,
                file=f"{recording.recording_id}.{recording.element.file_format}",
            ),
        )


def ended(turn: Turn, recording: Recording) -> None:
    """Its values are known, or it has failed."""
    if not _awaited(turn, recording):
        return
    end = reports.ended(recording)
    _tell(
        turn,
        AgiResult(
            agi_id=recording.agi_id,
            status=_status(recording),
            recording_id=end.recording_id,
            account=recording.account or turn.call.profile.account,
            file=(end.url or "").removeprefix(reports.FILE),
            duration_ms=end.duration_ms,
            reason=end.reason,
            digits=recording.key,
            error=end.error,
        ),
    )


def refused(turn: Turn, agi_id: str, error: str) -> None:
    """There is no recording."""
    turn.emit(AgiResult(agi_id=agi_id, status="FAILED", reason="failed", error=error))


def _status(recording: Recording) -> Literal["DONE", "STARTED", "FAILED"]:
    if recording.reason == "failed":
        return "FAILED"
    return "STARTED" if recording.background else "DONE"


def _awaited(turn: Turn, recording: Recording) -> bool:
    return bool(recording.agi_id) and recording.agi_id == turn.call.dialplan.agi_id


def _tell(turn: Turn, result: AgiResult) -> None:
    turn.durable = True
    turn.dialplan(agi_id="")
    turn.emit(result)
