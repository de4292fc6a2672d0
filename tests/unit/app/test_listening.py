"""What clients cost that say nothing, say it slowly, or do not take what they asked for (E-6)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import structlog
import trustme
from aiohttp import web

from recordbridge.app import listening
from recordbridge.errors import ConfigError, ListenError
from recordbridge.settings.sections import Service
from recordbridge.web import patience
from recordbridge.web.errors import BrokenRequests

pytestmark = pytest.mark.rule("E-6")

HEAD_S = 1.2
PATIENT_S = 60.0
"""Where it is not what the test is about."""
SLACK_S = 5.0
LARGE = bytes(30_000_000)
SERVICE = Service(listen="127.0.0.1:0")


async def large(_: web.Request) -> web.Response:
    return web.Response(body=LARGE)


async def small(_: web.Request) -> web.Response:
    return web.Response(text="small")


async def echo(request: web.Request) -> web.Response:
    return web.Response(body=await patience.body(request))


@contextlib.asynccontextmanager
async def opened(
    service: Service = SERVICE, most: int = 100, head_s: float = PATIENT_S
) -> AsyncIterator[str]:
    app = web.Application(middlewares=[patience.patient])
    app.router.add_get("/large", large)
    app.router.add_get("/small", small)
    app.router.add_post("/echo", echo)
    tls = listening.certificate(service)
    async with listening.listening(
        app, service, tls, grace_s=0.1, head_s=head_s, stalled_s=1.0, most=most
    ) as url:
        yield url


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def closed(reader: asyncio.StreamReader, within_s: float) -> float:
    """When the other end closed the connection, in seconds from now."""
    began = time.monotonic()
    async with asyncio.timeout(within_s):
        with contextlib.suppress(ConnectionError):
            while await reader.read(65536):
                pass
    return time.monotonic() - began


@pytest.mark.parametrize(
    "head", [b"", b"GET /sm", b"GET /small HTTP/1.1\r\nHost: x\r\n", b"POST /echo HTTP/1.1\r\nA: "]
)
async def test_a_head_that_does_not_end_is_not_waited_for(head: bytes) -> None:
    async with opened(head_s=HEAD_S) as url, connected(url) as (reader, writer):
        writer.write(head)
        assert await closed(reader, HEAD_S + SLACK_S) >= HEAD_S - 0.1


async def test_neither_is_one_that_comes_byte_by_byte() -> None:
    """What comes does not put the end off: the whole head has `HEAD_S`."""
    async with opened(head_s=HEAD_S) as url, connected(url) as (reader, writer):

        async def drip() -> None:
            for byte in b"GET /small HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 2000:
                writer.write(bytes([byte]))
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        try:
            assert await closed(reader, HEAD_S + SLACK_S) <= HEAD_S + SLACK_S
        finally:
            dripping.cancel()
            await asyncio.gather(dripping, return_exceptions=True)


async def test_a_connection_lives_from_reply_to_reply() -> None:
    async with opened(head_s=HEAD_S) as url, connected(url) as (reader, writer):
        for _ in range(4):
            await asyncio.sleep(HEAD_S / 3)
            writer.write(b"GET /small HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await reader.readuntil(b"small")).startswith(b"HTTP/1.1 200")
        await closed(reader, HEAD_S + SLACK_S)


async def test_a_body_that_does_not_come_is_408(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "BODY_S", 0.3)
    async with opened() as url, connected(url) as (reader, writer):
        writer.write(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
        async with asyncio.timeout(SLACK_S):
            assert (await reader.readline()).startswith(b"HTTP/1.1 408")
            await closed(reader, SLACK_S)


async def test_a_reply_that_is_not_taken_ends_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The reader stops after the first bytes; the one beside it is served meanwhile."""
    monkeypatch.setattr(patience, "PIECE_S", 0.5)
    with structlog.testing.capture_logs() as said:
        async with opened() as url, connected(url) as (reader, writer):
            writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
            await reader.readline()
            async with aiohttp.ClientSession() as http, http.get(f"{url}/small") as reply:
                assert reply.status == 200
            async with asyncio.timeout(5):
                while not any(each["event"] == "client_too_slow" for each in said):
                    await asyncio.sleep(0.02)
            read = 0
            with contextlib.suppress(ConnectionError):
                while piece := await reader.read(65536):
                    read += len(piece)
            assert read < len(LARGE)


