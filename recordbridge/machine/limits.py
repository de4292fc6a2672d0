"""How long a recording may run: until maxLength, or its silence (P-4 to P-6).

What was recorded beyond maxLength is cut off, so that it is noticed a little late does no harm; but
nothing that comes after it may pass for the end.
"""

from __future__ import annotations

from recordbridge.instant import Instant
from recordbridge.machine.state import EndReason, Recording

SPARE_MS = 120
"""Recorded beyond maxLength, to be cut off: the file is exactly as long as allowed (P-6)."""
LATE: frozenset[EndReason] = frozenset(("finishOnKey", "hangup", "dialEnded", "stopped"))
"""Ends that somebody brings about, perhaps when maxLength has ended it already."""


def longest(recording: Recording) -> Instant | None:
    """When it is as long as allowed; None before it runs."""
    if recording.start_at is None:
        return None
    return recording.start_at + recording.element.max_length_s * 1000


def came_first(recording: Recording, reason: EndReason, at: Instant) -> tuple[EndReason, Instant]:
    """P-4: the end that counts, and when that was."""
    limit = longest(recording)
    if reason in LATE and limit is not None and at >= limit:
        return "maxLength", limit
    return reason, at


def deadline(recording: Recording, start_at: Instant) -> Instant:
    """When a running recording ends if nothing else ends it."""
    limit = start_at + recording.element.max_length_s * 1000 + SPARE_MS
    if recording.watch and not recording.paused and recording.quiet_since is not None:
        return min(limit, recording.quiet_since + recording.element.timeout_s * 1000)
    return limit


def silent(recording: Recording, now: Instant) -> bool:
    """By our own count its silence has lasted long enough, and not only after maxLength."""
    quiet, limit = recording.quiet_since, longest(recording)
    if not recording.watch or recording.paused or quiet is None or limit is None:
        return False
    until = quiet + recording.element.timeout_s * 1000
    return until <= min(now, limit)
