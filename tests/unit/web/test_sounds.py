"""`/media/{digest}.wav`, as Asterisk asks for it: GET, HEAD, and never again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from recordbridge.ports.sounds import MEDIA_PATH
from recordbridge.web.sounds import add_sounds

Client = TestClient[web.Request, web.Application]
DIGEST = "0123456789abcdef" * 4
URL = MEDIA_PATH.format(digest=DIGEST)


class Folder:
    """Knows one sound."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "a.wav"
        self._file.write_bytes(b"RIFF a sound")
        self.asked: list[str] = []

    def path(self, digest: str) -> Path | None:
        self.asked.append(digest)
        return self._file if digest == DIGEST else None


@pytest.fixture
def sounds(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
async def client(sounds: Folder) -> AsyncIterator[Client]:
    app = web.Application()
    add_sounds(app, sounds)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_the_sound_and_no_need_to_ask_again(client: Client) -> None:
    async with client.get(URL) as response:
        assert (response.status, await response.read()) == (200, b"RIFF a sound")
        assert response.headers["Content-Type"] == "audio/wav"
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        etag = response.headers["ETag"]
    async with client.head(URL) as response:
        assert (response.status, response.headers["ETag"]) == (200, etag)
    async with client.get(URL, headers={"If-None-Match": etag}) as response:
        assert response.status == 304


@pytest.mark.parametrize(
    "path",
    ["/media/" + "1" * 64 + ".wav", URL[:-1], URL.replace("0", "A"), "/media/../a.wav", "/media/"],
)
async def test_nothing_else(client: Client, path: str) -> None:
    async with client.get(path) as response:
        assert response.status == 404


async def test_a_missing_sound_is_not_remembered_as_missing(client: Client) -> None:
    async with client.get("/media/" + "1" * 64 + ".wav") as response:
        assert response.headers["Cache-Control"] == "no-store"
