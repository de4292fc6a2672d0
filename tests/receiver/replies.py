"""What a receiver can answer: well-behaved replies and every misbehaviour seen in the wild."""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(frozen=True)
class Reply:
    """An ordinary answer, given after `delay_s`."""

    status: int = 200
    body: str | bytes = ""
    content_type: str = "text/xml"
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0

    async def give(self, request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(self.delay_s)
        body = self.body.encode() if isinstance(self.body, str) else self.body
        return web.Response(
            status=self.status,
            body=body,
            headers={"Content-Type": self.content_type, **self.headers},
        )


def redirect(location: str, status: int = 302) -> Reply:
    """A redirect, to an absolute or relative URL."""
    return Reply(status=status, headers={"Location": location})


def bomb(size: int = 50_000_000) -> Reply:
    """A small gzip body that unpacks to `size` bytes."""
    return Reply(body=gzip.compress(bytes(size)), headers={"Content-Encoding": "gzip"})


@dataclass(frozen=True)
class Raw:
    """These bytes as the whole answer, then the connection is closed."""

    data: bytes

    async def give(self, request: web.Request) -> web.StreamResponse:
        transport = _transport(request)
        transport.write(self.data)
        transport.close()
        return web.Response()


@dataclass(frozen=True)
class Reset:
    """The connection is reset instead of an answer."""

    async def give(self, request: web.Request) -> web.StreamResponse:
        _transport(request).abort()
        return web.Response()


@dataclass(frozen=True)
class Hold:
    """These bytes (none: a black hole), then silence until the client goes away."""

    data: bytes = b""

    async def give(self, request: web.Request) -> web.StreamResponse:
        _transport(request).write(self.data)
        await asyncio.Event().wait()
        raise AssertionError


@dataclass(frozen=True)
class Endless:
    """A body that never ends, as fast as the client takes it."""

    status: int = 200

    async def give(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=self.status)
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)


@dataclass(frozen=True)
class Trickle:
    """A body of `body`, one byte every `gap_s`."""

    body: bytes
    gap_s: float
    status: int = 200

    async def give(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=self.status)
        response.content_length = len(self.body)
        await response.prepare(request)
        for byte in self.body:
            await response.write(bytes([byte]))
            await asyncio.sleep(self.gap_s)
        return response


Answer = Reply | Raw | Reset | Hold | Endless | Trickle


def _transport(request: web.Request) -> asyncio.Transport:
    assert isinstance(request.transport, asyncio.Transport)
    return request.transport
