"""How long a client may take: to send a body, and to take what is sent to it.

A reply is sent here, not after the handlers, so that whoever does not take it is let go. What lies
in the kernel then is the kernel's to give up (`app.listening`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

log = structlog.get_logger()

BODY_S = 30.0
"""For a body of at most 100 kB."""
PIECE_S = 120.0
"""For a reply, or a piece of a file (256 kB): half as fast as an MP3 of ours is played."""


@web.middleware
async def patient(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Send the reply, but not for ever."""
    response = await handler(request)
    if not isinstance(response, web.FileResponse):  # the kernel sends that one
        async with sending(request):
            await response.prepare(request)
            await response.write_eof()
    return response


@contextlib.asynccontextmanager
async def sending(request: web.Request) -> AsyncIterator[None]:
    """What is sent within is taken in time, or the connection ends: ConnectionResetError."""
    try:
        async with asyncio.timeout(PIECE_S):
            yield
    except TimeoutError:
        log.info("client_too_slow", path=request.path)
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError("the client does not take what is sent") from None


async def body(request: web.Request) -> bytes:
    """The whole body, unpacked if it came compressed. Raises 408, 413 when it is too large then,
    and 400 when it is not what its head says.
    """
    try:
        async with asyncio.timeout(BODY_S):
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout(text=f"the body did not come within {BODY_S:g} s") from None
    except web.RequestPayloadError as error:
        if request.transport is None:
            raise  # it is the connection that broke
        raise web.HTTPBadRequest(text="the body is not what its headers say") from error
