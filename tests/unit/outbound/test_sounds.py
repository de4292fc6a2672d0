"""Audio of Play: guarded on every hop, bounded, tried once more, and never half a file."""

from __future__ import annotations

import gzip
import ipaddress
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from recordbridge.errors import MediaError, StorageError
from recordbridge.outbound.sounds import HttpSounds, Limits
from recordbridge.ports.sounds import Fetched, Validators
from tests.receiver import Endless, Hold, Raw, Receiver, Reply, Reset, Trickle, redirect

NOTHING = Validators()
QUICK = Limits(connect_s=2, read_s=0.2, total_s=5, most_bytes=1000)


def fetching(*allow: str, limits: Limits = QUICK) -> HttpSounds:
    networks = [ipaddress.ip_network(network) for network in allow]
    return HttpSounds(networks, version="1.2.3", limits=limits)


@pytest.fixture
async def sounds() -> AsyncIterator[HttpSounds]:
    async with fetching("127.0.0.0/8") as running:
        yield running


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "raw"


async def failure(sounds: HttpSounds, url: str, into: Path) -> str:
    with pytest.raises(MediaError) as caught:
        await sounds.fetch(url, into, NOTHING)
    return str(caught.value)


def test_the_limits_are_those_of_the_hosted_product() -> None:
    limits = Limits()
    assert (limits.connect_s, limits.read_s, limits.redirects) == (2, 120, 5)
    assert limits.most_bytes == 10 * 1024 * 1024


async def test_the_file_as_it_is(sounds: HttpSounds, receiver: Receiver, into: Path) -> None:
    headers = {"ETag": '"v1"', "Last-Modified": "yesterday", "Cache-Control": "max-age=60"}
    receiver.script("/a.mp3", Reply(body=b"\x00audio\xff", headers=headers))
    fetched = await sounds.fetch(receiver.url("/a.mp3?x=1&y=%20#rc=5"), into, NOTHING)
    assert into.read_bytes() == b"\x00audio\xff"
    assert fetched == Fetched(False, Validators('"v1"', "yesterday"), 60)
    (request,) = receiver.requests
    assert (request.method, request.url) == ("GET", receiver.url("/a.mp3?x=1&y=%20"))
    assert request.headers["User-Agent"] == "recordbridge/1.2.3"


@pytest.mark.parametrize(
    ("known", "header"),
    [
        (Validators('"v1"', "yesterday"), ("If-None-Match", '"v1"')),
        (Validators("", "yesterday"), ("If-Modified-Since", "yesterday")),
    ],
)
async def test_a_server_is_asked_whether_it_changed(
    sounds: HttpSounds, receiver: Receiver, into: Path, known: Validators, header: tuple[str, str]
) -> None:
    receiver.script("/a", Reply(status=304, headers={"Cache-Control": "max-age=90"}))
    assert await sounds.fetch(receiver.url("/a"), into, known) == Fetched(True, known, 90)
    assert receiver.requests[0].headers[header[0]] == header[1]
    assert not into.exists()


async def test_unchanged_is_no_answer_to_who_has_nothing(
    sounds: HttpSounds, receiver: Receiver, into: Path
) -> None:
    receiver.script("/a", Reply(status=304))
    assert await failure(sounds, receiver.url("/a"), into) == "the server answered 304 Not Modified"


async def test_what_must_not_be_stored_has_no_validators(
    sounds: HttpSounds, receiver: Receiver, into: Path
) -> None:
    receiver.script("/a", Reply(headers={"ETag": '"v"', "Cache-Control": "no-store"}))
    assert (await sounds.fetch(receiver.url("/a"), into, NOTHING)).validators == NOTHING


@pytest.mark.parametrize(
    "bad",
    [Reply(status=404), Reply(status=503), Reply(status=204), Reset(), Hold(), Raw(b"hello\r\n")],
    ids=lambda each: f"{type(each).__name__}{getattr(each, 'status', '')}",
)
async def test_whatever_went_wrong_is_tried_once_more(
    sounds: HttpSounds, receiver: Receiver, into: Path, bad: Reply
) -> None:
    receiver.script("/a", bad, Reply(body=b"audio"))
    await sounds.fetch(receiver.url("/a"), into, NOTHING)
    assert into.read_bytes() == b"audio"
    assert len(receiver.requests) == 2


