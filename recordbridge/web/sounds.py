"""`/media/{digest}.wav`: sounds for Asterisk, which plays them by URL.

The digest is the permission: 256 bits that only who has the sound can know. What is there never
changes, so Asterisk need not ask again (it sends HEAD and GET for anything not `immutable`).
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Protocol

from aiohttp import hdrs, web

from recordbridge.ports.sounds import MEDIA_PATH

ROUTE = MEDIA_PATH.replace("{digest}", "{digest:[0-9a-f]{64}}")


class SoundFiles(Protocol):
    """Finds sounds by digest; `blobs.sounds.SoundFolder` is one."""

    def path(self, digest: str) -> Path | None: ...


SOUNDS: web.AppKey[SoundFiles] = web.AppKey("sounds")

_HEADERS = {
    hdrs.CACHE_CONTROL: "public, max-age=31536000, immutable",
    hdrs.CONTENT_TYPE: "audio/wav",
    "X-Content-Type-Options": "nosniff",
}


def add_sounds(app: web.Application, sounds: SoundFiles) -> None:
    """Open this door in the application."""
    app[SOUNDS] = sounds
    app.router.add_get(ROUTE, serve_sound)


async def serve_sound(request: web.Request) -> web.StreamResponse:
    """200, 206, 304 or 416 as the request's conditions say; 404: evicted, or never there."""
    path = await asyncio.to_thread(request.app[SOUNDS].path, request.match_info["digest"])
    if path is None:
        raise web.HTTPNotFound(text="there is no such sound", headers={"Cache-Control": "no-store"})
    return web.FileResponse(path, headers=_HEADERS)
