"""ARI's answers that we rely on, one by one: what the fake must not get wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from recordbridge.ari.rest import RestClient, refusal_text
from recordbridge.machine import facts, intents
from tests.contract.conftest import Exchange
from tests.contract.driver import Driver


@pytest.fixture
async def rest(exchange: Exchange) -> AsyncIterator[RestClient]:
    async with RestClient(exchange.url, "recordbridge", exchange.password) as rest:
        yield rest


@pytest.fixture
async def snoop(exchange: Exchange, driver: Driver) -> str:
    """A call that is snooped on, in Stasis."""
    await exchange.calls.call("100", talk_s=9)
    driver.channel_id = (await driver.expect(facts.CallEntered)).channel_id
    driver.perform(intents.Answer(driver.channel_id))
    driver.perform(intents.BeginSnoop(driver.channel_id, driver.id("snoop"), "in"))
    await driver.expect(facts.SnoopEntered)
    return driver.id("snoop")


def recording(snoop: str, name: str, **changes: object) -> str:
    query = {"name": name, "format": "wav", "ifExists": "fail"}
    query |= {"maxSilenceSeconds": "0", "maxDurationSeconds": "0"}
    query |= {key: str(value) for key, value in changes.items()}
    return f"channels/{snoop}/record?" + "&".join(f"{k}={v}" for k, v in query.items())


async def state_of(rest: RestClient, name: str) -> str:
    answer = msgspec.json.decode(await rest.request("GET", f"recordings/live/{name}"))
    return str(answer["state"])


async def test_the_life_of_a_recording(rest: RestClient, driver: Driver, snoop: str) -> None:
    name = driver.id("rec")
    queued = await rest.exchange("POST", recording(snoop, name))
    assert queued.status == 201
    assert msgspec.json.decode(queued.body)["state"] in ("queued", "recording")
    await driver.expect(facts.CaptureBegan)
    assert await state_of(rest, name) == "recording"
    taken = await rest.exchange("POST", recording(snoop, name))
    assert (taken.status, "already exists" in refusal_text(taken.body)) == (409, True)
    stop = f"recordings/live/{name}/stop"
    assert (await rest.exchange("POST", stop)).status == 204
    assert (await rest.exchange("POST", stop)).status in (404, 409)
    await driver.expect(facts.CaptureEnded)
    await asyncio.sleep(0.05)
    assert (await rest.exchange("GET", f"recordings/live/{name}")).status == 404
    assert (await rest.exchange("POST", stop)).status == 404
    again = await rest.exchange("POST", recording(snoop, name))
    assert (again.status, "already exists" in refusal_text(again.body)) == (409, True)


@pytest.mark.parametrize(
    ("changes", "status"), [({"format": "mp3"}, 422), ({"maxSilenceSeconds": -1}, 400)]
)
async def test_recordings_that_are_refused(
    rest: RestClient, driver: Driver, snoop: str, changes: dict[str, object], status: int
) -> None:
    reply = await rest.exchange("POST", recording(snoop, driver.id("rec"), **changes))
    assert reply.status == status


async def test_a_taken_snoop_id_is_a_server_error(
    rest: RestClient, driver: Driver, snoop: str
) -> None:
    again = f"channels/{driver.channel_id}/snoop/{snoop}?spy=in&app=recordbridge"
    assert (await rest.exchange("POST", again)).status == 500


@pytest.mark.parametrize(
    ("method", "uri", "status"),
    [
        ("GET", "channels/none", 404),
        ("DELETE", "channels/none", 404),
        ("POST", "channels/none/answer", 404),
        ("POST", "channels/none/snoop/s?spy=in&app=recordbridge", 404),
        ("DELETE", "playbacks/none", 404),
        ("GET", "recordings/stored/none", 404),
        ("GET", "recordings/stored/none/file", 404),
        ("DELETE", "recordings/stored/none", 404),
        ("GET", "nothing/here", 404),
        ("GET", "applications/nobody", 404),
        ("GET", "asterisk/ping", 200),
    ],
)
async def test_statuses(rest: RestClient, method: str, uri: str, status: int) -> None:
    assert (await rest.exchange(method, uri)).status == status
