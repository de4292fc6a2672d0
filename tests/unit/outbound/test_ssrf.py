"""H-5 over a corpus of URLs: no spelling, name, redirect, family or environment gets through.

Nothing here can leave the machine: in the tests of refusal no socket is ever made, and the test
fails if one is. The control at the end shows that the same spellings do arrive when allowed.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from recordbridge.outbound import connector
from recordbridge.outbound.sender import HttpSender
from recordbridge.plivo.retry import Retry, Target
from recordbridge.ports.http import Outcome
from tests.receiver import Receiver, Reply, redirect

pytestmark = pytest.mark.rule("H-5")

NAMES = {
    "localhost": ["127.0.0.1", "::1"],
    "localhost.": ["127.0.0.1"],
    "localhost.localdomain": ["127.0.0.1"],
    "ip6-localhost": ["::1"],
    "127.0.0.1.nip.io": ["127.0.0.1"],
    "localtest.me": ["127.0.0.1"],
    "metadata.google.internal": ["169.254.169.254"],
    "metadata": ["169.254.169.254"],
    "instance-data.ec2.internal": ["fd00:ec2::254"],
    "intranet.example.com": ["10.0.0.5", "192.168.1.5", "fd12::5"],
    "mapped.example.com": ["::ffff:127.0.0.1"],
    "nat64.example.com": ["64:ff9b::7f00:1"],
    "six-to-four.example.com": ["2002:7f00:1::1"],
    "zone.example.com": ["fe80::1%lo"],
    "zero.example.com": ["0.0.0.0"],
    "cgnat.example.com": ["100.64.1.1"],
    "multicast.example.com": ["224.0.0.1", "ff02::1"],
    "xn--lcalhost-9xa.example.com": ["127.0.0.1"],
}

HOSTS = """
127.0.0.1 127.0.0.2 127.1.2.3 127.255.255.254 0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1
100.100.100.200 100.127.255.255 169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255
168.63.129.16 192.0.0.1 192.0.0.8 192.0.0.170 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1
192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255
240.0.0.1 255.255.255.255
[::] [::1] [0:0:0:0:0:0:0:1] [0000:0000:0000:0000:0000:0000:0000:0001] [::ffff:127.0.0.1]
[::ffff:7f00:1] [0:0:0:0:0:ffff:127.0.0.1] [::ffff:0:127.0.0.1] [::ffff:169.254.169.254]
[::ffff:a00:1] [::127.0.0.1] [::7f00:1] [64:ff9b::127.0.0.1] [64:ff9b::7f00:1] [64:ff9b::a9fe:a9fe]
[64:ff9b:1::1] [64:ff9b:1::7f00:1] [100::1] [2001::1] [2001:0:7f00:1::] [2001:2::1] [2001:10::1]
[2001:db8::1] [2002:7f00:1::1] [2002:a9fe:a9fe::1] [2002:c0a8:101::1] [3fff::1] [5f00::1] [fc00::1]
[fd00:ec2::254] [fd20:ce::254] [fdff:ffff::1] [fe80::1] [fe80::1%25lo] [fec0::1] [ff02::1] [ff0e::1]
127.1 127.0.1 127.0.0.1. 2130706433 017700000001 0177.0.0.1 0x7f.1 0x7f.0.0.1 0x7f000001 0x7F000001
127.0.0.01 00000177.0.0.1 0 0x0 0.0 3232235777 2852039166 0xa9fea9fe 0251.0376.0251.0376
169.254.43518 10.1 192.168.257 127.0.0.1%2e 127.0.0.1%00 user@127.0.0.1 public.example@127.0.0.1
１２７.0.0.1 ①②⑦.⓪.⓪.① 127。0。0。1 127.0.0.1\\@public.example public.example\\@127.0.0.1
127.0.0.1#@public.example 127.0.0.1?@public.example [::1]#@public.example
[::ffff:127.0.0.1%25lo] [v1.fe80::1] [127.0.0.1] ::1 LOCALHOST LocalHost
""".split()  # noqa: SIM905 - a table reads better than a list of quoted strings

SPELLINGS = [*HOSTS, *NAMES]


class Names(AbstractResolver):
    """A name server of ours; what only C libraries take for an address is an address here too."""

    def __init__(self, **names: list[list[str]]) -> None:
        self._turns = {name.replace("_", "."): list(answers) for name, answers in names.items()}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        turns = self._turns.get(host)
        answers = turns.pop(0) if turns else NAMES.get(host.lower()) or self._numeric(host)
        return [self._result(host, port, answer) for answer in answers]

    async def close(self) -> None: ...

    @staticmethod
    def _numeric(host: str) -> list[str]:
        flags = socket.AI_NUMERICHOST
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=flags)
        return [str(info[4][0]) for info in found]

    @staticmethod
    def _result(host: str, port: int, answer: str) -> ResolveResult:
        return ResolveResult(
            hostname=host,
            host=answer,
            port=port,
            family=socket.AF_INET6 if ":" in answer else socket.AF_INET,
            proto=socket.IPPROTO_TCP,
            flags=socket.AI_NUMERICHOST,
        )


class NoSockets:
    """Stands for the socket module in the connector: making a socket is the failure."""

    def socket(self, **_: object) -> None:
        raise AssertionError("a socket was made for a forbidden address")


def guarding(*allow: str, names: AbstractResolver | None = None) -> HttpSender:
    networks = [ipaddress.ip_network(network) for network in allow]
    return HttpSender(networks, lambda: 0, version="1", resolver=names or Names())


@pytest.fixture
async def strict(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[HttpSender]:
    """A sender without any allowed network that must never make a socket."""
    monkeypatch.setattr(connector, "socket", NoSockets())
    async with guarding() as sender:
        yield sender


def test_the_corpus_is_large_enough() -> None:
    assert len(set(SPELLINGS)) >= 120


@pytest.mark.parametrize("host", SPELLINGS)
async def test_no_spelling_of_a_forbidden_host_gets_a_socket(strict: HttpSender, host: str) -> None:
    for scheme in ("http", "https"):
        for method in ("GET", "POST"):
            target = Target(f"{scheme}://{host}/latest/meta-data/", method=method)
            assert_refused(await strict.send(target, {"a": "b"}, {}, tokens=("t",), follow=5))


@pytest.mark.parametrize("host", SPELLINGS)
async def test_no_redirect_reaches_a_forbidden_host(receiver: Receiver, host: str) -> None:
    """The first hop is allowed by its own address, the second must not be made."""
    async with Receiver(host="127.0.0.9") as door:
        door.script("/a", redirect(f"http://{host}:{receiver.port}/internal", 307))
        async with guarding("127.0.0.9/32") as sender:
            target = Target(door.url("/a"))
            assert_refused(await sender.send(target, {}, {}, tokens=(), follow=5))
    assert not receiver.requests


def assert_refused(outcome: Outcome) -> None:
    """By the guard, or because it is no URL or no name at all; a guard names the setting."""
    assert outcome.failure in {"guard", "other", "3xx", "ct"}
    if outcome.failure == "guard":
        assert "webhooks.allow_networks" in outcome.error
    elif outcome.failure == "ct":
        assert "cannot be resolved" in outcome.error
    assert outcome.body == b""


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "localhost", "0x7f.1", "LOCALHOST.",
     "127.0.0.1.nip.io", "mapped.example.com", "user@127.0.0.1"],
)  # fmt: skip
async def test_control_the_same_spellings_arrive_when_allowed(
    receiver: Receiver, host: str
) -> None:
    async with guarding("127.0.0.0/8") as sender:
        target = Target(f"http://{host}:{receiver.port}/open", retry=Retry(connect_ms=5000))
        assert (await sender.send(target, {}, {}, tokens=())).failure == ""
    assert len(receiver.to("/open")) == 1


async def test_of_several_addresses_only_the_allowed_are_tried(receiver: Receiver) -> None:
    names = Names(two_example=[["127.0.0.3", "127.0.0.1"]])
    async with (
        Receiver(host="127.0.0.3", port=receiver.port) as forbidden,
        guarding("127.0.0.1/32", names=names) as sender,
    ):
        target = Target(f"http://two.example:{receiver.port}/cb")
        assert (await sender.send(target, {}, {}, tokens=())).failure == ""
        assert not forbidden.requests


async def test_a_name_that_turns_to_another_address_is_judged_again(receiver: Receiver) -> None:
    """Rebinding: the first look-up is allowed, the one at the redirect is not."""
    names = Names(rebind_example=[["127.0.0.9"], ["127.0.0.1"]])
    async with Receiver(host="127.0.0.9") as door, guarding("127.0.0.9/32", names=names) as sender:
        door.script("/a", redirect(f"http://rebind.example:{receiver.port}/internal"))
        target = Target(f"http://rebind.example:{door.port}/a")
        outcome = await sender.send(target, {}, {}, tokens=(), follow=5)
    assert outcome.failure == "guard"
    assert not receiver.requests


async def test_a_kept_alive_connection_is_no_way_to_another_host(receiver: Receiver) -> None:
    names = Names(a_example=[["127.0.0.1"]], b_example=[["127.0.0.3"]])
    async with guarding("127.0.0.1/32", names=names) as sender:
        first = Target(f"http://a.example:{receiver.port}/cb")
        second = Target(f"http://b.example:{receiver.port}/cb")
        assert (await sender.send(first, {}, {}, tokens=())).failure == ""
        assert (await sender.send(second, {}, {}, tokens=())).failure == "guard"


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
async def test_proxies_of_the_environment_are_not_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    async with Receiver(host="127.0.0.9") as proxy:
        monkeypatch.setenv(variable, proxy.url("/"))
        async with guarding("127.0.0.0/8") as sender:
            outcome = await sender.send(Target(receiver.url("/cb")), {}, {}, tokens=())
            assert outcome.failure == ""
        async with guarding("127.0.0.9/32") as sender:
            outcome = await sender.send(Target(receiver.url("/cb")), {}, {}, tokens=())
            assert outcome.failure == "guard"
        assert not proxy.requests


async def test_a_netrc_file_gives_no_credentials(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("machine 127.0.0.1 login root password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    async with guarding("127.0.0.1/32") as sender:
        await sender.send(Target(receiver.url("/cb")), {}, {}, tokens=())
    assert "Authorization" not in receiver.requests[0].headers


async def test_a_refusal_tells_what_to_do(receiver: Receiver) -> None:
    async with guarding() as sender:
        outcome = await sender.send(Target(receiver.url("/cb")), {}, {}, tokens=())
    assert outcome.error == (
        "127.0.0.1 is loopback (127.0.0.0/8): not listed in webhooks.allow_networks"
    )
    assert (outcome.status, outcome.connect_ms, outcome.first_byte_ms) == (0, -1, -1)


async def test_control_without_the_guard_the_library_would_connect(receiver: Receiver) -> None:
    """Why the guard sits in the socket factory: a resolver alone sees no literal."""
    plain = aiohttp.TCPConnector(resolver=Names())
    async with (
        aiohttp.ClientSession(connector=plain) as session,
        session.post(f"http://[::ffff:127.0.0.1]:{receiver.port}/cb") as response,
    ):
        assert response.status == 200
    receiver.script("/cb", Reply())
