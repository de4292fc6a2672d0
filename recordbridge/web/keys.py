"""What the doors need from the rest of the program, and under which key they find it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal, Protocol

from aiohttp import web
from prometheus_client import CollectorRegistry

from recordbridge.instant import Clock
from recordbridge.ports.audio import Opened
from recordbridge.ports.rows import RecordingRow
from recordbridge.web.signing import RecordUrls


class RecordingRows(Protocol):
    """Reads recordings; `ports.store.Store` is one."""

    async def recording(self, recording_id: str) -> RecordingRow | None: ...


class Files(Protocol):
    """Finds files; `ports.audio.Blobs` is one."""

    async def open(self, name: str) -> Opened | None: ...

    async def link(self, name: str, method: Literal["GET", "HEAD"]) -> str | None: ...


Accounts = Mapping[str, tuple[str, ...]]
"""auth_id to the auth_tokens that are good for it (H-2: any of them)."""

Check = Callable[[], Awaitable[str]]
"""Gives an empty string when all is well, else a sentence that says what is not."""

ROWS: web.AppKey[RecordingRows] = web.AppKey("rows")
FILES: web.AppKey[Files] = web.AppKey("files")
URLS = web.AppKey("urls", RecordUrls)
ACCOUNTS: web.AppKey[Accounts] = web.AppKey("accounts")
CLOCK: web.AppKey[Clock] = web.AppKey("clock")
CHECKS: web.AppKey[Mapping[str, Check]] = web.AppKey("checks")
REGISTRY = web.AppKey("registry", CollectorRegistry)

API_ID = web.RequestKey("api_id", str)
