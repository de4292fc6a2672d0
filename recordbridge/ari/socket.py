"""The event websocket: text frames in, commands out.

Reading never waits for anybody: Asterisk drops a client that is slow (`websocket_write_timeout`),
so frames pile up here rather than there. Sending is synchronous, so that a command needs no task.
A ping that is not answered ends the socket; so does a clean close: any return of `read` is a
disconnect.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Self
from urllib.parse import quote

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import broadcast
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from recordbridge.ari.rest import basic_auth

OPEN_TIMEOUT_S = 5
PING_S = 5


class EventSocket:
    """A connected socket of one Stasis application."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

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
            ssl=tls if url.startswith("https") else None,
        )
        return cls(connection)

    def send(self, message: str) -> None:
        """Put the message on its way, in order. On a socket that is gone it is dropped."""
        broadcast((self._connection,), message)  # the library's way to send without awaiting

    async def read(self, take: Callable[[str | bytes], None]) -> str:
        """Give every message to `take` until the socket ends; returns why it did."""
        receive = self._connection.recv
        try:
            while True:
                take(await receive(decode=False))  # events are decoded once, by msgspec
        except ConnectionClosed as closed:
            return f"the connection was closed ({closed})"

    async def close(self) -> None:
        """Close; the application's calls stay where they are."""
        await self._connection.close()
