"""The event socket against a server that cuts what it sends in every possible place."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import itertools
import re
from collections.abc import AsyncIterator, Callable

import pytest
from websockets.exceptions import InvalidMessage, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from recordbridge.ari.socket import EventSocket

WAIT_S = 5
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def _frame(opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=False)


MESSAGES = [b"one", b"two" * 60, b"", b"four" * 20_000, b"in two parts", b"last"]
FRAMES = b"".join(
    (
        *(_frame(Opcode.TEXT, each) for each in MESSAGES[:4]),
        _frame(Opcode.PING, b"who is there"),
        _frame(Opcode.TEXT, b"in two ", fin=False),
        _frame(Opcode.PING, b"between the parts"),
        _frame(Opcode.CONT, b"parts"),
        _frame(Opcode.TEXT, MESSAGES[-1]),
    )
)


def _accepted(request: bytes) -> bytes:
    found = re.search(rb"Sec-WebSocket-Key: (\S+)", request, re.IGNORECASE)
    assert found is not None
    accept = base64.b64encode(hashlib.sha1(found[1] + _GUID).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Protocol: ari\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


class Served:
    """A server's one connection: answers the handshake with `answer`, keeps what it is sent."""

    def __init__(self, answer: Callable[[bytes], list[bytes]]) -> None:
        self._answer = answer
        self.protocol = ServerProtocol(state=State.OPEN)
        self.url = ""
        self.came = asyncio.Event()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        for piece in self._answer(request):
            writer.write(piece)
            await asyncio.sleep(0)
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                self.protocol.receive_data(data)
                for reply in self.protocol.data_to_send():
                    writer.write(reply) if reply else writer.write_eof()
                self.came.set()
        writer.close()


@contextlib.asynccontextmanager
async def serving(answer: Callable[[bytes], list[bytes]]) -> AsyncIterator[Served]:
    served = Served(answer)
    server = await asyncio.start_server(served.take, "127.0.0.1", 0)
    async with server:
        served.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield served


async def _received(socket: EventSocket, wanted: int) -> list[bytes]:
    """The first messages, as `read` gives them."""
    got: list[bytes] = []
    enough = asyncio.Event()

    def take(message: bytes) -> None:
        got.append(message)
        if len(got) == wanted:
            enough.set()

    reading = asyncio.create_task(socket.read(take))
    await asyncio.wait_for(enough.wait(), WAIT_S)
    await socket.close()
    await reading
    return got


def _cuts(begin: int, end: int, size: int) -> range:
    """Where pieces of that size begin; the edges of frames stand in the first and last part."""
    return range(begin, end, size)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100, 4096, 1 << 20])
async def test_messages_arrive_whole_however_they_are_cut(size: int) -> None:
    def answer(request: bytes) -> list[bytes]:
        data = _accepted(request) + FRAMES
        edges = [*_cuts(0, 1000, size), *_cuts(1000, len(data) - 200, 50_000)]
        edges += [*_cuts(len(data) - 200, len(data), size), len(data)]
        return [data[begin:end] for begin, end in itertools.pairwise(edges)]

    async with serving(answer) as served:
        socket = await EventSocket.open(served.url, "user", "password", "app")
        assert await _received(socket, len(MESSAGES)) == MESSAGES


async def test_commands_of_one_turn_arrive_in_order_and_pings_are_answered() -> None:
    def answer(request: bytes) -> list[bytes]:
        return [_accepted(request) + _frame(Opcode.PING, b"are you there")]

    async with serving(answer) as served:
        socket = await EventSocket.open(served.url, "user", "password", "app")
        reading = asyncio.create_task(socket.read(lambda _: None))
        for number in range(3):
            socket.send(f"command {number} with an ä")
        frames: list[Frame] = []
        while len(frames) < 4:
            await asyncio.wait_for(served.came.wait(), WAIT_S)
            served.came.clear()
            frames += [e for e in served.protocol.events_received() if isinstance(e, Frame)]
        await socket.close()
        await reading
    texts = [bytes(each.data).decode() for each in frames if each.opcode is Opcode.TEXT]
    assert texts == [f"command {number} with an ä" for number in range(3)]
    pongs = [bytes(each.data) for each in frames if each.opcode is Opcode.PONG]
    assert pongs == [b"are you there"]


async def test_a_masked_frame_of_a_server_ends_the_socket() -> None:
    def answer(request: bytes) -> list[bytes]:
        return [_accepted(request) + Frame(Opcode.TEXT, b"masked").serialize(mask=True)]

    async with serving(answer) as served:
        socket = await EventSocket.open(served.url, "user", "password", "app")
        got: list[bytes] = []
        reason = await asyncio.wait_for(socket.read(got.append), WAIT_S)
        assert got == []
        assert "1002" in reason


@pytest.mark.parametrize("size", [1, 1 << 20])
async def test_a_refusal_keeps_its_status(size: int) -> None:
    data = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 9\r\n\r\nforbidden"

    def answer(_request: bytes) -> list[bytes]:
        return [data[at : at + size] for at in range(0, len(data), size)]

    async with serving(answer) as served:
        with pytest.raises(InvalidStatus) as refused:
            await EventSocket.open(served.url, "user", "password", "app")
        assert refused.value.response.status_code == 401


async def test_what_is_no_http_is_said_at_once() -> None:
    async with serving(lambda _: [b"220 mail.example.org ESMTP\r\n"]) as served:
        with pytest.raises(InvalidMessage):
            await asyncio.wait_for(EventSocket.open(served.url, "user", "password", "app"), 2)
