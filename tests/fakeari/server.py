"""The fake's HTTP side: Basic auth, REST, the event websocket, REST on that websocket."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

import aiohttp
from aiohttp import web

if TYPE_CHECKING:
    from tests.fakeari.fake import FakeAsterisk

_REASONS = {200: "OK", 201: "Created", 204: "No Content", 404: "Not Found", 409: "Conflict"}


def _body(asked: dict[str, str]) -> object:
    return json.loads(asked["message_body"]) if "message_body" in asked else None


class EventsTo:
    """One application's event socket."""

    def __init__(self, app: str, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.app = app
        self.socket = socket
        self._request = request
        self._outbox: asyncio.Queue[str] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write())

    def send(self, message: dict[str, object]) -> None:
        self._outbox.put_nowait(json.dumps(message))

    def send_text(self, message: str) -> None:
        """Anything at all, also what is not JSON."""
        self._outbox.put_nowait(message)

    async def end(self, *, clean: bool) -> None:
        """Close with a handshake, or break the connection."""
        if clean:
            await self.socket.close()
        elif self._request.transport is not None:
            self._request.transport.abort()
        self.stop()

    def stop(self) -> None:
        self._writer.cancel()

    async def _write(self) -> None:
        while not self.socket.closed:
            message = await self._outbox.get()
            try:
                await self.socket.send_str(message)
            except ConnectionError:
                return


class Server:
    """Listens on a free port, which it keeps over a restart."""

    def __init__(self, pbx: FakeAsterisk) -> None:
        self._pbx = pbx
        self._port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/ari/events", self._events)
        app.router.add_route("*", "/ari/{path:.*}", self._rest)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        for socket in list(self._pbx.sockets.values()):
            await socket.end(clean=False)
        self._pbx.sockets.clear()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _refused(self, request: web.Request) -> web.Response | None:
        expected = aiohttp.encode_basic_auth(self._pbx.username, self._pbx.password)
        if request.headers.get("Authorization") == expected:
            return None
        return web.json_response({"message": "Authentication required"}, status=401)

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        refused = self._refused(request)
        if refused is not None:
            return refused
        path = request.raw_path.removeprefix("/ari/").partition("?")[0]
        body = await request.json() if request.can_read_body else None
        status, answer = await self._pbx.request(
            request.method, unquote(path), dict(request.query), body
        )
        if self._pbx.faults.loses(f"{request.method} {path}"):
            assert request.transport is not None
            request.transport.abort()
        if isinstance(answer, Path):
            return web.FileResponse(answer, headers={"Content-Type": "audio/wav"})
        if answer is None:
            return web.Response(status=status)
        return web.json_response(answer, status=status)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        refused = self._refused(request)
        if refused is not None:
            return refused
        app = request.query["app"]
        if len(app) > 72:
            return web.json_response({"message": "Invalid application"}, status=400)
        socket = web.WebSocketResponse(protocols=("ari",), compress=False)
        await socket.prepare(request)
        mine = EventsTo(app, socket, request)
        before = self._pbx.sockets.get(app)
        self._pbx.sockets[app] = mine
        if before is not None:
            before.send({"type": "ApplicationReplaced", "application": app, "timestamp": ""})
        try:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT and self._pbx.rest_on_socket:
                    await self._on_socket(mine, json.loads(message.data))
        finally:
            mine.stop()
            if self._pbx.sockets.get(app) is mine:
                del self._pbx.sockets[app]
                self._pbx.allowed = set()
        return socket

    async def _on_socket(self, socket: EventsTo, asked: dict[str, str]) -> None:
        """One after the other: a request that waits holds up all behind it."""
        path, _, query = asked["uri"].partition("?")
        method = asked["method"]
        status, answer = await self._pbx.request(
            method, unquote(path), dict(parse_qsl(query, keep_blank_values=True)), _body(asked)
        )
        if self._pbx.faults.loses(f"{method} {path}"):
            await socket.end(clean=False)
            return
        if self._pbx.allowed and "RESTResponse" not in self._pbx.allowed:
            return
        response: dict[str, object] = {
            "type": "RESTResponse",
            "transaction_id": asked.get("transaction_id", ""),
            "request_id": "",
            "status_code": status,
            "reason_phrase": _REASONS.get(status, "Error"),
            "uri": path,
        }
        if answer is not None:
            response |= {"content_type": "application/json", "message_body": json.dumps(answer)}
        socket.send(response | {"timestamp": self._pbx.stamp(), "application": socket.app})
