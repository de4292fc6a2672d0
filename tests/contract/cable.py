"""A TCP connection that can be cut: between the link and whatever Asterisk it talks to."""

from __future__ import annotations

import asyncio
from typing import Self
from urllib.parse import urlsplit


class Cable:
    """Forwards to the host and port of `url`; its own address is `url` while it runs."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname or "", parts.port or 80)
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        await self.mend()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.cut()

    async def cut(self) -> None:
        """Break all connections and accept none."""
        if self._server is not None:
            self._server.close()
        for each in list(self._writers):
            each.transport.abort()
        while self._writers:
            await asyncio.sleep(0)

    async def mend(self) -> None:
        """Accept connections, always at the same port."""
        self._server = await asyncio.start_server(
            self._forward, "127.0.0.1", self._port, reuse_address=True
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(*self._target)
        await asyncio.gather(self._pump(reader, there_writer), self._pump(there_reader, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort()
