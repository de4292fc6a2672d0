"""One request to the API as its handler sees it, and how it is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec
from aiohttp import web

from recordbridge.engine.live import LiveCalls
from recordbridge.engine.texts import Texts
from recordbridge.instant import Clock, Instant
from recordbridge.machine.intents import Reply as Told
from recordbridge.ports.lists import Lists
from recordbridge.web import keys
from recordbridge.web.api import shapes
from recordbridge.web.api.fields import Field
from recordbridge.web.api.starts import Starts
from recordbridge.web.signing import RecordUrls


class Replays(Protocol):
    """Sends requests again (`engine.deliveries.Deliveries`)."""

    async def replay(self, wanted: list[str]) -> None: ...


class Api(NamedTuple):
    """What the operations need."""

    lists: Lists
    live: LiveCalls
    replays: Replays
    texts: Texts
    starts: Starts
    urls: RecordUrls
    clock: Clock


class Asking(NamedTuple):
    """An authenticated request; `values` are its checked fields, of query and body."""

    api: Api
    http: web.Request
    account: str
    values: Mapping[str, Any]

    @property
    def api_id(self) -> str:
        return self.http[keys.API_ID]

    @property
    def now(self) -> Instant:
        return self.api.clock()

    def part(self, name: str) -> str:
        """A part of the path."""
        return self.http.match_info[name]

    def uri(self, *parts: str) -> str:
        """The address of something of this account, without the host."""
        return "/".join(("/v1/Account", self.account, *parts, ""))


Answer = Callable[[Asking], Awaitable[web.StreamResponse]]


class Operation(NamedTuple):
    """One method of one path. `replies` are what `status` may carry; none = nothing."""

    method: str
    path: str
    name: str
    about: str
    answer: Answer
    status: int = 200
    replies: tuple[type[msgspec.Struct], ...] = ()
    query: tuple[Field, ...] = ()
    body: tuple[Field, ...] = ()
    errors: tuple[int, ...] = ()
    headers: tuple[str, ...] = ()
    """Request headers with a meaning of their own."""


_Reply = TypeVar("_Reply", bound=msgspec.Struct)
_encode = msgspec.json.Encoder(decimal_format="number").encode


def reply(value: shapes.Reply | msgspec.Struct, status: int = 200) -> web.Response:
    return web.Response(body=_encode(value), status=status, content_type="application/json")


def with_id(kind: type[_Reply], value: msgspec.Struct, api_id: str) -> _Reply:
    """One object as a reply of its own."""
    return kind(api_id=api_id, **msgspec.structs.asdict(value))


def nothing() -> web.Response:
    return web.Response(status=204)


def agreed(told: Told, what: str) -> Told:
    """The answer, unless it is a refusal: then 404 or 409, and why."""
    match told.refusal:
        case "gone":
            raise no_call()
        case "idle":
            raise web.HTTPNotFound(text=what)
        case "full":
            raise web.HTTPConflict(text="a disk is full: the recording was refused")
        case "conflict":
            raise web.HTTPConflict(text="the call is not in an application: it has no document")
        case _:
            return told


def no_call() -> web.HTTPNotFound:
    return web.HTTPNotFound(text="there is no such live call")
