"""H-1: the retry fragment of a configurable URL (`https://host/path#rc=3&rp=ct,rt,5xx`)."""

from __future__ import annotations

import msgspec


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
