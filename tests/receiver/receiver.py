"""The receiver: an application as a customer would write it, listening on 127.0.0.1.

    async with Receiver() as app:
        app.script("/answer", Reply(body="<Response/>"))
        ...
        request = await app.next("/answer")
        assert request.params["CallUUID"] and request.signed_with("token")

Every request is recorded before it is answered; a path without a script is answered 200.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl

from aiohttp import web

from tests.receiver.replies import Answer, Reply


@dataclass(frozen=True)
class Received:
    """One request as it arrived; `at` is the epoch in milliseconds, `url` what was asked for."""

    method: str
    path: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    at: int

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.url.partition("?")[2], keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode("ascii"), keep_blank_values=True))

    @property
    def params(self) -> dict[str, str]:
        """The parameters of the call: the form of a POST, the query of a GET."""
        return self.query if self.method == "GET" else self.form

    def signed_with(self, token: str) -> bool:
        """Whether the official SDK accepts the V3, Ma-V3, V2 and Ma-V2 signatures."""
        return self.v3_accepts(token) and self.v2_accepts(token)

    def v3_accepts(self, token: str) -> bool:
        """V3 alone, which may carry signatures for several tokens."""
        from plivo.utils import validate_v3_signature

        form, nonce = self._signed_form(), self.headers["X-Plivo-Signature-V3-Nonce"]
        return all(
            validate_v3_signature(self.method, self.url, nonce, token, self.headers[name], form())
            for name in ("X-Plivo-Signature-V3", "X-Plivo-Signature-Ma-V3")
        )

    def v2_accepts(self, token: str) -> bool:
        """V2 alone, which is made with the newest token."""
        from plivo.utils import validate_signature

        nonce = self.headers["X-Plivo-Signature-V2-Nonce"]
        return all(
            validate_signature(self.url, nonce, self.headers[name], token)
            for name in ("X-Plivo-Signature-V2", "X-Plivo-Signature-Ma-V2")
        )

    def _signed_form(self) -> Callable[[], dict[str, str]]:
        """The SDK writes into the mapping it is given, so it gets a fresh one each time."""
        return dict if self.method == "GET" else lambda: dict(self.form)


class Receiver:
    """Listens while it is entered as a context; `host` and `port` may be chosen."""

    def __init__(
        self, *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
    ) -> None:
        self.requests: list[Received] = []
        self._host = host
        self._port = port
        self._tls = tls
        self._scripts: dict[str, deque[Answer]] = {}
        self._waiting: defaultdict[str, asyncio.Queue[Received]] = defaultdict(asyncio.Queue)
        self._listeners: list[Callable[[Received], None]] = []
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=0.2
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port, ssl_context=self._tls)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def port(self) -> int:
        return self._port

    def url(self, path: str, host: str | None = None) -> str:
        """The URL of a path here, under another name of this host if one is given."""
        return f"{'https' if self._tls else 'http'}://{host or self._host}:{self._port}{path}"

    def script(self, path: str, *answers: Answer) -> None:
        """The answers to the next requests for the path, in order; the last one stays."""
        self._scripts[path] = deque(answers)

    def listen(self, listener: Callable[[Received], None]) -> None:
        """Call `listener` with every request as it arrives."""
        self._listeners.append(listener)

    def to(self, path: str) -> list[Received]:
        """The requests for a path so far."""
        return [request for request in self.requests if request.path == path]

    async def next(self, path: str, timeout: float = 10.0) -> Received:
        """The next request for the path that nobody waited for yet. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            return await self._waiting[path].get()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        received = Received(
            method=request.method,
            path=request.path,
            url=f"{request.scheme}://{request.host}{request.raw_path}",
            headers=request.headers,
            body=await request.read(),
            at=time.time_ns() // 1_000_000,
        )
        self.requests.append(received)
        self._waiting[received.path].put_nowait(received)
        for listener in self._listeners:
            listener(received)
        return await self._answer(received.path).give(request)

    def _answer(self, path: str) -> Answer:
        script = self._scripts.get(path)
        if not script:
            return Reply()
        return script[0] if len(script) == 1 else script.popleft()
