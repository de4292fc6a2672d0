"""Every refusal is JSON with an api_id and a sentence."""

from __future__ import annotations

import uuid

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from structlog.contextvars import get_contextvars
from structlog.testing import capture_logs

from recordbridge.errors import MediaError, RecordbridgeError, StorageError
from recordbridge.web.errors import json_errors
from recordbridge.web.keys import API_ID

from .conftest import Client


@pytest.mark.rule("E-3")
async def test_an_unknown_address(client: Client) -> None:
    reply = await client.get("/nowhere")
    assert reply.status == 404
    body = await reply.json()
    assert uuid.UUID(body["api_id"])
    assert body["error"] == "404: Not Found"


async def test_each_request_has_its_own_api_id(client: Client) -> None:
    ids = {(await (await client.get("/nowhere")).json())["api_id"] for _ in range(3)}
    assert len(ids) == 3


@pytest.mark.parametrize(
    ("error", "status"), [(MediaError("no audio"), 500), (StorageError("disk away"), 503)]
)
async def test_an_error_of_ours_is_answered_and_logged_with_its_api_id(
    error: RecordbridgeError, status: int
) -> None:
    seen = []

    async def fail(request: web.Request) -> web.Response:
        seen.append(get_contextvars()["api_id"])
        assert request[API_ID] == seen[-1]
        raise error

    app = web.Application(middlewares=[json_errors])
    app.router.add_get("/", fail)
    with capture_logs() as logs:
        async with TestClient(TestServer(app)) as client:
            reply = await client.get("/")
            assert await reply.json() == {"api_id": seen[0], "error": str(error)}
    assert reply.status == status
    assert [(entry["event"], entry["reason"]) for entry in logs] == [("request_failed", str(error))]
    assert get_contextvars() == {}
