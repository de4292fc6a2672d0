"""How long a recording has been stored, in whole days: its field, and the filters for it (E-3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recordbridge.instant import Instant
from recordbridge.ports.lists import Span
from recordbridge.web.api import checks
from recordbridge.web.api.fields import Field

DAY_MS = 86_400_000
NAME = "recording_storage_duration"
_MOST_DAYS = 1_000_000
_DAYS = {"type": "integer", "minimum": 0, "maximum": _MOST_DAYS}
_WORDS = {
    "": "exactly that many",
    "__gt": "more",
    "__gte": "that many or more",
    "__lt": "fewer",
    "__lte": "that many or fewer",
}
FIELDS = tuple(
    Field(NAME + suffix, checks.whole(0, _MOST_DAYS), _DAYS, f"Stored for {words} whole days")
    for suffix, words in _WORDS.items()
)


def days(added_at: Instant, now: Instant) -> int:
    """Whole days since it was begun."""
    return max(0, now - added_at) // DAY_MS


def narrowed(span: Span, values: Mapping[str, Any], now: Instant) -> Span:
    """The span of `add_time`, by the filters for the days too."""
    until = [span.until] if span.until is not None else []
    after = [span.after] if span.after is not None else []
    for suffix in _WORDS:
        number: int | None = values.get(NAME + suffix)
        if number is None:
            continue
        least = number + 1 if suffix == "__gt" else number
        fewer_than = number if suffix == "__lt" else number + 1
        if suffix in ("", "__gt", "__gte") and least:
            until.append(now - least * DAY_MS)
        if suffix in ("", "__lt", "__lte"):
            after.append(now - fewer_than * DAY_MS if fewer_than else now + DAY_MS)
    return Span(
        after=max(after, default=None),
        since=span.since,
        before=span.before,
        until=min(until, default=None),
    )
