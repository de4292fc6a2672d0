"""H-1: the retry fragment of a configurable URL (`https://host/path#rc=3&rp=ct,rt,5xx`).

The fragment is taken off here and never sent. A wrong fragment never rejects a document:
values out of range are clamped, what cannot be read is ignored, each with a warning.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

import msgspec

from recordbridge.urls import absolute_url, has_ascii_query


class Retry(msgspec.Struct, frozen=True):
    """How one URL is tried; times in milliseconds. Defaults of the hosted product."""

    connect_ms: int = 2000
    read_ms: int = 40000
    total_ms: int = 55000
    retries: int = 1
    on: tuple[str, ...] = ("ct", "rt")
    """Which failures are tried again: of `4xx`, `5xx`, `ct`, `rt`, `all`."""


class Target(msgspec.Struct, frozen=True):
    """A URL to request: absolute http(s), without its fragment."""

    url: str
    method: str = "POST"
    retry: Retry = Retry()


class _Range(NamedTuple):
    field: str
    least: int
    most: int


_RANGES = {
    "ct": _Range("connect_ms", 100, 10_000),
    "rt": _Range("read_ms", 100, 40_000),
    "tt": _Range("total_ms", 100, 55_000),
    "rc": _Range("retries", 0, 5),
}
_FAILURES = ("4xx", "5xx", "ct", "rt", "all")
_NUMBER = re.compile(r"[+-]?[0-9]+")
_DEFAULT = Retry()


@functools.lru_cache(maxsize=1024)  # applications use few URLs, again and again
def parse_target(url: str, method: str) -> tuple[Target, tuple[str, ...]]:
    """The target of a URL with an optional retry fragment, and warnings (sentences).

    Raises ValueError with what is allowed when it is no absolute http(s) URL, or the method is
    neither GET nor POST.
    """
    if method not in {"GET", "POST"}:
        raise ValueError("must be requested with GET or POST")
    absolute = absolute_url(url)
    warnings: list[str] = []
    if not has_ascii_query(absolute):
        warnings.append(
            "the query is not ASCII: the official Python SDK cannot check signatures of such a URL"
        )
    fragment = url.partition("#")[2]
    retry = _retry(fragment, warnings) if fragment else _DEFAULT
    return Target(absolute, method, retry), tuple(warnings)


def _retry(fragment: str, warnings: list[str]) -> Retry:
    values: dict[str, int] = {}
    on: tuple[str, ...] = ()
    for pair in fragment.split("&"):
        key, _, text = pair.partition("=")
        if key in _RANGES:
            number = _number(key, text, warnings)
            if number is not None:
                values[_RANGES[key].field] = number
        elif key == "rp":
            on = _failures(text, warnings)
        elif key != "er" and pair:  # the edge region of the hosted product means nothing here
            warnings.append(f"{_shown(pair)} in the retry fragment is unknown and ignored")
    return msgspec.structs.replace(_DEFAULT, on=on or _DEFAULT.on, **values)


def _number(key: str, text: str, warnings: list[str]) -> int | None:
    _, least, most = _RANGES[key]
    if _NUMBER.fullmatch(text) is None:
        warnings.append(f"{key}={_shown(text)} in the retry fragment is no number and ignored")
        return None
    number = min(max(int(text), least), most)
    if number != int(text):
        warnings.append(
            f"{key}={_shown(text)} in the retry fragment is outside {least} to {most}:"
            f" {number} is used"
        )
    return number


def _failures(text: str, warnings: list[str]) -> tuple[str, ...]:
    words = text.split(",")
    known = tuple(dict.fromkeys(word for word in words if word in _FAILURES))
    warnings.extend(
        f"rp={_shown(word)} in the retry fragment is ignored: it may be {', '.join(_FAILURES)}"
        for word in words
        if word not in _FAILURES
    )
    return known


def _shown(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}..."
