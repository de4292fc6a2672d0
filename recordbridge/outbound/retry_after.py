"""Retry-After (RFC 9110 10.2.3): seconds or an HTTP date, made into seconds from now (H-4)."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from recordbridge.instant import Instant

LONGEST_S = 366 * 86_400
"""More than that is cut; who obeys the header cuts it further."""


def retry_after_s(value: str | None, now: Instant) -> int | None:
    """Seconds to wait, 0 for a date that has passed; None without a usable value."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return LONGEST_S if len(text) > 9 else min(int(text), LONGEST_S)
    try:
        then = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    try:
        wait = then.timestamp() - now / 1000
    except (ValueError, OverflowError):
        return None
    return max(0, min(round(wait), LONGEST_S))
