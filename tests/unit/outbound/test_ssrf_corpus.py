"""H-5 against sockets that listen: whatever is asked for, nobody is connected to.

Something listens at all addresses of this machine, IPv4 and IPv6, on one port. Every URL of the
corpus would reach it, or would where parsers disagree; all of them are asked for as every kind of
request is: by the sender (documents, action, callback, hangup, fallback, transcription, aleg_url,
callback_url of REST; documents follow redirects) and as a sound (Play, confirmSound, dialMusic).
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from recordbridge.errors import MediaError
from recordbridge.outbound.sounds import HttpSounds, Limits
from recordbridge.plivo.retry import Retry, Target
from recordbridge.ports.sounds import Validators
from tests.receiver import Receiver, redirect
from tests.unit.outbound.test_ssrf import HOSTS, NAMES, Names, guarding

pytestmark = pytest.mark.rule("H-5")

URLS = """
http://127.0.0.1:{port}/ HTTP://127.0.0.1:{port}/ hTtP://127.0.0.1:{port}/ http://127.0.0.1:{port}
http://127.0.0.1:0{port}/ http://127.0.0.1:+{port}/ http://127.0.0.1:{port}:80/ http://127.0.0.1:/
http://127.0.0.1:99999/ http://127.0.0.1:-1/ http://127.0.0.1:{port}#@public.example/
http://public.example#@127.0.0.1:{port}/ http://public.example:80#@127.0.0.1:{port}/
http://public.example@127.0.0.1:{port}/ http://public.example:80@127.0.0.1:{port}/
http://a:b@127.0.0.1:{port}@public.example/ http://a@b@127.0.0.1:{port}/ http://@127.0.0.1:{port}/
http://:@127.0.0.1:{port}/ http://public.example%40127.0.0.1:{port}/ http:127.0.0.1:{port}/
http:/127.0.0.1:{port}/ http:///127.0.0.1:{port}/ http:////127.0.0.1:{port}/ //127.0.0.1:{port}/
/127.0.0.1:{port}/ 127.0.0.1:{port} http:\\\\127.0.0.1:{port}\\ http:\\/127.0.0.1:{port}/
http://public.example\\@127.0.0.1:{port}/ http://127.0.0.1:{port}\\@public.example/
http://127.0.0.1\\.public.example:{port}/ http://127.0.0.1:{port}/..\\..\\x http://127.0.0.1%3A{port}/
http://127.0.0.1%2F@public.example:{port}/ http://%31%32%37.0.0.1:{port}/ http://127%2E0.0.1:{port}/
http://127.0.0.1%09:{port}/ http://127.0.0.1%0d%0aHost:x:{port}/ http://127.0.0.1;public.example:{port}/
http://127.0.0.1,public.example:{port}/ http://127.0.0.1&public.example:{port}/
http://[::ffff:127.0.0.1]:{port}/ http://[::1%25lo]:{port}/ http://[::1%lo]:{port}/ http://[::1]]:{port}/
http://[[::1]]:{port}/ http://[::1:{port}/ http://::1:{port}/ http://[127.0.0.1]:{port}/
http://[0:0:0:0:0:ffff:7f00:0001]:{port}/ http://[2002:7f00:1::]:{port}/ http://[64:ff9b::7f00:1]:{port}/
http://[2001:0:7f00:1:0:0:80ff:fffe]:{port}/ http://[::127.0.0.1]:{port}/ http://[fe80::1%25lo]:{port}/
http://localhost:{port}/ http://LOCALHOST:{port}/ http://localhost.:{port}/ http://ｌｏｃａｌｈｏｓｔ:{port}/
http://loc%61lhost:{port}/ http://127。0。0。1:{port}/ http://127．0．0．1:{port}/ http://127｡0｡0｡1:{port}/
http://①②⑦.⓪.⓪.①:{port}/ http://１２７.0.0.1:{port}/ http://0x7f.1:{port}/ http://0177.1:{port}/
http://2130706433:{port}/ http://0x7f000001:{port}/ http://017700000001:{port}/ http://127.1:{port}/
http://0:{port}/ http://0.0.0.0:{port}/ http://[::]:{port}/ http://4294967297:{port}/ http://256.0.0.1:{port}/
http://127.0.0.1.:{port}/ http://127.000.000.001:{port}/ http://0127.0.0.1:{port}/ http://127.0.1:{port}/
file:///etc/passwd FILE:///etc/passwd ftp://127.0.0.1:{port}/ gopher://127.0.0.1:{port}/_GET ws://127.0.0.1:{port}/
wss://127.0.0.1:{port}/ dict://127.0.0.1:{port}/ ldap://127.0.0.1:{port}/ data:text/xml,<Response/>
javascript:1 jar:http://127.0.0.1:{port}/!/ unix:/var/run/docker.sock
http+unix://%2Fvar%2Frun%2Fdocker.sock/
blob:http://127.0.0.1:{port}/
view-source:http://127.0.0.1:{port}/ netdoc:///etc/passwd tftp://127.0.0.1:{port}/x sftp://127.0.0.1:{port}/x
""".split()  # noqa: SIM905 - a table reads better than a list of quoted strings
SPACED = (
    " http://127.0.0.1:{port}/", "http://127.0.0.1:{port}/ ", "\thttp://127.0.0.1:{port}/",
    "http://\t127.0.0.1:{port}/", "http://127.0.0.1\n:{port}/", "ht\ntp://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/\r\nX: y", "http://127.0.0.1:{port}/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "http://127.0.0.1 .public.example:{port}/", "http://public.example\r\n@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/\x00", "\x00http://127.0.0.1:{port}/", "http://127.0.0.1\x00.x:{port}/",
    "http://127.0.0.1\u200b:{port}/", "http://127.0.0.1\u00ad:{port}/", "http://loc\u00adalhost:{port}/",
    "http://127.0.0.1\u2024:{port}/", "http://127.0.0.1\ufe52:{port}/", "\ufeffhttp://127.0.0.1:{port}/",
    "http://127.0.0.1\x0b:{port}/", "http://127.0.0.1\u2028:{port}/", "http:// 127.0.0.1:{port}/",
)  # fmt: skip
CORPUS = list(
    dict.fromkeys(
        [f"http://{host}:{{port}}/x" for host in (*HOSTS, *NAMES)]
        + [f"https://{host}:{{port}}/x" for host in ("127.0.0.1", "[::1]", "localhost", "0")]
        + [*URLS, *SPACED]
    )
)
QUICK = Retry(connect_ms=1000, read_ms=1000, total_ms=2000, retries=0)


class Door:
    """Counts who connects, to whatever address of this machine."""

    def __init__(self) -> None:
        self.connections = 0
        self.port = 0

    def _met(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.transport.abort()

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Listen until the block ends."""
        first = await asyncio.start_server(self._met, "0.0.0.0", 0)
        self.port = first.sockets[0].getsockname()[1]
        second = await asyncio.start_server(self._met, "::", self.port)
        async with first, second:
            yield


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    made = Door()
    async with made.open():
        yield made


