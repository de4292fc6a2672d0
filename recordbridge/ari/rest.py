"""ARI over HTTP: requests with Basic auth, refusals as typed errors.

Idle connections are given up before Asterisk gives them up (it keeps them 15 s), and a request
that may be repeated is sent once more when its connection broke under it. Downloads and whatever
may block (asterisk.md 2.2) go this way even where commands go over the socket.
"""

from __future__ import annotations

import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple, Self

import aiohttp
import msgspec
from yarl import URL

from recordbridge.errors import (
    PbxConflictError,
    PbxError,
    PbxGoneError,
    PbxRefusedError,
    PbxUnavailableError,
)

CONNECTIONS = 20
KEEP_ALIVE_S = 8
TIMEOUT_S = 10
CHUNK = 1 << 16


class Reply(NamedTuple):
    """Any answer of Asterisk's; `body` is JSON or empty."""

    status: int
    body: bytes


def basic_auth(username: str, password: str) -> str:
    """The value of an Authorization header."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


class _Refusal(msgspec.Struct):
    message: str = ""
    error: str = ""


def refusal_text(body: bytes | str) -> str:
    """Asterisk's own words in the body of a refusal, or an empty string."""
    try:
        refusal = msgspec.json.decode(body, type=_Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return refusal.message or refusal.error


def failure(what: str, reply: Reply) -> PbxError:
    """The typed error for a reply of 400 and more."""
    text = f"{what}: {refusal_text(reply.body) or f'HTTP {reply.status}'}"
    if reply.status == 404:
        return PbxGoneError(text)
    if reply.status == 409:
        return PbxConflictError(text)
    if reply.status == 503:  # "Asterisk not booted"
        return PbxUnavailableError(text)
    return PbxRefusedError(text, reply.status)


class RestClient:
    """ARI at `url` (`http://host:8088`, with the prefix of http.conf if it has one).

    Use as an async context manager; one per Asterisk.
    """

    def __init__(
        self, url: str, username: str, password: str, tls: ssl.SSLContext | None = None
    ) -> None:
        self.base = url.rstrip("/") + "/ari/"
        self._auth = basic_auth(username, password)
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            headers={"Authorization": self._auth},
            connector=aiohttp.TCPConnector(
                limit=CONNECTIONS, keepalive_timeout=KEEP_ALIVE_S, ssl=self._tls or True
            ),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            trust_env=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def use_password(self, username: str, password: str) -> None:
        """From the next request on."""
        self._auth = basic_auth(username, password)
        if self._session is not None:
            self._session.headers["Authorization"] = self._auth

    async def exchange(
        self, method: str, uri: str, *, json: bytes | None = None, repeatable: bool = False
    ) -> Reply:
        """Send and return whatever the answer is; `uri` is below `/ari/` and already encoded.

        `repeatable` is for a POST; aiohttp itself sends the other methods again. Raises
        PbxUnavailableError when there is no answer: then the outcome is unknown.
        """
        try:
            return await self._once(method, uri, json)
        except aiohttp.ClientConnectorError as error:
            raise _unavailable(method, uri, error) from error
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            if method != "POST" or not repeatable:
                raise _unavailable(method, uri, error) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _unavailable(method, uri, error) from error
        return await self.exchange(method, uri, json=json)

    async def request(self, method: str, uri: str, *, json: bytes | None = None) -> bytes:
        """The body of a successful answer; a refusal is raised as one of the PbxErrors."""
        reply = await self.exchange(method, uri, json=json)
        if reply.status >= 400:
            raise failure(f"{method} {_path(uri)}", reply)
        return reply.body

    @asynccontextmanager
    async def download(self, uri: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Chunks of a body of any length. Raises as `request`, also while it is read."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=30)
        try:
            async with self._live().get(self._at(uri), timeout=timeout) as response:
                if response.status >= 400:
                    raise failure(_path(uri), Reply(response.status, await response.read()))
                yield response.content.iter_chunked(CHUNK)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _unavailable("GET", uri, error) from error

    async def _once(self, method: str, uri: str, json: bytes | None) -> Reply:
        headers = {"Content-Type": "application/json"} if json is not None else None
        async with self._live().request(
            method, self._at(uri), data=json, headers=headers
        ) as response:
            return Reply(response.status, await response.read())

    def _at(self, uri: str) -> URL:
        return URL(self.base + uri, encoded=True)

    def _live(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise PbxUnavailableError("not connected")
        return self._session


def _path(uri: str) -> str:
    return uri.partition("?")[0]


def _unavailable(method: str, uri: str, error: Exception) -> PbxUnavailableError:
    reason = str(error) or type(error).__name__
    return PbxUnavailableError(f"{method} {_path(uri)}: {reason}")
