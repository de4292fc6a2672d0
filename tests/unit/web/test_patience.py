"""What a body may cost that somebody sends to the API: its size is counted when unpacked (E-6)."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from recordbridge.web.api.fields import Field, of_body

from .conftest import Client, World

pytestmark = pytest.mark.rule("E-6")

FIELD = Field("a", str, {}, "")


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    async def taken(request: web.Request) -> web.Response:
        return web.json_response(await of_body(request, [FIELD]))

    app = world.application()
    app.router.add_post("/taken", taken)
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)]
)
async def test_a_bomb_is_413_and_is_not_unpacked(
    client: Client, encoding: str, pack: object
) -> None:
    assert callable(pack)
    body = pack(bytes(50_000_000))
    headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
    tracemalloc.start()
    reply = await client.post("/taken", data=body, headers=headers)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert reply.status == 413
    assert set(await reply.json()) == {"api_id", "error"}
    assert peak < 10_000_000


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)]
)
async def test_a_packed_body_is_read(client: Client, encoding: str, pack: object) -> None:
    assert callable(pack)
    headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
    reply = await client.post("/taken", data=pack(json.dumps({"a": 1}).encode()), headers=headers)
    assert (reply.status, await reply.json()) == (200, {"a": "1"})


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_body_that_is_not_packed_as_it_says_is_400(client: Client, encoding: str) -> None:
    headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
    reply = await client.post("/taken", data=b"no such thing", headers=headers)
    assert reply.status == 400


async def test_what_is_nested_deeper_than_anything_is_400(client: Client) -> None:
    for body in (b'{"a":' * 20_000, b"[" * 90_000, b'{"a":' + b"[" * 40_000 + b"]" * 40_000 + b"}"):
        reply = await client.post("/taken", data=body, headers={"Content-Type": "application/json"})
        assert reply.status == 400
