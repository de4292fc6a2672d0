"""The event websocket: text frames in, commands out.

Reading never waits for anybody: Asterisk drops a client that is slow (`websocket_write_timeout`),
so frames pile up here rather than there. A frame is handed over in the moment it arrives, and
sending is synchronous: no event and no command costs a task's wake-up. Whole text frames, which are
all that Asterisk sends and takes, are read and written here; the handshake, pings, closing and
whatever else a server may send are the library's. A ping that is not answered ends the socket; so
does a clean close: any return of `read` is a disconnect.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Self
from urllib.parse import quote

from websockets.asyncio.client import ClientConnection, connect
from websockets.frames import Frame, Opcode
from websockets.protocol import Event, State
from websockets.typing import Subprotocol

from recordbridge.ari import frames
from recordbridge.ari.rest import basic_auth

OPEN_TIMEOUT_S = 5
PING_S = 5


Take = Callable[[bytes], None]
"""Takes one message, in the order they came. It raises nothing."""


class Frames(ClientConnection):
    """Gives messages to whom `give_to` names, where the library would queue them for `recv`.

    The library gets the handshake's answer, then whole frames only: it always stands between
    two of them, and a text message can pass it by.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's call at the beginning."""
        self._opening = True
        self._head = self._rest = b""
        """What has arrived of the handshake's answer; the beginning of a frame."""
        self._early: list[bytes] = []
        self._parts: list[bytes] = []
        self._take: Take = self._early.append
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Asyncio's call for what has arrived: frames, or parts of them."""
        if self._opening:
            data = self._after_handshake(data)
        if self._rest:
            data = self._rest + data
        begin, size = 0, len(data)
        while begin < size and (place := frames.place(data, begin)) is not None:
            start, end = place
            if data[begin] == frames.WHOLE_TEXT and data[begin + 1] < frames.MASKED:
                self._take(data[start:end])
            else:
                super().data_received(data[begin:end])
            begin = end
        self._rest = data[begin:]

    def _after_handshake(self, data: bytes) -> bytes:
        """What comes behind the answer that opens the socket; any other is the library's."""
        before = len(self._head)
        self._head += data
        end = self._head.find(b"\r\n\r\n") + 4
        rest = data[end - before :] if end >= 4 else b""
        super().data_received(data[: len(data) - len(rest)])
        if self.protocol.state is not State.CONNECTING:
            self._opening = False
            return rest
        if rest:
            super().data_received(rest)
        return b""

    def process_event(self, event: Event) -> None:
        """The library's call for the handshake's answer, then for every frame it was given."""
        if isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.CONT):
            self._part(event)
        else:
            super().process_event(event)

    def give_to(self, take: Take) -> None:
        """From now on `take` gets the messages, those that came before first."""
        self._take = take
        for message in self._early:
            take(message)
        self._early.clear()

    def _part(self, frame: Frame) -> None:
        self._parts.append(bytes(frame.data))
        if frame.fin:
            message = b"".join(self._parts)
            self._parts.clear()
            self._take(message)


class EventSocket:
    """A connected socket of one Stasis application."""

    def __init__(self, connection: Frames) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._unsent: list[str] = []

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
            create_connection=Frames,
            ssl=tls if url.startswith("https") else None,
        )
        assert isinstance(connection, Frames)
        return cls(connection)

    def send(self, message: str) -> None:
        """Put the message on its way, in order. On a socket that is gone it is dropped.

        What is sent in one turn of the loop leaves in one piece: the system call is the largest
        part of a command's cost.
        """
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(message)

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, []
        connection = self._connection
        if connection.state is State.OPEN:
            connection.transport.write(b"".join([frames.text(each.encode()) for each in unsent]))

    async def read(self, take: Take) -> str:
        """Give every message to `take` until the socket ends; returns why it did."""
        connection = self._connection
        connection.give_to(take)
        await connection.wait_closed()
        return f"the connection was closed ({connection.close_exc})"

    def abort(self) -> None:
        """Give the socket up: `read` returns."""
        self._connection.transport.abort()

    async def close(self) -> None:
        """Close; the application's calls stay where they are."""
        self._flush()
        await self._connection.close()
