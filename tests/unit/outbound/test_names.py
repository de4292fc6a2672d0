"""Host names: the system's answers, and name servers that do not give one."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from recordbridge.outbound.names import SystemNames
from recordbridge.outbound.sender import HttpSender
from recordbridge.plivo.retry import Retry, Target
from tests.receiver import Receiver
from tests.unit.outbound.conftest import LOOPBACK


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """getaddrinfo hangs for `slow.example` until the test is over."""
    go_on, real = threading.Event(), socket.getaddrinfo

    def lookup(host: str, *rest: int) -> list[object]:
        if host == "slow.example":
            go_on.wait(10)
            raise socket.gaierror(socket.EAI_AGAIN, "try again")
        return list(real(host, *rest))

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    yield go_on
    go_on.set()


async def test_addresses_are_those_of_the_system() -> None:
    found = await SystemNames().resolve("localhost", 80, socket.AF_INET)
    assert {(one["host"], one["port"], one["family"]) for one in found} == {
        ("127.0.0.1", 80, socket.AF_INET)
    }


async def test_the_systems_words_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(*_: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    async with HttpSender((), lambda: 0, version="1") as sender:
        outcome = await sender.send(Target("http://nowhere.example/"), {}, {}, tokens=())
    assert outcome.failure == "ct"
    assert outcome.error == (
        "the name nowhere.example cannot be resolved: Name or service not known"
    )


async def test_a_label_that_is_too_long_is_no_name() -> None:
    with pytest.raises(OSError, match="not a name"):
        await SystemNames().resolve("a" * 64 + ".example")


@pytest.mark.rule("H-4")
async def test_a_silent_name_server_delays_nobody_else(
    stuck: threading.Event, receiver: Receiver
) -> None:
    async with HttpSender(LOOPBACK, lambda: 0, version="1") as sender:
        slow = [
            Target(f"http://slow.example:{port}/", retry=Retry(connect_ms=400))
            for port in range(9000, 9040)
        ]
        waiting = [asyncio.create_task(sender.send(one, {}, {}, tokens=())) for one in slow]
        quick = Target(receiver.url("/cb", host="localhost"))
        assert (await sender.send(quick, {}, {}, tokens=())).failure == ""
        assert not any(task.done() for task in waiting)
        outcomes = await asyncio.gather(*waiting)
    assert {outcome.failure for outcome in outcomes} == {"ct"}
