"""Files over real HTTP: access first, then existence, then the bytes."""

from __future__ import annotations

import hashlib
from base64 import b64encode

import msgspec
import pytest
from aiohttp import ClientResponse
from yarl import URL

from recordbridge.ports.rows import RecordingRow

from .conftest import NOW, Client, World

ID = "0e4b0a51-55c4-4c1e-9c5b-9df4ac53c0aa"
AUDIO = bytes(range(256)) * 40
DIGEST = hashlib.sha256(AUDIO).hexdigest()
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
    size=len(AUDIO),
    digest=DIGEST,
)


@pytest.fixture
def world(world: World) -> World:
    """With one finished recording."""
    world.rows[ID] = ROW
    (world.folder / f"{ID}.mp3").write_bytes(AUDIO)
    return world


async def fetch(
    client: Client,
    world: World,
    *,
    method: str = "GET",
    account: str = "MA1",
    recording_id: str = ID,
    ext: str = "mp3",
    headers: dict[str, str] | None = None,
) -> ClientResponse:
    url = world.urls.record_url(account, recording_id, ext, NOW)
    return await client.request(method, URL(url, encoded=True), headers=headers)


@pytest.mark.rule("E-4")
async def test_the_whole_file(client: Client, world: World) -> None:
    reply = await fetch(client, world)
    assert reply.status == 200
    assert await reply.read() == AUDIO
    headers = reply.headers
    assert headers["Content-Type"] == "audio/mpeg"
    assert headers["Content-Length"] == str(len(AUDIO))
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["ETag"] == f'"{DIGEST}"'
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "private, no-store"
    assert headers["Content-Disposition"] == f'inline; filename="{ID}.mp3"'
    assert "Content-Range" not in headers


@pytest.mark.rule("E-4")
async def test_head_tells_the_same_without_the_bytes(client: Client, world: World) -> None:
    whole, head = await fetch(client, world), await fetch(client, world, method="HEAD")
    assert head.status == 200
    assert await head.read() == b""
    ignore = {"Date"}
    assert {k: v for k, v in head.headers.items() if k not in ignore} == {
        k: v for k, v in whole.headers.items() if k not in ignore
    }


@pytest.mark.rule("E-4")
async def test_a_wav_is_a_wav(client: Client, world: World) -> None:
    world.rows[ID] = msgspec.structs.replace(ROW, file_format="wav")
    (world.folder / f"{ID}.wav").write_bytes(AUDIO)
    reply = await fetch(client, world, ext="wav")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "audio/wav")


@pytest.mark.rule("E-4")
@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=100-199", 100, 199),
        ("bytes=10000-", 10000, 10239),
        ("bytes=-40", 10200, 10239),
        ("bytes=0-99999", 0, 10239),
    ],
)
async def test_a_part_of_the_file(
    client: Client, world: World, wanted: str, first: int, last: int
) -> None:
    reply = await fetch(client, world, headers={"Range": wanted})
    assert reply.status == 206
    assert await reply.read() == AUDIO[first : last + 1]
    assert reply.headers["Content-Range"] == f"bytes {first}-{last}/10240"
    assert reply.headers["Content-Length"] == str(last - first + 1)
    assert reply.headers["ETag"] == f'"{DIGEST}"'


@pytest.mark.rule("E-4")
async def test_a_range_beyond_the_end(client: Client, world: World) -> None:
    reply = await fetch(client, world, headers={"Range": "bytes=10240-"})
    assert reply.status == 416
    assert reply.headers["Content-Range"] == "bytes */10240"
    assert (await reply.json())["error"] == "the file has 10240 bytes"


@pytest.mark.rule("E-4")
@pytest.mark.parametrize(
    ("headers", "status", "length"),
    [
        ({"Range": "bytes=0-9", "If-Range": f'"{DIGEST}"'}, 206, 10),
        ({"Range": "bytes=0-9", "If-Range": '"other"'}, 200, 10240),
        ({"Range": "bytes=0-9,20-29"}, 200, 10240),
        ({"Range": "lines=0-9"}, 200, 10240),
        ({"If-None-Match": f'"{DIGEST}"'}, 304, 0),
        ({"If-None-Match": '"other"'}, 200, 10240),
        ({"If-Match": f'"{DIGEST}"'}, 200, 10240),
    ],
)
async def test_conditions(
    client: Client, world: World, headers: dict[str, str], status: int, length: int
) -> None:
    reply = await fetch(client, world, headers=headers)
    assert reply.status == status
    assert len(await reply.read()) == length
    assert reply.headers["ETag"] == f'"{DIGEST}"'


@pytest.mark.rule("E-4")
async def test_if_match_with_another_etag(client: Client, world: World) -> None:
    reply = await fetch(client, world, headers={"If-Match": '"other"'})
    assert reply.status == 412


async def test_the_connection_is_good_for_the_next_request(client: Client, world: World) -> None:
    for headers in ({"Range": "bytes=5-9"}, {"If-None-Match": "*"}, {"Range": "bytes=99999-"}, {}):
        reply = await fetch(client, world, headers=headers)
        await reply.read()
    assert reply.status == 200


async def test_a_file_of_several_chunks(client: Client, world: World) -> None:
    big = AUDIO * 80
    (world.folder / f"{ID}.mp3").write_bytes(big)
    assert await (await fetch(client, world)).read() == big
    reply = await fetch(client, world, headers={"Range": "bytes=100000-700000"})
    assert await reply.read() == big[100_000:700_001]


@pytest.mark.rule("E-4")
async def test_an_unsigned_address_is_403_before_anything_is_looked_up(
    client: Client, world: World
) -> None:
    for recording_id in (ID, ID.replace("0e", "1e")):
        reply = await client.get(f"/v1/Account/MA1/Recording/{recording_id}.mp3")
        assert reply.status == 403
        assert set(await reply.json()) == {"api_id", "error"}
    assert world.asked == []