async def test_a_client_that_leaves_in_the_middle_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It closes a player, or loses its network: nothing is wrong here."""
    caplog.set_level(logging.DEBUG, "aiohttp.server")
    quiet = BrokenRequests()
    logger = logging.getLogger("aiohttp.server")
    logger.addFilter(quiet)
    try:
        async with opened() as url, connected(url) as (reader, writer):
            writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
            await reader.readline()
            writer.transport.abort()
            async with asyncio.timeout(5):
                while not caplog.records:
                    await asyncio.sleep(0.01)
    finally:
        logger.removeFilter(quiet)
    (told,) = caplog.records
    assert (told.levelname, told.getMessage()) == ("DEBUG", "client_left")
    assert told.exc_info is None


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux has it")
async def test_the_kernel_gives_a_stalled_connection_up() -> None:
    """Every connection has the option, the ones without a request too."""
    accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    class Told(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            of = transport.get_extra_info("socket")
            accepted.set_result(of.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT))
            assert isinstance(transport, asyncio.Transport)
            transport.abort()

    server = await asyncio.get_running_loop().create_server(Told, "127.0.0.1", 0)
    listening._give_up_after(server, 1.5)
    async with server, connected(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"):
        assert await accepted == 1500


async def test_more_connections_than_allowed_are_closed_and_said_once() -> None:
    with structlog.testing.capture_logs() as said:
        async with opened(most=2) as url, contextlib.AsyncExitStack() as stack:
            ends = [await stack.enter_async_context(connected(url)) for _ in range(2)]
            for reader, writer in ends:
                writer.write(b"GET /small HTTP/1.1\r\nHost: x\r\n\r\n")
                await reader.readuntil(b"small")
            for _ in range(3):
                refused, _ = await stack.enter_async_context(connected(url))
                await closed(refused, SLACK_S)
            ends[0][1].write(b"GET /small HTTP/1.1\r\nHost: x\r\n\r\n")
            await ends[0][0].readuntil(b"small")
    assert [each["event"] for each in said].count("connections_refused") == 1


async def test_a_taken_port_is_told() -> None:
    async with opened() as url:
        taken = Service(listen=url.removeprefix("http://"))
        with pytest.raises(ListenError, match=r"service\.listen: 127\.0\.0\.1"):
            async with opened(taken):
                pass


class TestCertificates:
    @pytest.fixture
    def authority(self) -> trustme.CA:
        return trustme.CA()

    def kept(self, folder: Path, authority: trustme.CA) -> Service:
        issued = authority.issue_cert("127.0.0.1")
        cert, key = folder / "cert.pem", folder / "key.pem"
        cert.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
        key.write_bytes(issued.private_key_pem.bytes())
        return Service(listen="127.0.0.1:0", tls_cert=cert, tls_key=key)

    async def test_https_with_a_certificate_of_our_own(
        self, tmp_path: Path, authority: trustme.CA
    ) -> None:
        believed = ssl.create_default_context()
        authority.configure_trust(believed)
        async with opened(self.kept(tmp_path, authority)) as url, aiohttp.ClientSession() as http:
            assert url.startswith("https://127.0.0.1:")
            async with http.get(f"{url}/small", ssl=believed) as reply:
                assert await reply.text() == "small"
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await http.get(f"{url}/small")
            old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            authority.configure_trust(old)
            with pytest.warns(DeprecationWarning, match="TLSv1_1"):
                old.maximum_version = ssl.TLSVersion.TLSv1_1
            with pytest.raises(aiohttp.ClientConnectorSSLError):
                await http.get(f"{url}/small", ssl=old)

    @pytest.mark.rule("O-4")
    async def test_a_certificate_without_its_key_leaves_the_one_before(
        self, tmp_path: Path, authority: trustme.CA
    ) -> None:
        """As when a reload comes between the writing of the two files."""
        service = self.kept(tmp_path, authority)
        believed = ssl.create_default_context()
        authority.configure_trust(believed)
        context = listening.certificate(service)
        assert context is not None
        assert service.tls_key is not None
        key = service.tls_key.read_bytes()
        self.kept(tmp_path, authority)
        newer_key = service.tls_key.read_bytes()
        app = web.Application()
        async with listening.listening(app, service, context, grace_s=0.1) as url:
            async with aiohttp.ClientSession() as http:
                service.tls_key.write_bytes(key)
                with pytest.raises(ConfigError):
                    listening.renew(context, service)
                async with http.get(url, ssl=believed) as reply:
                    assert reply.status == 404
            async with aiohttp.ClientSession() as http:
                service.tls_key.write_bytes(newer_key)
                listening.renew(context, service)
                async with http.get(url, ssl=believed) as reply:
                    assert reply.status == 404

    def test_what_is_no_certificate_is_told_with_its_key(
        self, tmp_path: Path, authority: trustme.CA
    ) -> None:
        good = self.kept(tmp_path, authority)
        assert good.tls_key is not None
        good.tls_key.write_text("no key")
        with pytest.raises(ConfigError, match=r"service.tls_cert, service.tls_key: .*key.pem"):
            listening.certificate(good)
