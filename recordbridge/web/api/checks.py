"""The checks of fields that only REST has; the others are those of elements (`plivo.checks`)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from recordbridge.instant import Instant
from recordbridge.plivo import checks as elements
from recordbridge.plivo.retry import Target
from recordbridge.ports.lists import Span
from recordbridge.urls import absolute_url
from recordbridge.web.api.fields import Field

MOST_ROWS = 20
MOST_OFFSET = 10**9
LONGEST = 256
"""Of any text that is compared with something."""

TEXT = {"type": "string", "maxLength": LONGEST}
NUMBER = {"type": ["integer", "string"]}
URL = {"type": "string", "pattern": "^https?://"}
METHOD = {"type": "string", "enum": ["GET", "POST"]}
TIME_PATTERN = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(\+00:00|Z)?$"
)
TIME = {"type": "string", "pattern": TIME_PATTERN}

_TIME = re.compile(TIME_PATTERN, re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,10}", re.ASCII)
_MINUTE, _SECOND = 16, 19
"""How long a time is that tells no seconds, and no fraction."""


def plain(check: elements.Check) -> Callable[[str], Any]:
    """A check of the elements, whose warnings nobody would see."""
    return lambda text: check(text, [])


def text(value: str) -> str:
    """Anything that can be a number, a name or an id."""
    if not value or len(value) > LONGEST or not value.isprintable():
        raise ValueError(f"must be 1 to {LONGEST} printable characters")
    return value


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number between the two."""

    def check(value: str) -> int:
        if _WHOLE.fullmatch(value) is None or not least <= int(value) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(value)

    return check


def one_of(*words: str) -> Callable[[str], str]:
    return plain_text(elements.one_of(*words))


def plain_text(check: elements.Check) -> Callable[[str], str]:
    return lambda value: str(check(value, []))


def target(value: str) -> Target | None:
    """A URL with an optional retry fragment; empty counts as absent."""
    found = elements.target(value, [])
    assert found is None or isinstance(found, Target)
    return found


def any_url(value: str) -> str:
    """A URL that is only looked into."""
    return absolute_url(value)


def moment(value: str) -> tuple[Instant, Instant]:
    """The first instant of what the text names, and the first after it: a minute, a second, or
    what a fraction says to the millisecond.
    """
    try:
        bare = value.removesuffix("Z").removesuffix("+00:00") if _TIME.fullmatch(value) else ""
        start = dt.datetime.fromisoformat(bare).replace(tzinfo=dt.UTC)
        first = round(start.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise ValueError("must be a time in UTC such as 2026-03-17 14:32:35") from None
    length = 60_000 if len(bare) == _MINUTE else 1000 if len(bare) == _SECOND else 1
    return first, first + length


def time_fields(name: str, about: str) -> tuple[Field, ...]:
    """`name`, and with `__gt`, `__gte`, `__lt`, `__lte`."""
    words = {
        "": "at",
        "__gt": "after",
        "__gte": "at or after",
        "__lt": "before",
        "__lte": "at or before",
    }
    return tuple(
        Field(f"{name}{suffix}", moment, TIME, f"{about} {word} that time (UTC)")
        for suffix, word in words.items()
    )


def span(values: dict[str, Any], name: str) -> Span:
    """The bounds that were given for `name`. Several for one side: the narrower one holds."""
    at = values.get(name)
    first, end = at or (None, None)
    since = [each for each in (first, _first(values, f"{name}__gte")) if each is not None]
    before = [each for each in (end, _first(values, f"{name}__lt")) if each is not None]
    return Span(
        after=_first(values, f"{name}__gt"),
        since=max(since, default=None),
        before=min(before, default=None),
        until=_first(values, f"{name}__lte"),
    )


def _first(values: dict[str, Any], name: str) -> Instant | None:
    found = values.get(name)
    return None if found is None else found[0]


LIMIT = Field("limit", whole(1, MOST_ROWS), NUMBER, "How many objects, 1 to 20; 20 by default")
OFFSET = Field("offset", whole(0, MOST_OFFSET), NUMBER, "How many objects to skip; 0 by default")
PAGING = (LIMIT, OFFSET)