@pytest.mark.rule("E-4")
async def test_an_expired_or_changed_address_is_403(client: Client, world: World) -> None:
    url = world.urls.record_url("MA1", ID, "mp3", NOW)
    assert (await client.get(URL(url[:-1], encoded=True))).status == 403
    assert (await client.get(URL(url + "&x=1", encoded=True))).status == 403
    assert (await client.get(URL(url.replace("MA1", "MA2"), encoded=True))).status == 403
    world.now = NOW + 31 * 86_400_000
    assert (await client.get(URL(url, encoded=True))).status == 403
    assert world.asked == []


@pytest.mark.rule("E-4")
async def test_an_unknown_recording_is_404(client: Client, world: World) -> None:
    reply = await fetch(client, world, recording_id=ID.replace("0e", "1e"))
    assert reply.status == 404
    assert "Retry-After" not in reply.headers


@pytest.mark.rule("E-6")
async def test_another_accounts_recording_is_404(client: Client, world: World) -> None:
    assert (await fetch(client, world, account="MA2")).status == 404


async def test_the_other_format_is_404(client: Client, world: World) -> None:
    assert (await fetch(client, world, ext="wav")).status == 404


@pytest.mark.rule("E-4")
@pytest.mark.parametrize("status", ["recording", "processing"])
async def test_not_ready_is_404_with_retry_after(client: Client, world: World, status: str) -> None:
    """Even when a file is there already: only the row says that it is whole."""
    row = {"status": status, "digest": "", "size": None}
    world.rows[ID] = msgspec.structs.replace(ROW, **row)
    reply = await fetch(client, world)
    assert reply.status == 404
    assert int(reply.headers["Retry-After"]) > 0


@pytest.mark.rule("E-4")
async def test_a_deleted_file_is_410(client: Client, world: World) -> None:
    (world.folder / f"{ID}.mp3").unlink()
    assert (await fetch(client, world)).status == 410


@pytest.mark.rule("Q-2")
async def test_what_could_be_saved_of_a_failed_recording_is_served(
    client: Client, world: World
) -> None:
    world.rows[ID] = msgspec.structs.replace(ROW, status="failed")
    assert (await fetch(client, world)).status == 200
    world.rows[ID] = msgspec.structs.replace(ROW, status="failed", digest="", size=None)
    assert (await fetch(client, world)).status == 404


async def test_names_of_other_shapes_do_not_exist(client: Client, world: World) -> None:
    for name in ("..%2F..%2Fetc%2Fpasswd.mp3", f"{ID}.ogg", f"{ID.upper()}.mp3", "x.mp3"):
        reply = await client.get(URL(f"/v1/Account/MA1/Recording/{name}", encoded=True))
        assert reply.status == 404
    assert world.asked == []


async def test_other_methods_are_405(client: Client, world: World) -> None:
    reply = await fetch(client, world, method="POST")
    assert reply.status == 405
    assert reply.headers["Allow"] == "GET,HEAD"


@pytest.mark.rule("N-5")
async def test_a_database_that_is_away_is_503(client: Client, world: World) -> None:
    world.broken = "the database is away"
    reply = await fetch(client, world)
    assert reply.status == 503
    assert (await reply.json())["error"] == "the database is away"


def basic(login: str, token: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{login}:{token}".encode()).decode()}


class TestBasic:
    """`access: basic`."""

    @pytest.fixture
    def world(self, world: World) -> World:
        world.access = "basic"
        return world

    @pytest.mark.rule("E-4")
    @pytest.mark.rule("H-2")
    @pytest.mark.parametrize("token", ["secret", "older"])
    async def test_any_of_the_accounts_tokens_opens(
        self, client: Client, world: World, token: str
    ) -> None:
        assert (await fetch(client, world, headers=basic("MA1", token))).status == 200

    @pytest.mark.rule("E-6")
    @pytest.mark.parametrize(
        "headers",
        [
            {},
            basic("MA1", "wrong"),
            basic("MA1", ""),
            basic("MA1", "other"),
            basic("MA2", "other"),
            basic("nobody", ""),
            basic("nobody", "secret"),
            basic("", ""),
            {"Authorization": "Basic !!!"},
            {"Authorization": "Basic"},
            {"Authorization": "Bearer secret"},
            {"Authorization": "Basic " + b64encode(b"\xff\xfe:\xff").decode()},
        ],
    )
    async def test_nothing_else_does(
        self, client: Client, world: World, headers: dict[str, str]
    ) -> None:
        reply = await fetch(client, world, headers=headers)
        assert reply.status == 401
        assert reply.headers["WWW-Authenticate"].startswith("Basic ")
        assert world.asked == []


class TestPublic:
    """`access: public`."""

    @pytest.fixture
    def world(self, world: World) -> World:
        world.access = "public"
        return world

    @pytest.mark.rule("E-4")
    async def test_the_id_is_enough(self, client: Client, world: World) -> None:
        assert (await fetch(client, world)).status == 200
        assert (await fetch(client, world, account="MA2")).status == 404


@pytest.mark.rule("E-4")
async def test_no_character_of_the_address_can_be_changed(client: Client, world: World) -> None:
    """Over HTTP, at every place: 403, or 404 where it is no address of a file any more."""
    url = world.urls.record_url("MA1", ID, "mp3", NOW)
    for at in range(1, len(url)):
        for other in "0Z":
            changed = url[:at] + other + url[at + 1 :]
            if changed != url:
                reply = await client.get(URL(changed, encoded=True))
                assert reply.status in (403, 404), changed
    assert (await client.get(URL(url, encoded=True))).status == 200
