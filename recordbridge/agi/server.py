"""Listens for dialplans (G-3): only from `allow_networks`, and only so many at once.

Who is refused is closed at once: the dialplan goes on without RECORDBRIDGE_STATUS. When the
service stops, connections are closed in the same way, and recordings go on (G-4).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Self

import structlog

from recordbridge.agi import protocol, script
from recordbridge.agi.connection import Connection, GoneError
from recordbridge.agi.script import Door
from recordbridge.errors import ListenError

__all__ = ["AgiServer", "Door"]

log = structlog.get_logger()

MOST = 2000
"""Dialplans that wait at once."""


class AgiServer:
    """Use as an async context manager; `port` is where it listens then."""

    def __init__(
        self,
        door: Door,
        host: str,
        port: int,
        allowed: Sequence[IPv4Network | IPv6Network],
        most: int = MOST,
    ) -> None:
        self.port = port
        self._door = door
        self._host = host
        self._allowed = allowed
        self._most = most
        self._tasks: set[asyncio.Task[None]] = set()
        self._refusing = False
        self._server: asyncio.Server

    async def __aenter__(self) -> Self:
        """Raises ListenError when the address cannot be listened on."""
        try:
            self._server = await asyncio.start_server(
                self._accept, self._host, self.port, limit=protocol.LONGEST_LINE
            )
        except OSError as error:
            address = f"{self._host}:{self.port}"
            raise ListenError(
                f"agi.listen: {address} cannot be listened on ({error.strerror})"
            ) from error
        self.port = self._server.sockets[0].getsockname()[1]
        log.info("agi_listening", host=self._host, port=self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = str(writer.get_extra_info("peername")[0])
        if not self._admits(host):
            log.warning("agi_connection_refused", host=host, reason="not in agi.allow_networks")
            writer.close()
            return
        if len(self._tasks) >= self._most:
            if not self._refusing:
                log.error("agi_connection_refused", host=host, reason=f"{self._most} are open")
            self._refusing = True
            writer.close()
            return
        task = asyncio.create_task(self._serve(Connection(reader, writer)), name="agi")
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _admits(self, host: str) -> bool:
        address = ip_address(host.partition("%")[0])
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._allowed)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._refusing = self._refusing and len(self._tasks) >= self._most
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("agi_broke", exc_info=error)

    async def _serve(self, connection: Connection) -> None:
        try:
            await script.run(self._door, connection)
        except* GoneError as gone:
            log.info("agi_connection_gone", reason=str(gone.exceptions[0]))
        finally:
            connection.close()
