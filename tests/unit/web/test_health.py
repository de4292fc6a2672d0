"""Alive, ready, measured."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import Counter

from recordbridge.errors import PbxUnavailableError
from recordbridge.web import health

from .conftest import Client, World


async def fine() -> str:
    return ""


async def unconnected() -> str:
    return "not connected"


async def broken() -> str:
    raise PbxUnavailableError("connection refused")


async def stuck() -> str:
    await asyncio.Event().wait()
    return ""


@pytest.mark.rule("O-2")
async def test_alive_does_not_depend_on_the_checks(client: Client, world: World) -> None:
    world.checks["asterisk:pbx"] = unconnected
    reply = await client.get("/healthz")
    assert (reply.status, await reply.json()) == (200, {"status": "ok"})


@pytest.mark.rule("O-2")
async def test_ready_when_all_checks_pass(client: Client, world: World) -> None:
    world.checks |= {"database": fine, "asterisk:pbx": fine}
    reply = await client.get("/readyz")
    assert reply.status == 200
    assert await reply.json() == {
        "status": "ready",
        "checks": {"database": "ok", "asterisk:pbx": "ok"},
    }


@pytest.mark.rule("O-2")
async def test_not_ready_says_what_is_wrong(
    client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "CHECK_TIMEOUT_S", 0.01)
    world.checks |= {"database": fine, "a": unconnected, "b": broken, "c": stuck}
    reply = await client.get("/readyz")
    assert reply.status == 503
    assert await reply.json() == {
        "status": "unready",
        "checks": {
            "database": "ok",
            "a": "not connected",
            "b": "connection refused",
            "c": "no answer within 0.01 s",
        },
    }


@pytest.mark.rule("O-2")
async def test_metrics_come_from_the_registry_given(client: Client, world: World) -> None:
    Counter("recordbridge_calls", "Calls.", registry=world.registry).inc(3)
    reply = await client.get("/metrics")
    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("text/plain")
    assert "recordbridge_calls_total 3.0" in await reply.text()


async def test_a_scraper_may_ask_for_openmetrics(client: Client, world: World) -> None:
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    reply = await client.get("/metrics", headers=accept)
    assert reply.headers["Content-Type"].startswith("application/openmetrics-text")
    assert (await reply.text()).endswith("# EOF\n")
