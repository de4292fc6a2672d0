"""Which bytes of a file a request gets: RFC 9110, sections 13 (conditions) and 14 (ranges).

Pure: headers in, a plan out. Files never change once they are there and have a strong ETag but
no modification date, so conditions on dates are ignored, and an If-Range with one is false.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

_ETAG = re.compile(r'\s*(W/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*(?:,|$)')
_RANGE = re.compile(r"bytes=[ \t]*(?:([0-9]+)-([0-9]*)|-([0-9]+))[ \t]*", re.IGNORECASE)
_MOST_DIGITS = 18


class Plan(NamedTuple):
    """Answer with `status` and `length` bytes from `start` on; `content_range` may be empty."""

    status: int
    start: int = 0
    length: int = 0
    content_range: str = ""


def plan(method: str, headers: Mapping[str, str], size: int, etag: str) -> Plan:
    """What a GET or HEAD for a file of `size` bytes gets; `etag` without its quotes.

    200 whole, 206 part, 304, 412, or 416. Several ranges at once, other units and what is no
    range at all get the whole file, as section 14.2 allows.
    """
    if "If-Match" in headers and not _matches(headers["If-Match"], etag, strong=True):
        return Plan(412)
    if "If-None-Match" in headers and _matches(headers["If-None-Match"], etag, strong=False):
        return Plan(304)
    whole = Plan(200, 0, size)
    wanted = headers.get("Range", "") if method == "GET" else ""
    if not wanted or headers.get("If-Range", f'"{etag}"').strip() != f'"{etag}"':
        return whole
    found = _RANGE.fullmatch(wanted)
    return whole if found is None else _part(found, whole)


def _part(found: re.Match[str], whole: Plan) -> Plan:
    size = whole.length
    first, last, suffix = (_number(text) for text in found.groups())
    if suffix is not None:
        first, last = max(0, size - suffix), size - 1
        if size == 0 < suffix:
            return whole  # the suffix is all there is, and no Content-Range can say so
    if first is None or (last is not None and last < first and suffix is None):
        return whole
    if first >= size:
        return Plan(416, content_range=f"bytes */{size}")
    last = size - 1 if last is None else min(last, size - 1)
    return Plan(206, first, last - first + 1, f"bytes {first}-{last}/{size}")


def _number(text: str | None) -> int | None:
    """None for an absent number; one too long to be a position is beyond every file."""
    if not text:
        return None
    digits = text.lstrip("0") or "0"
    return int(digits) if len(digits) <= _MOST_DIGITS else 10**_MOST_DIGITS


def _matches(condition: str, etag: str, *, strong: bool) -> bool:
    if condition.strip() == "*":
        return True
    position = 0
    while found := _ETAG.match(condition, position):
        weak, value = found.groups()
        if value == etag and not (strong and weak):
            return True
        position = found.end()
    return False