@pytest.fixture(params=["", "http_proxy", "ALL_PROXY", "no_proxy"])
def proxies(request: pytest.FixtureRequest, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an environment may say about proxies; the door is one."""
    if request.param == "no_proxy":
        monkeypatch.setenv("no_proxy", "*")
    elif request.param:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{door.port}")


def test_the_corpus_is_large() -> None:
    assert len(CORPUS) >= 250


@pytest.mark.usefixtures("proxies")
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_no_request_reaches_anybody(door: Door, method: str) -> None:
    async with guarding() as sender:
        for url in CORPUS:
            target = Target(url.format(port=door.port), method=method, retry=QUICK)
            outcome = await sender.send(target, {"a": "b"}, {}, tokens=("t",), follow=5)
            assert outcome.failure, url
    assert door.connections == 0


@pytest.mark.usefixtures("proxies")
async def test_no_sound_reaches_anybody(door: Door, tmp_path: Path) -> None:
    limits = Limits(connect_s=1, read_s=1, total_s=2)
    async with HttpSounds((), version="1", limits=limits, resolver=Names()) as sounds:
        for url in CORPUS:
            with pytest.raises(MediaError):
                await sounds.fetch(url.format(port=door.port), tmp_path / "sound", Validators())
    assert door.connections == 0


@pytest.mark.parametrize("hops", [1, 3, 5])
async def test_no_redirect_at_any_hop_reaches_anybody(
    door: Door, tmp_path: Path, hops: int
) -> None:
    async with Receiver(host="127.0.0.9") as allowed:
        for n in range(1, hops):
            allowed.script(f"/{n}", redirect(f"/{n + 1}", 307))
        sounds = HttpSounds((ipaddress.ip_network("127.0.0.9/32"),), version="1", resolver=Names())
        async with guarding("127.0.0.9/32") as sender, sounds:
            for url in CORPUS:
                location = url.format(port=door.port).encode(errors="replace").decode("latin-1")
                if any(ord(each) < 32 for each in location):
                    continue  # no server of ours can put a line end into a header
                allowed.script(f"/{hops}", redirect(location, 307))
                target = Target(allowed.url("/1"), retry=QUICK)
                await sender.send(target, {}, {}, tokens=(), follow=5)
                with contextlib.suppress(MediaError):
                    await sounds.fetch(allowed.url("/1"), tmp_path / "sound", Validators())
    assert door.connections == 0


async def test_control_many_of_them_arrive_without_the_guard(door: Door) -> None:
    """Else the corpus would prove nothing."""
    reached = 0
    async with guarding("0.0.0.0/0", "::/0", "127.0.0.0/8", "0.0.0.0/8", "::1/128") as sender:
        for url in CORPUS:
            if any(host in url for host in ("127", "localhost", "::1", "0x7f", "2130706433")):
                before = door.connections
                target = Target(url.format(port=door.port), retry=QUICK)
                await sender.send(target, {}, {}, tokens=())
                reached += door.connections > before
    assert reached >= 30
