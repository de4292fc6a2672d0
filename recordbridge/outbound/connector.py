"""Connections of outgoing requests: guarded, timed, kept alive (H-5, H-6).

The guard stands in the socket factory, which sees the numeric address of each socket before it
connects: literals, every answer of a name server and every redirect pass it. What a request met
on the way is written into the `Exchange` of the context it runs in; this costs a fraction of
aiohttp's tracing. The number of connections is not limited here: the lanes of deliveries and the
number of calls limit it, and a limit shared by hosts would let a slow host delay the others (H-4).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence
from contextvars import ContextVar

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import AddrInfoType, Connection
from aiohttp.tracing import Trace

from recordbridge.outbound.guard import ForbiddenAddressError, Network, forbidden
from recordbridge.outbound.names import SystemNames

KEEP_ALIVE_S = 15
"""How long an idle connection waits for its host's next request."""

NAMES_LIVE_S = 10
"""How long an answer of the name server is used again."""


class Exchange:
    """What one request met while it ran; written by the connector, read by the sender."""

    __slots__ = ("connect_s", "connecting", "fresh", "once", "permitted", "refusal")

    def __init__(self, *, once: bool = False) -> None:
        self.once = once
        """The request may go out on one connection only, even if that was lost before an answer."""
        self.connect_s = -1.0
        """Time spent on new connections; -1 when none was needed or none was made."""
        self.begin()

    def begin(self) -> None:
        """A request is about to be sent: the first, a repeat of a lost one, or the next hop."""
        self.connecting = True
        self.fresh = False
        """It has been sent on a connection of its own, not on a kept-alive one."""
        self.permitted = 0
        """Sockets that the guard let through."""
        self.refusal = ""
        """The guard's last refusal."""


CURRENT: ContextVar[Exchange] = ContextVar("recordbridge_exchange")
"""The exchange of the request that runs in this context."""


class GuardedConnector(aiohttp.TCPConnector):
    """Connects only to addresses that H-5 permits.

    `resolver` and `tls` replace the system's name service and trust store.
    """

    def __init__(
        self,
        allow: Sequence[Network],
        *,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allow = tuple(allow)
        super().__init__(
            socket_factory=self._guarded_socket,
            resolver=resolver or SystemNames(),
            ssl=tls or True,
            ttl_dns_cache=NAMES_LIVE_S,
            keepalive_timeout=KEEP_ALIVE_S,
            limit=0,
        )

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - the overridden method's own name
    ) -> Connection:
        """A connection from the pool or a new one; tells the exchange which, and how long."""
        exchange = CURRENT.get()
        if exchange.fresh or (exchange.once and not exchange.connecting):
            # aiohttp would repeat a GET by itself: an attempt is one request
            raise aiohttp.ServerDisconnectedError
        loop = asyncio.get_running_loop()
        began = loop.time()
        connection = await super().connect(req, traces, timeout)
        exchange.connecting = False
        if exchange.permitted:
            exchange.fresh = True
            exchange.connect_s = max(exchange.connect_s, 0.0) + loop.time() - began
        return connection

    def _guarded_socket(self, info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        reason = forbidden(str(address[0]), self._allow)
        if reason is not None:
            CURRENT.get().refusal = reason
            raise ForbiddenAddressError(reason)
        CURRENT.get().permitted += 1
        return socket.socket(family=family, type=kind, proto=protocol)
