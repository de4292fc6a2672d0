"""Files that are elsewhere: a redirect to the store, and a store that fails (E-4, N-5)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import aiohttp
import pytest
from yarl import URL

from recordbridge.errors import StoreAwayError
from tests.unit.web.conftest import NOW, Client, World
from tests.unit.web.test_recordings import AUDIO, ID, ROW, fetch

pytestmark = pytest.mark.rule("E-4")


@dataclass
class Failing(World):
    """Files of a store that goes away after that many pieces."""

    pieces: list[bytes] = field(default_factory=list)

    async def open(self, name: str) -> Failing:
        return self

    @property
    def size(self) -> int:
        return len(AUDIO)

    async def read(self, start: int, length: int) -> AsyncGenerator[bytes]:
        for piece in self.pieces:
            yield piece
        raise StoreAwayError("the store cannot be reached")

    async def close(self) -> None: ...


@pytest.fixture
def world(world: World) -> World:
    world = Failing(world.folder)
    world.rows[ID] = ROW
    return world


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_redirect_leads_to_the_store(client: Client, world: World, method: str) -> None:
    """The URL is passed on as it is; its signature is for that method."""
    world.store = "https://store.example/a%2Fb/"
    url = world.urls.record_url("MA1", ID, "mp3", NOW)
    reply = await client.request(method, URL(url, encoded=True), allow_redirects=False)
    assert reply.status == 302
    assert reply.headers["Location"] == f"https://store.example/a%2Fb/{ID}.mp3?{method}"
    assert reply.headers["Cache-Control"] == "no-store"


async def test_nobody_without_access_is_sent_to_the_store(client: Client, world: World) -> None:
    world.store = "https://store.example/"
    reply = await client.get(f"/v1/Account/MA1/Recording/{ID}.mp3", allow_redirects=False)
    assert reply.status == 403


@pytest.mark.rule("N-5")
async def test_a_store_that_is_away_is_a_503(client: Client, world: World) -> None:
    reply = await fetch(client, world)
    assert reply.status == 503
    assert (await reply.json())["error"] == "the store cannot be reached"


@pytest.mark.rule("N-5")
async def test_a_body_that_breaks_off_does_not_look_whole(client: Client, world: World) -> None:
    assert isinstance(world, Failing)
    world.pieces = [AUDIO[:1000], AUDIO[1000:3000]]
    reply = await fetch(client, world)
    assert reply.status == 200
    with pytest.raises(aiohttp.ClientPayloadError):
        await reply.read()
