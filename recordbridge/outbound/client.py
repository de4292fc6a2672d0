"""The client of outgoing requests: open from `async with` to its end, every connection guarded.

The law (H-5): no cookies, no proxy of the environment, no encoding that we did not ask for, and no
address that `webhooks.allow_networks` does not permit.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver

from recordbridge.outbound.connector import GuardedConnector
from recordbridge.outbound.guard import Network


class GuardedClient:
    """Base of those who send requests. Used as an async context manager.

    `allow_networks` are those of `webhooks.allow_networks`; `version` goes into the User-Agent;
    `resolver` and `tls` replace the system's own.
    """

    accept = "*/*"
    timeout = aiohttp.ClientTimeout()
    """What holds when a request says nothing else."""

    def __init__(
        self,
        allow_networks: Sequence[Network],
        *,
        version: str,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allow = tuple(allow_networks)
        self._resolver = resolver
        self._tls = tls
        self._common = {
            "User-Agent": f"recordbridge/{version}",
            "Accept": self.accept,
            "Accept-Encoding": "identity",
        }
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=GuardedConnector(self._allow, resolver=self._resolver, tls=self._tls),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            timeout=self.timeout,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()
