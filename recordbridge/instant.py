"""Instants: epoch milliseconds, UTC, as plain integers.

Nothing below the composition root reads a clock: `now` comes in as an argument. A `Clock` is
the epoch at the start of the process plus monotonic time, so that a step of the system's
clock never moves a deadline.
"""

from __future__ import annotations

import datetime as dt
import time
from typing import Protocol

Instant = int
"""Milliseconds since 1970-01-01 UTC."""


class Clock(Protocol):
    """Gives the current instant."""

    def __call__(self) -> Instant: ...


class SystemClock:
    """Epoch at construction plus monotonic time since; `base_ms` is when that was zero."""

    def __init__(self) -> None:
        self.base_ms = time.time() * 1000 - time.monotonic() * 1000  # noqa: TID251 - the one place

    def __call__(self) -> Instant:
        return int(self.base_ms + time.monotonic() * 1000)


def from_asterisk(timestamp: str) -> Instant:
    """The instant of an ARI timestamp such as `2026-03-17T08:32:35.709-0600`.

    Raises ValueError for anything else.
    """
    return round(dt.datetime.fromisoformat(timestamp).timestamp() * 1000)


def to_text(instant: Instant) -> str:
    """`2026-03-17 14:32:35.709000+00:00`, the form of the hosted product's `add_time`."""
    return to_datetime(instant).isoformat(sep=" ", timespec="microseconds")


def from_text(text: str) -> Instant:
    """The instant of an ISO 8601 date or time; UTC unless it says otherwise. Raises ValueError."""
    found = dt.datetime.fromisoformat(text)
    return round(found.replace(tzinfo=found.tzinfo or dt.UTC).timestamp() * 1000)


def to_datetime(instant: Instant) -> dt.datetime:
    """The instant as an aware datetime in UTC."""
    return dt.datetime.fromtimestamp(instant / 1000, tz=dt.UTC)
