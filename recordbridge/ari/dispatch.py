"""Two ways for a command to reach Asterisk: over the event socket, or by HTTP.

Both keep the order of one channel's commands and never make the caller wait. An answer of 400
and more, or none at all (status 0: the outcome is unknown), goes to `settle`; success is silent,
because the events tell it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

import msgspec

from recordbridge.ari.command import Command
from recordbridge.ari.events import RESTResponse
from recordbridge.ari.rest import Reply, RestClient, refusal_text
from recordbridge.ari.socket import EventSocket
from recordbridge.errors import PbxUnavailableError

Settle = Callable[[Command, int, str], None]
"""Takes the command, the status (0 = no answer) and Asterisk's words."""


class Dispatch(Protocol):
    """Sends commands without waiting for their answers."""

    def send(self, command: Command) -> None: ...

    def close(self) -> list[Command]:
        """Stop; the commands whose outcome is unknown, oldest first."""
        ...


class SocketDispatch:
    """REST over the event socket (Asterisk 20.14, 21.9, 22.4 and later).

    Asterisk takes one request of a socket after the other, so a command that blocks would hold
    up all calls; `stalled_s` tells how long the oldest one has been waiting.
    """

    def __init__(self, socket: EventSocket, settle: Settle) -> None:
        self._socket = socket
        self._settle = settle
        self._loop = asyncio.get_running_loop()
        self._count = 0
        self._waiting: dict[str, tuple[Command, float]] = {}
        self._asked: dict[str, asyncio.Future[Reply]] = {}

    def send(self, command: Command) -> None:
        transaction = self._request(command.method, command.uri, command.body)
        self._waiting[transaction] = (command, self._loop.time())

    async def ask(self, method: str, uri: str) -> Reply:
        """A request whose answer is awaited. Raises PbxUnavailableError when there is none."""
        transaction = self._request(method, uri)
        answer: asyncio.Future[Reply] = self._loop.create_future()
        self._asked[transaction] = answer
        try:
            return await answer
        finally:
            self._asked.pop(transaction, None)

    def _request(self, method: str, uri: str, body: str = "") -> str:
        self._count += 1
        transaction = str(self._count)
        # Methods and URIs are plain ASCII without quotes (see command.py).
        self._socket.send(
            f'{{"type":"RESTRequest","transaction_id":"{transaction}",'
            f'"method":"{method}","uri":"{uri}"{_with(body) if body else ""}}}'
        )
        return transaction

    def answered(self, response: RESTResponse) -> None:
        """Take a response; only those that say no, and those that were asked for, are looked at."""
        waiting = self._waiting.pop(response.transaction_id, None)
        if waiting is None:
            asked = self._asked.get(response.transaction_id)
            if asked is not None and not asked.done():
                asked.set_result(Reply(response.status_code, _body(response.message_body)))
        elif response.status_code >= 400:
            text = refusal_text(_body(response.message_body)) or response.reason_phrase
            self._settle(waiting[0], response.status_code, text)

    def stalled_s(self) -> float:
        """Seconds since the oldest unanswered command was sent; 0 when there is none."""
        for _, sent in self._waiting.values():
            return self._loop.time() - sent
        return 0.0

    def close(self) -> list[Command]:
        unknown = [command for command, _ in self._waiting.values()]
        self._waiting.clear()
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(PbxUnavailableError("the connection broke"))
        return unknown


class HttpDispatch:
    """One request after the other per call, calls side by side.

    A command sent `beside` the others goes in its turn, too, but nothing waits for its answer.
    """

    def __init__(self, rest: RestClient, settle: Settle) -> None:
        self._rest = rest
        self._settle = settle
        self._lanes: dict[str, deque[tuple[Command, bool]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, command: Command, *, beside: bool = False) -> None:
        self._enter(command.channel_id, command, beside=beside)

    def close(self) -> list[Command]:
        unknown = [command for lane in self._lanes.values() for command, _ in lane]
        self._lanes.clear()
        for task in self._tasks:
            task.cancel()
        return unknown

    def _enter(self, key: str, command: Command, *, beside: bool) -> None:
        lane = self._lanes.get(key)
        if lane is not None:
            lane.append((command, beside))
            return
        self._lanes[key] = lane = deque(((command, beside),))
        task = asyncio.create_task(self._drain(key, lane), name="ari-lane")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drain(self, key: str, lane: deque[tuple[Command, bool]]) -> None:
        while lane:
            command, beside = lane[0]  # stays in the lane while its outcome is unknown
            if beside:
                self._enter(f"{key} beside", command, beside=False)
                lane.popleft()
                continue
            try:
                reply = await self._rest.exchange(
                    command.method,
                    command.uri,
                    json=command.body.encode() or None,
                    repeatable=command.repeatable,
                )
            except PbxUnavailableError as error:
                lane.popleft()
                self._settle(command, 0, str(error))
                continue
            lane.popleft()
            if reply.status >= 400:
                self._settle(command, reply.status, refusal_text(reply.body))
        del self._lanes[key]


def _with(body: str) -> str:
    """The members of a request that has a body: JSON inside a JSON string."""
    text = msgspec.json.encode(body).decode()
    return f',"content_type":"application/json","message_body":{text}'


def _body(body: msgspec.Raw) -> bytes:
    """The JSON inside the JSON string of a `message_body`."""
    try:
        return msgspec.json.decode(body, type=str).encode()
    except msgspec.DecodeError:
        return b""
