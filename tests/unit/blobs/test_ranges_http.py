"""Ranges, conditions and refusals over real HTTP, from a folder and from a real S3 server (E-4).

RFC 9110, sections 13 and 14. The same is asked of both; each case says which bytes come back, so
that a range that is off by one in either is noticed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry
from yarl import URL

from recordbridge.ports.audio import Blobs
from recordbridge.ports.rows import RecordingRow
from recordbridge.web import RecordUrls, application

pytestmark = pytest.mark.rule("E-4")

ID = "0e4b0a51-55c4-4c1e-9c5b-9df4ac53c0aa"
NOW = 1_790_000_000_000
DAY = 86_400_000
AUDIO = bytes(range(256)) * 2400
SIZE = len(AUDIO)
DIGEST = hashlib.sha256(AUDIO).hexdigest()
TAG = f'"{DIGEST}"'
ROW = RecordingRow(
    recording_id=ID,
    call_uuid="c",
    account="MA1",
    application="a",
    mode="plain",
    status="ready",
    file_format="mp3",
    channels=1,
    caller="1",
    dialled="2",
    added_at=NOW,
    size=SIZE,
    digest=DIGEST,
)
HUGE = "9" * 300
Client = TestClient[web.Request, web.Application]


class Place:
    """The doors on that backend, with one recording."""

    def __init__(self, blobs: Blobs) -> None:
        self.blobs = blobs
        self.row = ROW
        self.urls = RecordUrls("", ["k"], 30)
        self.now = NOW

    async def recording(self, recording_id: str) -> RecordingRow | None:
        return self.row if recording_id == ID else None

    def url(self, recording_id: str = ID, ext: str = "mp3") -> URL:
        return URL(self.urls.record_url("MA1", recording_id, ext, NOW), encoded=True)


@pytest.fixture
async def place(blobs: Blobs, tmp_path: Path) -> Place:
    """With the file where the backend keeps it in the end."""
    path = tmp_path / "finished"
    path.write_bytes(AUDIO)
    await blobs.put(f"{ID}.mp3", path)
    return Place(blobs)


@pytest.fixture
async def client(place: Place) -> AsyncIterator[Client]:
    app = application(
        rows=place,
        files=place.blobs,
        urls=place.urls,
        accounts={"MA1": ("secret",)},
        clock=lambda: place.now,
        checks={},
        registry=CollectorRegistry(),
    )
    async with TestClient(TestServer(app)) as client:
        yield client


def part(first: int, last: int) -> tuple[int, bytes, str]:
    return 206, AUDIO[first : last + 1], f"bytes {first}-{last}/{SIZE}"


WHOLE = (200, AUDIO, "")
NONE = (416, b"", f"bytes */{SIZE}")
CASES = {
    # one range
    "bytes=0-0": part(0, 0),
    "bytes=0-499": part(0, 499),
    "bytes=500-999": part(500, 999),
    f"bytes={SIZE - 1}-{SIZE - 1}": part(SIZE - 1, SIZE - 1),
    f"bytes=0-{SIZE - 1}": part(0, SIZE - 1),
    f"bytes=0-{SIZE}": part(0, SIZE - 1),
    "bytes=262143-262144": part(262_143, 262_144),
    "bytes=262144-524287": part(262_144, 524_287),
    "bytes=1-524288": part(1, 524_288),
    f"bytes=10-{HUGE}": part(10, SIZE - 1),
    "bytes=0000-0009": part(0, 9),
    # without an end, and from the end
    "bytes=0-": part(0, SIZE - 1),
    "bytes=1000-": part(1000, SIZE - 1),
    f"bytes={SIZE - 1}-": part(SIZE - 1, SIZE - 1),
    "bytes=-1": part(SIZE - 1, SIZE - 1),
    "bytes=-500": part(SIZE - 500, SIZE - 1),
    f"bytes=-{SIZE}": part(0, SIZE - 1),
    f"bytes=-{SIZE + 1}": part(0, SIZE - 1),
    f"bytes=-{HUGE}": part(0, SIZE - 1),
    # spelling
    "BYTES=1-2": part(1, 2),
    "bytes= 1-2": part(1, 2),
    # beyond the end
    f"bytes={SIZE}-": NONE,
    f"bytes={SIZE}-{SIZE + 10}": NONE,
    f"bytes={HUGE}-": NONE,
    "bytes=-0": NONE,
    # no range: as if there were none
    "bytes=5-4": WHOLE,
    "bytes=": WHOLE,
    "bytes=-": WHOLE,
    "bytes": WHOLE,
    "bytes=a-b": WHOLE,
    "bytes=--1": WHOLE,
    "bytes=1.5-2": WHOLE,
    "seconds=0-10": WHOLE,
    # several at once: the whole file
    "bytes=0-0,5-9": WHOLE,
    "bytes=0-0, -1": WHOLE,
    f"bytes=0-1,{SIZE}-": WHOLE,
}


CONDITIONS = {"Range": f"bytes={SIZE}-", "If-Match": '"other"'}


def test_there_are_enough() -> None:
    assert len(CASES) >= 30


@pytest.mark.parametrize("wanted", CASES)
async def test_a_range(client: Client, place: Place, wanted: str) -> None:
    status, body, content_range = CASES[wanted]
    reply = await client.get(place.url(), headers={"Range": wanted})
    assert (reply.status, reply.headers.get("Content-Range", "")) == (status, content_range)
    if status == 416:
        assert set(json.loads(await reply.read())) == {"api_id", "error"}
        return
    assert await reply.read() == body
    assert reply.headers["Content-Length"] == str(len(body))
    assert reply.headers["ETag"] == TAG
    assert reply.headers["Accept-Ranges"] == "bytes"
    assert reply.headers["Content-Type"] == "audio/mpeg"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-Range": TAG}, 206),
        ({"If-Range": '"other"'}, 200),
        ({"If-Range": f"W/{TAG}"}, 200),
        ({"If-Range": "Sat, 29 Oct 1994 19:43:31 GMT"}, 200),
        ({"If-Match": TAG}, 206),
        ({"If-Match": "*"}, 206),
        ({"If-Match": f'"other", {TAG}'}, 206),
        ({"If-Match": '"other"'}, 412),
        ({"If-Match": f"W/{TAG}"}, 412),
        ({"If-None-Match": TAG}, 304),
        ({"If-None-Match": f"W/{TAG}"}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"other"'}, 206),
        ({"If-Match": '"other"', "If-None-Match": TAG}, 412),
        ({"If-Modified-Since": "Sat, 29 Oct 2044 19:43:31 GMT"}, 206),
        ({"If-Unmodified-Since": "Sat, 29 Oct 1994 19:43:31 GMT"}, 206),
    ],
)
async def test_a_condition_beside_a_range(
    client: Client, place: Place, headers: dict[str, str], status: int
) -> None:
    reply = await client.get(place.url(), headers={"Range": "bytes=10-19", **headers})
    body = await reply.read()
    assert reply.status == status
    assert body == {206: AUDIO[10:20], 200: AUDIO, 304: b""}.get(status, body)
    if status == 304:
        assert reply.headers["ETag"] == TAG


@pytest.mark.parametrize("wanted", ["", "bytes=0-9", f"bytes={SIZE}-", "bytes=-5"])
async def test_head_knows_no_ranges(client: Client, place: Place, wanted: str) -> None:
    reply = await client.head(place.url(), headers={"Range": wanted} if wanted else {})
    assert (reply.status, reply.headers["Content-Length"]) == (200, str(SIZE))
    assert "Content-Range" not in reply.headers
    assert await reply.read() == b""


async def test_parts_put_together_are_the_file(client: Client, place: Place) -> None:
    step, found = 100_003, b""
    for at in range(0, SIZE, step):
        reply = await client.get(
            place.url(), headers={"Range": f"bytes={at}-{at + step - 1}", "If-Range": TAG}
        )
        assert reply.status == 206
        found += await reply.read()
    assert found == AUDIO


async def test_a_reader_that_leaves_in_the_middle_harms_nobody(
    client: Client, place: Place
) -> None:
    for _ in range(3):
        reply = await client.get(place.url())
        await reply.content.readexactly(1000)
        reply.close()
    assert await (await client.get(place.url())).read() == AUDIO


class TestTheOrder:
    """Who may not know is told nothing: 403 before 404 and 410, those before conditions."""

    async def status(self, client: Client, url: URL, method: str = "GET") -> int:
        async with client.request(method, url, headers=CONDITIONS) as reply:
            return reply.status

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    async def test_without_a_signature(self, client: Client, place: Place, method: str) -> None:
        """Whatever there is: ready, not ready, deleted, never there, another account's."""
        bare = URL(str(place.url()).partition("?")[0])
        for row in (
            ROW,
            msgspec.structs.replace(ROW, status="processing"),
            msgspec.structs.replace(ROW, deleted_at=NOW),
            msgspec.structs.replace(ROW, account="MA2"),
        ):
            place.row = row
            assert await self.status(client, bare, method) == 403
            assert await self.status(client, bare.with_query("exp=0&sig=x"), method) == 403
        there = bare.path.replace("0e4b", "0e4c")
        assert await self.status(client, URL(there), method) == 403

    async def test_expired_is_403_whatever_there_is(self, client: Client, place: Place) -> None:
        place.now = NOW + 30 * DAY + 1000
        for row in (ROW, msgspec.structs.replace(ROW, deleted_at=NOW)):
            place.row = row
            assert await self.status(client, place.url()) == 403

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    async def test_with_one(self, client: Client, place: Place, method: str) -> None:
        assert await self.status(client, place.url(), method) == 412
        other = ID.replace("0e4b", "0e4c")
        assert await self.status(client, place.url(recording_id=other), method) == 404
        assert await self.status(client, place.url(ext="wav"), method) == 404
        place.row = msgspec.structs.replace(ROW, account="MA2")
        assert await self.status(client, place.url(), method) == 404
        place.row = msgspec.structs.replace(ROW, status="processing")
        async with client.request(method, place.url()) as reply:
            assert (reply.status, reply.headers["Retry-After"]) == (404, "2")
        place.row = msgspec.structs.replace(ROW, status="failed", digest=None)
        assert await self.status(client, place.url(), method) == 404
        place.row = msgspec.structs.replace(ROW, deleted_at=NOW)
        assert await self.status(client, place.url(), method) == 410

    async def test_a_file_that_is_gone_is_410_not_500(self, client: Client, place: Place) -> None:
        await place.blobs.delete(f"{ID}.mp3")
        async with client.get(place.url()) as reply:
            assert reply.status == 410

    async def test_deleted_while_it_is_read_is_never_a_whole_body(
        self, client: Client, place: Place
    ) -> None:
        """It is read to its end, or breaks off; what came is the file's beginning."""
        reply = await client.get(place.url())
        await place.blobs.delete(f"{ID}.mp3")
        try:
            found = await reply.read()
        except aiohttp.ClientPayloadError:
            found = b""
        assert found in (b"", AUDIO)
