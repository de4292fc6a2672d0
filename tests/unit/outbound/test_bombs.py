"""Answers, small on the wire and large when unpacked: neither memory nor disk pays (H-5)."""

from __future__ import annotations

import contextlib
import gzip
import ipaddress
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from recordbridge.errors import MediaError
from recordbridge.outbound.sender import HttpSender
from recordbridge.outbound.sounds import HttpSounds, Limits
from recordbridge.plivo.retry import Retry, Target
from recordbridge.ports.sounds import Validators
from tests.receiver import Raw, Receiver, Reply

pytestmark = pytest.mark.rule("H-5", "F-7")

UNPACKED = 50_000_000
MOST_BYTES = 10_000_000
"""Of memory: a fifth of what the bomb unpacks to."""
DOCUMENT_BYTES = 100_000
LIMITS = Limits(most_bytes=1_000_000)


def bare_deflate(data: bytes) -> bytes:
    """Without zlib's head, as some servers send it."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACKED = {
    "gzip": ("gzip", gzip.compress(bytes(UNPACKED))),
    "x-gzip": ("x-gzip", gzip.compress(bytes(UNPACKED))),
    "deflate": ("deflate", zlib.compress(bytes(UNPACKED))),
    "bare deflate": ("deflate", bare_deflate(bytes(UNPACKED))),
    "gzip twice": ("gzip, gzip", gzip.compress(gzip.compress(bytes(UNPACKED)))),
    "gzip members": ("gzip", gzip.compress(bytes(UNPACKED // 100)) * 100),
    "unknown": ("bomb", gzip.compress(bytes(UNPACKED))),
}
EVERY = pytest.mark.parametrize("packed", PACKED)


@pytest.fixture
def peak() -> Iterator[list[int]]:
    """Bytes that the test had at once at the most, when it is over."""
    tracemalloc.start()
    found: list[int] = []
    yield found
    _, highest = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert highest < MOST_BYTES, highest


def reply(packed: str, status: int = 200) -> Reply:
    encoding, body = PACKED[packed]
    return Reply(status=status, body=body, headers={"Content-Encoding": encoding})


@EVERY
@pytest.mark.parametrize("status", [200, 404, 503])
async def test_documents_and_errors(
    sender: HttpSender, receiver: Receiver, peak: list[int], packed: str, status: int
) -> None:
    receiver.script("/a", reply(packed, status))
    outcome = await sender.send(Target(receiver.url("/a")), {}, {}, tokens=(), follow=5)
    assert len(outcome.body) <= DOCUMENT_BYTES
    assert outcome.status == status


@EVERY
@pytest.mark.rule("H-3")
async def test_callbacks(
    sender: HttpSender, receiver: Receiver, peak: list[int], packed: str
) -> None:
    """It is delivered: what the application says beside its 200 does not matter."""
    receiver.script("/a", reply(packed))
    outcome = await sender.send(Target(receiver.url("/a")), {}, {}, tokens=())
    assert (outcome.status, outcome.failure) == (200, "")
    assert len(outcome.body) <= DOCUMENT_BYTES


@EVERY
async def test_what_comes_with_a_redirect(
    sender: HttpSender, receiver: Receiver, peak: list[int], packed: str
) -> None:
    encoding, body = PACKED[packed]
    headers = {"Location": receiver.url("/b"), "Content-Encoding": encoding}
    receiver.script("/a", Reply(status=307, body=body, headers=headers))
    outcome = await sender.send(Target(receiver.url("/a")), {}, {}, tokens=(), follow=5)
    assert (outcome.status, outcome.failure) == (200, "")


@EVERY
async def test_sounds(receiver: Receiver, tmp_path: Path, peak: list[int], packed: str) -> None:
    """What is written is bounded too."""
    receiver.script("/a", reply(packed))
    into = tmp_path / "raw"
    networks = [ipaddress.ip_network("127.0.0.0/8")]
    async with HttpSounds(networks, version="1", limits=LIMITS) as sounds:
        with contextlib.suppress(MediaError):  # what is too large is refused
            await sounds.fetch(receiver.url("/a"), into, Validators())
    assert not into.exists() or into.stat().st_size <= LIMITS.most_bytes


@pytest.mark.parametrize(
    "head",
    [
        b"X: " + b"y" * 10_000_000,
        b"".join(b"X-%d: y\r\n" % n for n in range(200_000)),
        b"Location: http://127.0.0.1/" + b"y" * 5_000_000,
        b"Set-Cookie: " + b"y=z; " * 1_000_000,
    ],
    ids=["one long", "many", "location", "cookie"],
)
async def test_heads(sender: HttpSender, receiver: Receiver, head: bytes) -> None:
    receiver.script("/a", Raw(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n"))
    target = Target(receiver.url("/a"), retry=Retry(total_ms=5000))
    outcome = await sender.send(target, {}, {}, tokens=(), follow=5)
    assert outcome.failure
    assert len(outcome.error) < 1000
