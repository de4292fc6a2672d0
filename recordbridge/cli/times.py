"""Times as people give them on the command line."""

from __future__ import annotations

import argparse
import datetime as dt
import re

from recordbridge.instant import Instant, SystemClock

_AGO = re.compile(r"([0-9]{1,6})([smhd])")
_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def moment(text: str) -> Instant:
    """`2026-03-17 14:32` in UTC, or how long ago: `90m`, `2h`, `3d`. For argparse."""
    if ago := _AGO.fullmatch(text):
        return SystemClock()() - int(ago[1]) * _MS[ago[2]]
    try:
        found = dt.datetime.fromisoformat(text)
        if found.tzinfo is None:
            found = found.replace(tzinfo=dt.UTC)
        return round(found.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time; allowed is 2026-03-17 14:32 (UTC), or 90m, 2h, 3d ago"
        ) from None


def shown(instant: Instant | None) -> str | None:
    """For people and programs: `2026-03-17 14:32:35.123Z`."""
    if instant is None:
        return None
    try:
        return dt.datetime.fromtimestamp(instant / 1000, dt.UTC).strftime("%F %T.%f")[:-3] + "Z"
    except (ValueError, OverflowError, OSError):
        return str(instant)


def exact(instant: Instant | None) -> str | None:
    """As the REST API takes it, to the millisecond."""
    text = shown(instant)
    return None if text is None else text.removesuffix("Z")
