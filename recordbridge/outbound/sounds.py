"""Audio of Play elements: GET, guarded, bounded, with the fixed retry of the hosted product.

The law: `ct` 2 s, `rt` 120 s, one retry whatever the failure was, none once the file had begun to
arrive (a partial response is not retried) and none for what a second try cannot change: the
guard's refusal (H-5), a file that is too large, a redirect that leads nowhere. At most 5
redirects, each hop guarded; what is written is counted after decompression.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO, NamedTuple

import aiohttp
from aiohttp.abc import AbstractResolver

from recordbridge.errors import MediaError, StorageError
from recordbridge.outbound.client import GuardedClient
from recordbridge.outbound.connector import CURRENT, Exchange
from recordbridge.outbound.destination import Destination, destination, redirected
from recordbridge.outbound.failure import REQUEST_ERRORS, explain
from recordbridge.outbound.freshness import fresh_s, may_be_kept
from recordbridge.outbound.guard import Network
from recordbridge.ports.sounds import Fetched, Validators

_MOVED = frozenset({301, 302, 303, 307, 308})
_WRITTEN = 1 << 18


class Limits(NamedTuple):
    """How one sound is loaded; `total_s` is for both tries together."""

    connect_s: float = 2.0
    read_s: float = 120.0
    total_s: float = 240.0
    redirects: int = 5
    most_bytes: int = 10 * 1024 * 1024


class _TransientError(MediaError):
    """Another try may bring it."""


class HttpSounds(GuardedClient):
    """Implements `ports.sounds.SoundFetcher`. Used as its base."""

    accept = "audio/mpeg, audio/wav, audio/*;q=0.9, */*;q=0.5"

    def __init__(
        self,
        allow_networks: Sequence[Network],
        *,
        version: str,
        limits: Limits | None = None,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(allow_networks, version=version, resolver=resolver, tls=tls)
        self._limits = limits or Limits()
        self.timeout = aiohttp.ClientTimeout(
            total=None, connect=self._limits.connect_s, sock_read=self._limits.read_s
        )

    async def fetch(self, url: str, into: Path, known: Validators) -> Fetched:
        """See the port. Raises MediaError; StorageError when `into` cannot be written."""
        try:
            to = destination(url)
        except ValueError as error:
            raise MediaError(f"the URL {error}") from None
        total_s = self._limits.total_s
        try:
            async with asyncio.timeout(total_s):
                try:
                    return await self._try(to, into, known)
                except _TransientError:
                    return await self._try(to, into, known)
        except TimeoutError:
            raise MediaError(f"the file was not loaded within {total_s:g} s") from None

    async def _try(self, to: Destination, into: Path, known: Validators) -> Fetched:
        exchange = Exchange()
        outer = CURRENT.set(exchange)
        try:
            async with await self._answer(to, known, exchange) as response:
                return await self._take(response, into, known, exchange)
        finally:
            CURRENT.reset(outer)

    async def _answer(
        self, to: Destination, known: Validators, exchange: Exchange
    ) -> aiohttp.ClientResponse:
        """The answer behind all redirects, whose body has not been read."""
        for _ in range(self._limits.redirects + 1):
            exchange.begin()
            try:
                response = await self._live().get(
                    to.url, headers=self._headers(to, known), allow_redirects=False
                )
            except REQUEST_ERRORS as error:
                raise self._failed(error, exchange) from error
            if response.status not in _MOVED:
                return response
            response.release()
            try:
                to = redirected(to, response.headers["Location"])
            except KeyError:
                raise MediaError("a redirect has no Location") from None
            except ValueError as error:
                raise MediaError(f"the Location of a redirect {error}") from None
        raise MediaError(f"more than {self._limits.redirects} redirects")

    def _headers(self, to: Destination, known: Validators) -> dict[str, str]:
        headers = dict(self._common)
        if to.authorization:
            headers["Authorization"] = to.authorization
        if known.etag:
            headers["If-None-Match"] = known.etag
        elif known.last_modified:
            headers["If-Modified-Since"] = known.last_modified
        return headers

    async def _take(
        self, response: aiohttp.ClientResponse, into: Path, known: Validators, exchange: Exchange
    ) -> Fetched:
        headers = response.headers
        if response.status == HTTPStatus.NOT_MODIFIED and known != Validators():
            return Fetched(unchanged=True, validators=known, fresh_s=fresh_s(headers))
        if response.status != HTTPStatus.OK:
            reason = f" {response.reason}" if response.reason else ""
            raise _TransientError(f"the server answered {response.status}{reason}")
        if (response.content_length or 0) > self._limits.most_bytes:
            raise MediaError(self._too_large())
        try:
            await self._write(response.content, into)
        except REQUEST_ERRORS as error:
            raise MediaError(str(self._failed(error, exchange))) from error
        validators = Validators()
        if may_be_kept(headers):
            validators = Validators(headers.get("ETag", ""), headers.get("Last-Modified", ""))
        return Fetched(unchanged=False, validators=validators, fresh_s=fresh_s(headers))

    async def _write(self, content: aiohttp.StreamReader, into: Path) -> None:
        size, chunk = 0, b""
        with await asyncio.to_thread(_create, into) as file:
            while piece := await content.readany():
                size += len(piece)
                if size > self._limits.most_bytes:
                    raise MediaError(self._too_large())
                chunk += piece
                if len(chunk) >= _WRITTEN:
                    await asyncio.to_thread(_append, file, chunk)
                    chunk = b""
            await asyncio.to_thread(_append, file, chunk)

    def _too_large(self) -> str:
        return f"the file is larger than {self._limits.most_bytes} bytes"

    def _failed(self, error: BaseException, exchange: Exchange) -> MediaError:
        limits = self._limits
        word, sentence = explain(
            error, exchange, round(limits.connect_s * 1000), round(limits.read_s * 1000)
        )
        return MediaError(sentence) if word == "guard" else _TransientError(sentence)

    def _live(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise MediaError("the service is stopping")
        return self._session


def _create(path: Path) -> BinaryIO:
    try:
        return path.open("wb", buffering=0)
    except OSError as error:
        raise StorageError.of(error, "the audio cannot be kept") from error


def _append(file: BinaryIO, chunk: bytes) -> None:
    try:
        file.write(chunk)
    except OSError as error:
        raise StorageError.of(error, "the audio cannot be kept") from error
