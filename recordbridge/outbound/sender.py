"""Outgoing requests: one attempt in, one outcome out, nothing raised (H-1, H-2, H-5, H-6).

The law: what is signed is what is sent; every address is guarded; no answer costs more than
100 kB of memory or more time than `ct`, `rt` and `tt` allow; 2xx is success. Callbacks do not
follow redirects. Document requests do, as browsers do (F-6): 301, 302 and 303 become a GET of
exactly the Location, 307 and 308 repeat method and body; each hop is signed for its own URL,
and credentials stay with the origin they were meant for.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence

from aiohttp.abc import AbstractResolver

from recordbridge.instant import Clock
from recordbridge.outbound.attempt import Attempt, Request
from recordbridge.outbound.client import GuardedClient
from recordbridge.outbound.connector import CURRENT
from recordbridge.outbound.destination import destination
from recordbridge.outbound.failure import REQUEST_ERRORS
from recordbridge.outbound.form import encode
from recordbridge.outbound.guard import Network
from recordbridge.plivo.retry import Target
from recordbridge.ports.http import Outcome

_FORM = "application/x-www-form-urlencoded"


class HttpSender(GuardedClient):
    """The `Sender` port over aiohttp; `clock` judges Retry-After dates. Else as its base."""

    def __init__(
        self,
        allow_networks: Sequence[Network],
        clock: Clock,
        *,
        version: str,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(allow_networks, version=version, resolver=resolver, tls=tls)
        self._clock = clock

    async def send(
        self,
        target: Target,
        parameters: dict[str, str],
        headers: dict[str, str],
        *,
        tokens: tuple[str, ...],
        follow: int = 0,
        budget_ms: int | None = None,
    ) -> Outcome:
        """See the port. Raises nothing but CancelledError.

        `connect_ms` spans name, TCP and TLS, and is -1 when a kept-alive connection was used;
        with redirects it is the sum, and `first_byte_ms` belongs to the last answer.
        An answer's body matters only to who asked for a document (`follow` > 0): elsewhere a
        2xx whose body is too long, broken or slow is a success with what was read of it.
        """
        try:
            request = self._first(target, parameters, headers)
        except ValueError as error:
            return Outcome(failure="other", error=f"the URL {error}")
        budget = target.retry.total_ms if budget_ms is None else budget_ms
        if self._session is None:
            return Outcome(failure="other", error="the sender is closed")
        attempt = Attempt(self._session, request, target.retry, tokens, follow)
        outer = CURRENT.set(attempt.exchange)
        try:
            async with asyncio.timeout(min(budget, target.retry.total_ms) / 1000):
                await attempt.run()
        except REQUEST_ERRORS as error:
            return attempt.outcome(self._clock(), error)
        finally:
            attempt.close()
            CURRENT.reset(outer)
        return attempt.outcome(self._clock())

    def _first(
        self, target: Target, parameters: dict[str, str], headers: dict[str, str]
    ) -> Request:
        to = destination(target.url)
        common = {**self._common, **headers}
        if to.authorization:
            common["Authorization"] = to.authorization
        if target.method == "GET":
            return Request("GET", to.carrying(parameters), {}, None, common)
        common["Content-Type"] = _FORM
        return Request("POST", to, parameters, encode(parameters).encode("ascii"), common)
