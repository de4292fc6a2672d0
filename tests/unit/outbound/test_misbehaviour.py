"""Everything a receiver or the way to it can do wrong: a word, a sentence, bounded cost."""

from __future__ import annotations

import asyncio
import socket
import ssl
import tracemalloc
from collections.abc import AsyncIterator, Iterator

import pytest
import trustme
from aiohttp.abc import AbstractResolver, ResolveResult

from recordbridge.outbound.sender import HttpSender
from recordbridge.plivo.retry import Retry, Target
from recordbridge.ports.http import Outcome
from tests.receiver import Endless, Hold, Raw, Receiver, Reply, Reset, Trickle, bomb
from tests.unit.outbound.conftest import LOOPBACK

HASTY = Retry(connect_ms=150, read_ms=150, total_ms=5000)
OK = b"HTTP/1.1 200 OK\r\n"


async def ask(
    sender: HttpSender, url: str, retry: Retry = HASTY, *, document: bool = False
) -> Outcome:
    follow = 5 if document else 0
    return await sender.send(Target(url, retry=retry), {"a": "b"}, {}, tokens=(), follow=follow)


@pytest.fixture
def silent() -> Iterator[str]:
    """host:port of something that listens and never accepts."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for filling in (first, second):
            filling.setblocking(False)
            filling.connect_ex(listener.getsockname())
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def secure(authority: trustme.CA) -> AsyncIterator[Receiver]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    async with Receiver(tls=context) as running:
        yield running


class TestConnecting:
    async def test_refused(self, sender: HttpSender) -> None:
        with socket.socket() as reserved:
            reserved.bind(("127.0.0.1", 0))
            port = reserved.getsockname()[1]
            outcome = await ask(sender, f"http://127.0.0.1:{port}/")
        assert outcome.failure == "ct"
        assert outcome.error == f"no connection to 127.0.0.1 port {port}: refused"
        assert (outcome.connect_ms, outcome.first_byte_ms, outcome.status) == (-1, -1, 0)

    async def test_a_black_hole(self, sender: HttpSender, silent: str) -> None:
        outcome = await ask(sender, f"http://{silent}/")
        assert (outcome.failure, outcome.error) == ("ct", "no connection within 150 ms (ct)")

    async def test_the_total_budget_ends_a_connection_attempt(
        self, sender: HttpSender, silent: str
    ) -> None:
        outcome = await ask(sender, f"http://{silent}/", Retry(total_ms=100))
        assert outcome.failure == "ct"
        assert "(tt)" in outcome.error

    async def test_the_remaining_budget_of_the_caller_counts(
        self, sender: HttpSender, silent: str
    ) -> None:
        target = Target(f"http://{silent}/")
        outcome = await sender.send(target, {}, {}, tokens=(), budget_ms=100)
        assert "(tt)" in outcome.error
        outcome = await sender.send(target, {}, {}, tokens=(), budget_ms=-5)
        assert "(tt)" in outcome.error

    async def test_a_name_that_cannot_be_resolved(self) -> None:
        async with HttpSender(LOOPBACK, lambda: 0, version="1", resolver=NoSuchName()) as sender:
            outcome = await ask(sender, "http://nowhere.example/")
        assert outcome.failure == "ct"
        assert outcome.error == "the name nowhere.example cannot be resolved: no such name"

    async def test_a_name_server_that_is_silent(self) -> None:
        async with HttpSender(LOOPBACK, lambda: 0, version="1", resolver=Silence()) as sender:
            outcome = await ask(sender, "http://nowhere.example/")
        assert (outcome.failure, outcome.error) == ("ct", "no connection within 150 ms (ct)")

    async def test_a_certificate_that_nobody_vouches_for(
        self, sender: HttpSender, secure: Receiver
    ) -> None:
        outcome = await ask(sender, secure.url("/cb"), Retry())
        assert outcome.failure == "ct"
        assert outcome.error.startswith(f"no TLS with 127.0.0.1 port {secure.port}: ")
        assert "certificate" in outcome.error

    async def test_a_certificate_for_another_name(self, authority: trustme.CA) -> None:
        theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("other.example").configure_cert(theirs)
        ours = ssl.create_default_context()
        authority.configure_trust(ours)
        async with (
            Receiver(tls=theirs) as receiver,
            HttpSender(LOOPBACK, lambda: 0, version="1", tls=ours) as sender,
        ):
            outcome = await ask(sender, receiver.url("/cb"), Retry())
        assert outcome.failure == "ct"
        assert "no TLS" in outcome.error

    async def test_a_trusted_certificate_is_good(
        self, authority: trustme.CA, secure: Receiver
    ) -> None:
        ours = ssl.create_default_context()
        authority.configure_trust(ours)
        async with HttpSender(LOOPBACK, lambda: 0, version="1", tls=ours) as sender:
            assert (await ask(sender, secure.url("/cb"), Retry())).failure == ""

    async def test_tls_to_a_server_that_speaks_none(
        self, sender: HttpSender, receiver: Receiver
    ) -> None:
        outcome = await ask(sender, receiver.url("/cb").replace("http:", "https:"), Retry())
        assert outcome.failure == "ct"
        assert "no TLS" in outcome.error

    async def test_a_handshake_that_never_ends_counts_as_connecting(
        self, sender: HttpSender
    ) -> None:
        done = asyncio.Event()

        async def mute(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await done.wait()
            writer.close()

        async with await asyncio.start_server(mute, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            outcome = await ask(sender, f"https://127.0.0.1:{port}/")
            done.set()
        assert (outcome.failure, outcome.error) == ("ct", "no connection within 150 ms (ct)")


class TestWaiting:
    async def test_no_answer(self, sender: HttpSender, receiver: Receiver) -> None:
        receiver.script("/cb", Hold())
        outcome = await ask(sender, receiver.url("/cb"))
        assert (outcome.failure, outcome.error) == ("rt", "no answer within 150 ms (rt)")
        assert outcome.connect_ms >= 0
        assert outcome.first_byte_ms == -1

    async def test_half_a_status_line(self, sender: HttpSender, receiver: Receiver) -> None:
        receiver.script("/cb", Hold(b"HTTP/1.1 200"))
        assert (await ask(sender, receiver.url("/cb"))).failure == "rt"

    async def test_headers_without_end(self, sender: HttpSender, receiver: Receiver) -> None:
        receiver.script("/cb", Raw(OK + b"".join(b"X-%d: y\r\n" % n for n in range(5000))))
        outcome = await ask(sender, receiver.url("/cb"))
        assert outcome.failure == "other"
        assert outcome.error.startswith("the answer is not HTTP")

    async def test_the_budget_ends_a_trickle(self, sender: HttpSender, receiver: Receiver) -> None:
        """Slowloris: no gap is ever longer than rt."""
        receiver.script("/a", Trickle(b"x" * 1000, gap_s=0.03))
        retry = Retry(read_ms=1000, total_ms=250)
        outcome = await ask(sender, receiver.url("/a"), retry, document=True)
        assert (outcome.failure, outcome.status) == ("rt", 200)
        assert "(tt)" in outcome.error

    async def test_a_hop_that_stalls_is_the_failure_of_the_request(
        self, sender: HttpSender, receiver: Receiver
    ) -> None:
        receiver.script("/a", Reply(status=302, headers={"Location": "/b"}))
        receiver.script("/b", Hold())
        outcome = await ask(sender, receiver.url("/a"), document=True)
        assert (outcome.failure, outcome.status) == ("rt", 0)


class TestBreaking:
    async def test_reset(self, sender: HttpSender, receiver: Receiver) -> None:
        receiver.script("/cb", Reset())
        outcome = await ask(sender, receiver.url("/cb"))
        assert outcome.failure == "rt"
        assert outcome.error == "the server closed the connection before it answered"

    @pytest.mark.parametrize("method", ["GET", "POST"])
    @pytest.mark.parametrize("answer", [Reset(), Raw(b"")])
    async def test_one_attempt_is_one_request(
        self, sender: HttpSender, receiver: Receiver, method: str, answer: Raw | Reset
    ) -> None:
        receiver.script("/cb", answer)
        target = Target(receiver.url("/cb"), method=method)
        assert (await sender.send(target, {}, {}, tokens=())).failure == "rt"
        assert len(receiver.requests) == 1

    @pytest.mark.parametrize("method", ["GET", "POST"])
    async def test_a_kept_alive_connection_found_dead_is_told(
        self, sender: HttpSender, receiver: Receiver, method: str
    ) -> None:
        """The server closes an idle connection just as we use it: it may have seen the request or
        not, so nothing is sent again here (H-6).
        """
        receiver.script("/cb", Reply(), Reset(), Reply(body="again"))
        target = Target(receiver.url("/cb"), method=method)
        first = await sender.send(target, {}, {}, tokens=())
        second = await sender.send(target, {}, {}, tokens=())
        assert len(receiver.requests) == 2
        third = await sender.send(target, {}, {}, tokens=())
        assert [each.failure for each in (first, second, third)] == ["", "rt", ""]
        assert [each.stale for each in (first, second, third)] == [False, True, False]
        assert len(receiver.requests) == 3

    async def test_early_close_after_the_status_line(
        self, sender: HttpSender, receiver: Receiver
    ) -> None:
        receiver.script("/cb", Raw(OK))
        assert (await ask(sender, receiver.url("/cb"))).failure == "rt"

    async def test_a_body_that_breaks_off(self, sender: HttpSender, receiver: Receiver) -> None:
        receiver.script("/a", Raw(OK + b"Content-Length: 100\r\n\r\n<Resp"))
        document = await ask(sender, receiver.url("/a"), document=True)
        assert (document.failure, document.status) == ("rt", 200)
        assert document.error == "the connection ended in the middle of the answer"
        assert document.body == b"<Resp"

    @pytest.mark.parametrize(
        "data",
        [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/9.9.9 hello\r\n\r\n", b"\x00\xff\x00\xff\r\n\r\n",
         b"HTTP/1.1 twohundred OK\r\n\r\n", OK + b"Content-Length: many\r\n\r\n",
         OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx", OK + b": nameless\r\n\r\n",
         OK + b"X: " + b"y" * 20000 + b"\r\n\r\n"],
    )  # fmt: skip
    async def test_what_is_not_http(
        self, sender: HttpSender, receiver: Receiver, data: bytes
    ) -> None:
        receiver.script("/cb", Raw(data))
        outcome = await ask(sender, receiver.url("/cb"))
        assert outcome.failure in {"other", "rt"}
        assert "\n" not in outcome.error
        assert 0 < len(outcome.error) < 300

    async def test_broken_chunks(self, sender: HttpSender, receiver: Receiver) -> None:
        receiver.script("/a", Raw(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n"))
        outcome = await ask(sender, receiver.url("/a"), document=True)
        assert outcome.failure in {"other", "rt"}

    async def test_broken_gzip(self, sender: HttpSender, receiver: Receiver) -> None:
        receiver.script("/a", Reply(body="no gzip", headers={"Content-Encoding": "gzip"}))
        outcome = await ask(sender, receiver.url("/a"), document=True)
        assert outcome.failure in {"other", "rt"}


class TestSizes:
    pytestmark = pytest.mark.rule("H-5")

    @pytest.mark.parametrize("size", [99_999, 100_000])
    async def test_100_kb_are_read(self, sender: HttpSender, receiver: Receiver, size: int) -> None:
        receiver.script("/a", Reply(body=b"x" * size))
        outcome = await ask(sender, receiver.url("/a"), Retry(), document=True)
        assert (outcome.failure, len(outcome.body)) == ("", size)

    @pytest.mark.rule("F-7")
    @pytest.mark.parametrize("answer", [Reply(body=b"x" * 100_001), Endless(), bomb()])
    async def test_a_document_must_not_be_longer(
        self, sender: HttpSender, receiver: Receiver, answer: Reply | Endless
    ) -> None:
        receiver.script("/a", answer)
        outcome = await ask(sender, receiver.url("/a"), Retry(), document=True)
        assert (outcome.failure, outcome.status) == ("size", 200)
        assert outcome.error == "the answer is longer than 100000 bytes"
        assert len(outcome.body) == 100_000

    async def test_a_bomb_is_not_unpacked(self, sender: HttpSender, receiver: Receiver) -> None:
        receiver.script("/a", bomb(200_000_000))
        tracemalloc.start()
        await ask(sender, receiver.url("/a"), Retry(), document=True)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 20_000_000

    @pytest.mark.rule("H-3")
    @pytest.mark.parametrize(
        "answer",
        [Endless(), bomb(), Raw(OK + b"Content-Length: 9\r\n\r\nx"), Trickle(b"xxx", gap_s=0.4)],
    )
    async def test_a_callback_answered_2xx_is_delivered_whatever_its_body(
        self, sender: HttpSender, receiver: Receiver, answer: Endless | Reply | Raw | Trickle
    ) -> None:
        receiver.script("/cb", answer)
        outcome = await ask(sender, receiver.url("/cb"))
        assert (outcome.failure, outcome.status, outcome.error) == ("", 200, "")
        assert len(outcome.body) <= 100_000

    async def test_an_error_keeps_its_status_whatever_its_body(
        self, sender: HttpSender, receiver: Receiver
    ) -> None:
        receiver.script("/a", Endless(status=500))
        outcome = await ask(sender, receiver.url("/a"), document=True)
        assert (outcome.failure, outcome.status) == ("5xx", 500)


class TestOddButGood:
    async def test_http_1_0(self, sender: HttpSender, receiver: Receiver) -> None:
        receiver.script("/a", Raw(b"HTTP/1.0 200 OK\r\n\r\n<Response/>"))
        outcome = await ask(sender, receiver.url("/a"), document=True)
        assert (outcome.failure, outcome.body) == ("", b"<Response/>")

    async def test_100_continue_that_nobody_asked_for(
        self, sender: HttpSender, receiver: Receiver
    ) -> None:
        head = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"
        receiver.script("/a", Raw(head + OK + b"Content-Length: 2\r\n\r\nok"))
        outcome = await ask(sender, receiver.url("/a"), document=True)
        assert (outcome.failure, outcome.status, outcome.body) == ("", 200, b"ok")

    async def test_no_content(self, sender: HttpSender, receiver: Receiver) -> None:
        receiver.script("/cb", Raw(b"HTTP/1.1 204 No Content\r\n\r\n"))
        assert (await ask(sender, receiver.url("/cb"))).failure == ""

    async def test_switching_protocols_is_no_answer(
        self, sender: HttpSender, receiver: Receiver
    ) -> None:
        receiver.script("/cb", Raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"))
        assert (await ask(sender, receiver.url("/cb"))).failure == "other"


async def test_being_cancelled_is_not_swallowed(sender: HttpSender, receiver: Receiver) -> None:
    receiver.script("/cb", Hold())
    sending = asyncio.create_task(ask(sender, receiver.url("/cb"), Retry()))
    await receiver.next("/cb")
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


class NoSuchName(AbstractResolver):
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    async def close(self) -> None: ...


class Silence(NoSuchName):
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        await asyncio.Event().wait()
        raise AssertionError
