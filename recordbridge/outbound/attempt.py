"""One attempt under way: hops, the bounded reading of the answer, and what it came to.

The law: a request goes out once (H-6). When a kept-alive connection turns out to be dead before any
answer came, that tells nothing about the server: the outcome is `stale`, and whoever sends it
again makes that an attempt of its own.
"""

from __future__ import annotations

import asyncio
import os
from functools import lru_cache

import aiohttp
import msgspec

from recordbridge.instant import Instant
from recordbridge.outbound.connector import Exchange
from recordbridge.outbound.destination import Destination, redirected
from recordbridge.outbound.failure import explain, of_status
from recordbridge.outbound.retry_after import retry_after_s
from recordbridge.plivo import signatures
from recordbridge.plivo.retry import Retry
from recordbridge.ports.http import Failure, Outcome

BODY_LIMIT = 100_000
"""H-5, F-7: bytes of an answer that are read, counted after decompression."""

_MOVED = frozenset({301, 302, 303, 307, 308})
_REPEATED = frozenset({307, 308})
_PERSONAL = frozenset({"authorization", "cookie", "proxy-authorization"})
_NO_ROUNDING = float("inf")


class Request(msgspec.Struct, frozen=True):
    """What goes out to `to` on one hop; without a body the parameters stand in its query."""

    method: str
    to: Destination
    parameters: dict[str, str]
    body: bytes | None
    headers: dict[str, str]


class Attempt:
    """`run` it, then ask for the `outcome`, then `close`; the exchange must be current."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        request: Request,
        retry: Retry,
        tokens: tuple[str, ...],
        follow: int,
    ) -> None:
        self.exchange = Exchange(once=True)
        self._stale = False
        self._session = session
        self._request = request
        self._sent = request.to.query.encode() if request.body is None else request.body
        self._retry = retry
        self._tokens = tokens
        self._follow = follow
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._first_byte_ms = -1
        self._response: aiohttp.ClientResponse | None = None
        self._body = b""
        self._remark = ""

    async def run(self) -> None:
        """Send, follow, read. Raises what aiohttp raises; TimeoutError is the caller's limit."""
        hops_left = self._follow
        while True:
            response = await self._answer()
            self._response = response
            self._first_byte_ms = self._elapsed()
            if response.status not in _MOVED or not self._go_on(response, hops_left):
                return await self._read(response)
            hops_left -= 1
            response.release()
            self._response = None

    def outcome(self, now: Instant, error: BaseException | None = None) -> Outcome:
        """What is known now; `error` is what ended `run`, if anything did."""
        failure, sentence = self._judgement(error)
        response, connect_s = self._response, self.exchange.connect_s
        headers = response.headers if response is not None else {}
        return Outcome(
            failure=failure,
            status=response.status if response is not None else 0,
            error=sentence,
            body=self._body[:BODY_LIMIT],
            content_type=headers.get("Content-Type", ""),
            retry_after_s=retry_after_s(headers.get("Retry-After"), now) if failure else None,
            connect_ms=-1 if connect_s < 0 else round(connect_s * 1000),
            first_byte_ms=self._first_byte_ms,
            total_ms=self._elapsed(),
            sent=self._sent,
            stale=self._stale,
        )

    def close(self) -> None:
        """Give the connection back, or drop it when the answer was not read to its end."""
        if self._response is not None:
            self._response.release()

    async def _answer(self) -> aiohttp.ClientResponse:
        request, exchange = self._request, self.exchange
        headers = dict(request.headers)
        if self._tokens:
            nonce = f"{int.from_bytes(os.urandom(16), 'big') % 10**20:020d}"
            headers |= signatures.headers(
                request.method, request.to.text, request.parameters, self._tokens, nonce
            )
        exchange.begin()
        try:
            return await self._session.request(
                request.method,
                request.to.url,
                data=request.body,
                headers=headers,
                allow_redirects=False,
                timeout=_timeouts(self._retry.connect_ms, self._retry.read_ms),
            )
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            self._stale = not exchange.connecting and not exchange.fresh
            raise

    def _go_on(self, response: aiohttp.ClientResponse, hops_left: int) -> bool:
        """F-6: make the next hop the request, or remark why there is none."""
        if not hops_left:
            self._remark = (
                f"more than {self._follow} redirects" if self._follow else "it is not followed"
            )
            return False
        try:
            to = redirected(self._request.to, response.headers["Location"])
        except KeyError:
            self._remark = "it has no Location"
        except ValueError as error:
            self._remark = f"its Location {error}"
        else:
            self._request = _next(self._request, response.status, to)
            return True
        return False

    async def _read(self, response: aiohttp.ClientResponse) -> None:
        """The body, until its end or one byte more than is allowed."""
        while len(self._body) <= BODY_LIMIT:
            chunk = await response.content.readany()
            if not chunk:
                return
            self._body += chunk

    def _judgement(self, error: BaseException | None) -> tuple[Failure, str]:
        response = self._response
        if response is None:
            assert error is not None
            return self._explain(error)
        failure = of_status(response.status)
        if failure:
            remark = f": {self._remark}" if self._remark else ""
            reason = f" {response.reason}" if response.reason else ""
            return failure, f"the server answered {response.status}{reason}{remark}"
        if self._follow and error is not None:
            return self._explain(error)
        if self._follow and len(self._body) > BODY_LIMIT:
            return "size", f"the answer is longer than {BODY_LIMIT} bytes"
        return "", ""

    def _explain(self, error: BaseException) -> tuple[Failure, str]:
        return explain(error, self.exchange, self._retry.connect_ms, self._retry.read_ms)

    def _elapsed(self) -> int:
        return round((self._loop.time() - self._began) * 1000)


def _next(request: Request, status: int, to: Destination) -> Request:
    """The request that a redirect asks for, without what is not meant for another origin."""
    headers = request.headers
    if to.origin != request.to.origin:
        headers = {k: v for k, v in headers.items() if k.lower() not in _PERSONAL}
    if to.authorization:
        headers = {**headers, "Authorization": to.authorization}
    if status in _REPEATED:
        return msgspec.structs.replace(request, to=to, headers=headers)
    headers = {k: v for k, v in headers.items() if k != "Content-Type"}
    return Request("GET", to, {}, None, headers)


@lru_cache(maxsize=256)
def _timeouts(connect_ms: int, read_ms: int) -> aiohttp.ClientTimeout:
    """`ct` spans name, TCP and TLS; `rt` is the wait for the first byte and between reads."""
    return aiohttp.ClientTimeout(
        total=None,
        connect=connect_ms / 1000,
        sock_read=read_ms / 1000,
        ceil_threshold=_NO_ROUNDING,
    )
