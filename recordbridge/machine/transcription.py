"""Whether a recording can be transcribed, and the words that say why not (T-1, T-3, D-13, D-32).

The limits apply to the recording as it was delivered; its duration is judged before its size.
This release has no engine: a recording within the limits is told so. With an engine only
`error` changes its last line, and the request carries the text.
"""

from __future__ import annotations

SHORTEST_MS = 500
"""A recording must be longer."""
LONGEST_MS = 14_400_000
"""A recording must be shorter: four hours."""
LARGEST_BYTES = 2_000_000_000
"""The file must be smaller."""

TOO_LONG = "Recording duration too long for transcription"
TOO_LARGE = "Recording file size too large for transcription"
TOO_SHORT = "Recording duration too short for transcription"
NOTHING = "The recording failed: there is no file to transcribe"
UNAVAILABLE = "Transcription is not available: no engine is installed on this server"


def refusal(duration_ms: int, size: int | None) -> str:
    """Why a recording is not transcribed, empty when it may be; `size` None = nothing was saved."""
    if size is None:
        return NOTHING
    if duration_ms >= LONGEST_MS:
        return TOO_LONG
    if duration_ms <= SHORTEST_MS:
        return TOO_SHORT
    return TOO_LARGE if size >= LARGEST_BYTES else ""


def error(duration_ms: int, size: int | None) -> str:
    """What the transcription request says (D-32)."""
    return refusal(duration_ms, size) or UNAVAILABLE
