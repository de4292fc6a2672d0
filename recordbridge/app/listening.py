"""The HTTP door opened: address, certificate, and what a client may cost that says nothing.

A client that sends no whole head within `HEAD_S`, counted from its connection or its last reply, is
let go, and by the kernel one that takes nothing for `STALLED_S`; how long a request may take is the
doors' own (`web.patience`).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator

import structlog
from aiohttp import web

from recordbridge.errors import ConfigError, ListenError
from recordbridge.settings.sections import Service

log = structlog.get_logger()

HEAD_S = 75.0
"""Longer than the proxies keep their connections: so none is closed under a request of theirs."""
STALLED_S = 120.0
LINGER_S = 1.0
"""For a body that nobody reads, so that the client reads the reply before its connection ends."""
MOST = 2000
"""Connections at once; more are closed at once, so that descriptors are left for calls."""


@contextlib.asynccontextmanager
async def listening(
    application: web.Application,
    service: Service,
    tls: ssl.SSLContext | None,
    *,
    grace_s: float,
    head_s: float = HEAD_S,
    stalled_s: float = STALLED_S,
    most: int = MOST,
) -> AsyncIterator[str]:
    """Open for as long as the context lasts; gives the URL. Raises ListenError."""
    runner = web.AppRunner(
        application,
        access_log=None,
        shutdown_timeout=grace_s,
        keepalive_timeout=head_s,
        lingering_time=LINGER_S,
    )
    await runner.setup()
    assert runner.server is not None
    try:
        server = await _server(Crowd(runner.server, most), service, tls)
        try:
            _give_up_after(server, stalled_s)
            url = _url(server, tls)
            log.info("listening", url=url, public_url=service.public_url)
            yield url
        finally:
            server.close()
    finally:
        await runner.cleanup()


async def _server(crowd: Crowd, service: Service, tls: ssl.SSLContext | None) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    try:
        return await loop.create_server(crowd.accept, service.host, service.port, ssl=tls)
    except OSError as error:
        raise ListenError(
            f"service.listen: {service.listen} cannot be listened on ({error.strerror})"
        ) from error


def _url(server: asyncio.Server, tls: ssl.SSLContext | None) -> str:
    """With the port that was taken."""
    host, port = server.sockets[0].getsockname()[:2]
    scheme = "http" if tls is None else "https"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def certificate(service: Service) -> ssl.SSLContext | None:
    """The context of `tls_cert` and `tls_key`; None: no TLS. Raises ConfigError."""
    if service.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    _load(context, service)
    return context


def renew(context: ssl.SSLContext, service: Service) -> None:
    """Use what is in `tls_cert` and `tls_key` now, for connections from now on. ConfigError.

    It is tried elsewhere first: a certificate without its key would spoil the context.
    """
    certificate(service)
    _load(context, service)


def _load(context: ssl.SSLContext, service: Service) -> None:
    assert service.tls_cert is not None
    try:
        context.load_cert_chain(service.tls_cert, service.tls_key)
    except OSError as error:  # ssl.SSLError is one
        files = f"{service.tls_cert} and {service.tls_key}"
        raise ConfigError(
            [f"service.tls_cert, service.tls_key: {files} are no certificate and its key ({error})"]
        ) from error


def _give_up_after(server: asyncio.Server, stalled_s: float) -> None:
    """Connections inherit it: a closed one that holds bytes nobody takes would stay for ever."""
    for each in server.sockets:
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            milliseconds = round(stalled_s * 1000)
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)


class Crowd:
    """Makes the protocol of each connection, or lets it go when there are too many."""

    def __init__(self, server: web.Server, most: int) -> None:
        self._server = server
        self._most = most
        self._refusing = False

    def accept(self) -> asyncio.Protocol:
        if len(self._server.connections) < self._most:
            self._refusing = False
            return self._server()
        if not self._refusing:
            log.error("connections_refused", reason=f"{self._most} are open")
        self._refusing = True
        return _Refused()


class _Refused(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.abort()
