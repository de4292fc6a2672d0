"""A receiver in a process of its own that costs little: it counts deliveries by their id.

`python -m tests.bench.receiving` prints its ports as one JSON line, answers 200 at each of the
`--fast` ports and never at the `--dead` ones. `GET /ledger` tells what arrived and when first, on
the clock of all processes of the machine; it ends with its standard input.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import uvloop

_ID = b"x-recordbridge-delivery: "
_LENGTH = b"content-length: "
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
_LEDGER = b"GET /ledger"


class Ledger:
    """What arrived: how many requests, and for each id the instant of the first (seconds)."""

    def __init__(self) -> None:
        self.requests = 0
        self.first: dict[str, float] = {}

    def take(self, head: bytes) -> None:
        """Count one request."""
        self.requests += 1
        self.first.setdefault(_field(head, _ID).decode(), time.monotonic())

    def answer(self) -> bytes:
        """All of it, as the answer to a GET."""
        body = json.dumps({"requests": self.requests, "first": self.first}).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


class Fast(asyncio.Protocol):
    """Answers 200 to every request, and tells the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._data = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[:end]
            body = int(_field(head.lower(), _LENGTH) or b"0")
            if len(self._data) < end + 4 + body:
                return
            self._data = self._data[end + 4 + body :]
            if head.startswith(_LEDGER):
                self._transport.write(self._ledger.answer())
            else:
                self._ledger.take(head)
                self._transport.write(_OK)


class Dead(asyncio.Protocol):
    """Takes everything and never answers."""


def _field(head: bytes, name: bytes) -> bytes:
    start = head.lower().find(name)
    if start < 0:
        return b""
    return head[start + len(name) :].split(b"\r\n", 1)[0]


@dataclass(frozen=True)
class Receiving:
    """A receiver that runs."""

    process: subprocess.Popen[bytes]
    fast: list[int]
    dead: list[int]

    def ledger(self) -> tuple[int, dict[str, float]]:
        """How many requests came, and when each id came first."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.fast[0]}/ledger", timeout=30) as got:
            found = json.load(got)
        return found["requests"], found["first"]


@contextmanager
def receiving(*, fast: int = 1, dead: int = 0) -> Iterator[Receiving]:
    """A receiver with so many ports of each kind, until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, "--fast", str(fast), "--dead", str(dead)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        ports = json.loads(process.stdout.readline())
        yield Receiving(process, ports["fast"], ports["dead"])
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


async def _serve(fast: int, dead: int) -> None:
    loop, ledger = asyncio.get_running_loop(), Ledger()
    made = [lambda: Fast(ledger)] * fast + [Dead] * dead
    servers = [await loop.create_server(each, "127.0.0.1", 0) for each in made]
    ports = [each.sockets[0].getsockname()[1] for each in servers]
    print(json.dumps({"fast": ports[:fast], "dead": ports[fast:]}), flush=True)
    await asyncio.to_thread(sys.stdin.read)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fast", type=int, default=1)
    parser.add_argument("--dead", type=int, default=0)
    given = parser.parse_args()
    uvloop.run(_serve(given.fast, given.dead))


if __name__ == "__main__":
    main()
