"""The event websocket: text frames in, commands out.

Reading never waits for anybody: Asterisk drops a client that is slow (`websocket_write_timeout`),
so frames pile up here rather than there. Sending is a queue with one writer, so that a command
needs no task. A ping that is not answered ends the socket; so does a clean close: any return of
`read` is a disconnect.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Self
from urllib.parse import quote

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from recordbridge.ari.rest import basic_auth

OPEN_TIMEOUT_S = 5
PING_S = 5


class EventSocket:
    """A connected socket of one Stasis application."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._outbox: deque[str] = deque()
        self._wake: asyncio.Future[None] | None = None
        self._writer: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls, url: str, username: str, password: str, app: str, tls: ssl.SSLContext | None = None
    ) -> Self:
        """Connect; Asterisk has registered the application when this returns.

        Raises what `websockets` raises: OSError, TimeoutError, InvalidHandshake.
        """
        connection = await connect(
            f"ws{url.rstrip('/').removeprefix('http')}/ari/events?app={quote(app, safe='')}",
            subprotocols=[Subprotocol("ari")],
            additional_headers={"Authorization": basic_auth(username, password)},
            compression=None,
            max_size=None,
            max_queue=None,
            open_timeout=OPEN_TIMEOUT_S,
            ping_interval=PING_S,
            ping_timeout=PING_S,
            close_timeout=1,
            proxy=None,
            ssl=tls,
        )
        return cls(connection)

    def send(self, message: str) -> None:
        """Put the message on its way, in order. On a socket that is gone it is dropped."""
        self._outbox.append(message)
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def read(self, take: Callable[[str | bytes], None]) -> str:
        """Give every message to `take` until the socket ends; returns why it did."""
        self._writer = asyncio.create_task(self._write(), name="ari-writer")
        receive = self._connection.recv
        try:
            while True:
                take(await receive())
        except ConnectionClosed as closed:
            return f"the connection was closed ({closed})"
        finally:
            self._writer.cancel()
            with suppress(asyncio.CancelledError):
                await self._writer

    async def close(self) -> None:
        """Close; the application's calls stay where they are."""
        await self._connection.close()

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        outbox, send = self._outbox, self._connection.send
        with suppress(ConnectionClosed):  # the reader tells it
            while True:
                while outbox:
                    await send(outbox.popleft())
                self._wake = loop.create_future()
                await self._wake