async def test_but_not_twice(sounds: HttpSounds, receiver: Receiver, into: Path) -> None:
    receiver.script("/a", Reply(status=500))
    assert await failure(sounds, receiver.url("/a"), into) == (
        "the server answered 500 Internal Server Error"
    )
    assert len(receiver.requests) == 2


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        (
            Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"),
            "the connection ended in the middle of the answer",
        ),
        (
            Hold(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"),
            "no answer within 200 ms (rt)",
        ),
    ],
)
async def test_a_partial_response_is_not_tried_again(
    sounds: HttpSounds, receiver: Receiver, into: Path, part: Raw | Hold, sentence: str
) -> None:
    receiver.script("/a", part, Reply(body=b"whole"))
    assert await failure(sounds, receiver.url("/a"), into) == sentence
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    "large",
    [
        Reply(body=bytes(1001)),
        Endless(),
        Reply(body=gzip.compress(bytes(1001)), headers={"Content-Encoding": "gzip"}),
    ],
    ids=["told", "endless", "packed"],
)
async def test_what_is_too_large_is_refused(
    sounds: HttpSounds, receiver: Receiver, into: Path, large: Reply | Endless
) -> None:
    receiver.script("/a", large)
    assert await failure(sounds, receiver.url("/a"), into) == "the file is larger than 1000 bytes"
    assert len(receiver.requests) == 1
    assert not into.exists() or into.stat().st_size <= 1000


async def test_a_drip_ends_with_the_time_for_both_tries(receiver: Receiver, into: Path) -> None:
    receiver.script("/a", Trickle(bytes(900), 0.05))
    async with fetching("127.0.0.0/8", limits=QUICK._replace(total_s=0.4)) as sounds:
        sentence = await failure(sounds, receiver.url("/a"), into)
    assert sentence == "the file was not loaded within 0.4 s"


async def test_five_redirects_and_no_more(
    sounds: HttpSounds, receiver: Receiver, into: Path
) -> None:
    for hop in range(6):
        receiver.script(f"/{hop}", redirect(f"/{hop + 1}"))
    receiver.script("/6", Reply(body=b"audio"))
    await sounds.fetch(receiver.url("/1"), into, NOTHING)
    assert into.read_bytes() == b"audio"
    assert await failure(sounds, receiver.url("/0"), into) == "more than 5 redirects"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Reply(status=302), "a redirect has no Location"),
        (redirect("file:///etc/passwd"), "the Location of a redirect must"),
    ],
)
async def test_a_redirect_must_lead_somewhere(
    sounds: HttpSounds, receiver: Receiver, into: Path, answer: Reply, sentence: str
) -> None:
    receiver.script("/a", answer)
    assert (await failure(sounds, receiver.url("/a"), into)).startswith(sentence)
    assert len(receiver.requests) == 1


@pytest.mark.rule("H-5")
async def test_a_forbidden_address_is_refused_at_once(receiver: Receiver, into: Path) -> None:
    async with fetching() as sounds:
        assert await failure(sounds, receiver.url("/a"), into) == (
            "127.0.0.1 is loopback (127.0.0.0/8): not listed in webhooks.allow_networks"
        )
    assert not receiver.requests


@pytest.mark.rule("H-5")
@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]", "localhost", "0x7f.1"])
async def test_no_redirect_reaches_a_forbidden_address(
    receiver: Receiver, into: Path, host: str
) -> None:
    async with Receiver(host="127.0.0.9") as door, fetching("127.0.0.9/32") as sounds:
        door.script("/a", redirect(f"http://{host}:{receiver.port}/internal"))
        await failure(sounds, door.url("/a"), into)
        assert len(door.requests) == 1
    assert not receiver.requests
    assert not into.exists()


@pytest.mark.rule("H-5")
async def test_credentials_stay_with_the_origin_they_are_for(
    receiver: Receiver, into: Path
) -> None:
    async with Receiver(host="127.0.0.9") as other, fetching("127.0.0.0/8") as sounds:
        receiver.script("/a", redirect("/b"))
        receiver.script("/b", redirect(other.url("/c")))
        url = receiver.url("/a").replace("//", "//user:secret@")
        await sounds.fetch(url, into, NOTHING)
        assert [request.headers.get("Authorization") for request in receiver.requests] == [
            "Basic dXNlcjpzZWNyZXQ="
        ] * 2
        assert "Authorization" not in other.requests[0].headers


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://h/a", "http://", "/a", "sound:beep"])
async def test_only_http(sounds: HttpSounds, into: Path, url: str) -> None:
    assert (await failure(sounds, url, into)).startswith("the URL ")


async def test_no_room_is_a_storage_error(
    sounds: HttpSounds, receiver: Receiver, tmp_path: Path
) -> None:
    receiver.script("/a", Reply(body=b"audio"))
    with pytest.raises(StorageError) as caught:
        await sounds.fetch(receiver.url("/a"), Path("/dev/full"), NOTHING)
    assert caught.value.full
    with pytest.raises(StorageError):
        await sounds.fetch(receiver.url("/a"), tmp_path / "no" / "folder", NOTHING)


async def test_nothing_is_fetched_once_it_is_closed(receiver: Receiver, into: Path) -> None:
    async with fetching("127.0.0.0/8") as sounds:
        pass
    assert await failure(sounds, receiver.url("/a"), into) == "the service is stopping"
