"""The object store away, back, and refusing: nothing is lost, and all can be fetched (N-5)."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import aiohttp.test_utils
import aiohttp.web
import pytest
from structlog.testing import capture_logs
from yarl import URL

from recordbridge.app.storage import prove
from recordbridge.blobs import uploads
from recordbridge.blobs.local import LocalBlobs
from recordbridge.blobs.objects import Bucket, ObjectBlobs
from recordbridge.errors import StorageError, StoreAwayError
from recordbridge.settings.storage import Storage
from tests.objectstore import BUCKET, KEY, READER, SECRET, ObjectStore
from tests.unit.blobs.conftest import bucket
from tests.unit.blobs.test_both import AUDIO, NAME, STORED, read, source

NAMES = [f"{n}{NAME[1:]}" for n in range(5)]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "FIRST_PAUSE_S", 0.02)
    monkeypatch.setattr(uploads, "LONGEST_PAUSE_S", 0.1)


class MemoryBucket:
    """Takes files while nothing is `wrong`; tells what it took, in order."""

    def __init__(self) -> None:
        self.wrong: StorageError | None = None
        self.unwanted: set[str] = set()
        self.taken: list[str] = []
        self.tries = 0
        self.changed = asyncio.Event()

    async def upload(self, name: str, source: Path) -> None:
        self.tries += 1
        self.changed.set()
        if self.wrong is not None:
            raise self.wrong
        if name in self.unwanted:
            raise StorageError("too large")
        assert source.read_bytes() == AUDIO
        self.taken.append(name)

    def use_keys(self, access_key: str | None, secret_key: str | None) -> None:
        raise AssertionError("it has none")

    async def took(self, count: int) -> list[str]:
        async with asyncio.timeout(10):
            while len(self.taken) < count:
                self.changed.clear()
                await self.changed.wait()
        return self.taken

    async def open(self, name: str) -> None: ...

    async def link(self, name: str, method: str) -> str:
        return f"https://store.example/{name}"

    async def delete(self, name: str) -> None:
        if self.wrong is not None:
            raise self.wrong

    async def prove(self) -> None:
        if self.wrong is not None:
            raise self.wrong


@asynccontextmanager
async def opened(
    folder: Path, store: Bucket, *, redirect: bool = False
) -> AsyncIterator[ObjectBlobs]:
    async with AsyncExitStack() as stack:
        waiting = LocalBlobs(folder)
        stack.callback(waiting.close)
        blobs = ObjectBlobs(waiting, store, redirect=redirect)
        yield await stack.enter_async_context(blobs.running())


async def put_all(blobs: ObjectBlobs, folder: Path, names: list[str]) -> None:
    for name in names:
        assert await blobs.put(name, source(folder)) == STORED


AWAY = StoreAwayError("the store cannot be reached")


@pytest.mark.rule("N-5", "Q-3")
async def test_what_was_kept_while_it_was_away_can_be_fetched_and_goes_up_in_order(
    tmp_path: Path,
) -> None:
    store = MemoryBucket()
    async with opened(tmp_path / "w", store) as blobs:
        store.wrong = AWAY
        with capture_logs() as logs:
            await put_all(blobs, tmp_path, NAMES)
            for name in NAMES:
                assert await read(blobs, name) == AUDIO
            assert len(blobs.uploads) == 5
            store.wrong = None
            assert await store.took(5) == NAMES
            await put_all(blobs, tmp_path, [NAME])
        assert store.taken[5:] == [NAME]
        assert not list((tmp_path / "w").rglob("*.mp3"))
    lost = [each for each in logs if each["event"] == "object_store_away"]
    assert [each["log_level"] for each in lost if each["log_level"] != "debug"] == ["error"]
    assert [each["files"] for each in logs if each["event"] == "object_store_back"] == [5]


@pytest.mark.rule("N-5", "N-1")
async def test_a_restart_finds_what_waits(tmp_path: Path) -> None:
    """Also when the store is away at the start; the order is kept."""
    store = MemoryBucket()
    store.wrong = AWAY
    async with opened(tmp_path / "w", store) as blobs:
        await put_all(blobs, tmp_path, NAMES[:3])
    async with opened(tmp_path / "w", store) as blobs:
        await put_all(blobs, tmp_path, NAMES[3:])
        assert len(blobs.uploads) == 5
        store.wrong = None
        assert await store.took(5) == NAMES


@pytest.mark.rule("N-5")
async def test_a_file_that_the_store_does_not_want_delays_no_other(tmp_path: Path) -> None:
    store = MemoryBucket()
    store.unwanted = {NAMES[0]}
    async with opened(tmp_path / "w", store) as blobs:
        await put_all(blobs, tmp_path, NAMES)
        assert await store.took(4) == NAMES[1:]
        assert await read(blobs, NAMES[0]) == AUDIO
        store.unwanted = set()
        assert (await store.took(5))[4:] == [NAMES[0]]


@pytest.mark.rule("M-4")
async def test_what_is_deleted_while_it_waits_does_not_go_up(tmp_path: Path) -> None:
    store = MemoryBucket()
    async with opened(tmp_path / "w", store) as blobs:
        store.wrong = AWAY
        await put_all(blobs, tmp_path, NAMES[:2])
        with pytest.raises(StoreAwayError):
            await blobs.delete(NAMES[0])  # the store may have it: whoever deletes asks again
        assert await blobs.open(NAMES[0]) is None
        store.wrong = None
        assert await store.took(1) == [NAMES[1]]
        await blobs.delete(NAMES[0])


@pytest.mark.rule("N-5", "M-2")
async def test_a_store_that_is_killed_and_started_again(store: ObjectStore, tmp_path: Path) -> None:
    async with opened(tmp_path / "w", bucket(store)) as blobs:
        await put_all(blobs, tmp_path, NAMES[:1])
        store.kill()
        try:
            await put_all(blobs, tmp_path, NAMES[1:])
            assert await read(blobs, NAMES[1]) == AUDIO
            with pytest.raises(StoreAwayError, match="the store cannot be reached"):
                await blobs.open(NAMES[0])
        finally:
            await asyncio.to_thread(store.start)
        async with asyncio.timeout(20):
            while blobs.uploads.away:
                await asyncio.sleep(0.05)  # the server is another process
        assert store.names() == [f"{name[:2]}/{name}" for name in NAMES]
        for name in NAMES:
            assert await read(blobs, name) == AUDIO


@pytest.mark.rule("N-5", "M-2")
async def test_a_store_that_is_killed_while_it_takes_a_file(
    store: ObjectStore, tmp_path: Path
) -> None:
    """Some of its parts were there; the file arrives whole all the same."""
    content = os.urandom(64_000_000)
    async with opened(tmp_path / "w", bucket(store)) as blobs:
        await put_all(blobs, tmp_path, NAMES[:1])
        sending = asyncio.create_task(blobs.put(NAMES[1], source(tmp_path, content)))
        while not (tmp_path / "w" / NAMES[1][:2] / NAMES[1]).exists():
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.1)
        store.kill()
        try:
            assert (await sending).digest == hashlib.sha256(content).hexdigest()
            assert len(blobs.uploads) == 1
            assert await read(blobs, NAMES[1]) == content
        finally:
            await asyncio.to_thread(store.start)
        async with asyncio.timeout(30):
            while blobs.uploads.away:
                await asyncio.sleep(0.05)  # the server is another process
        assert store.content(f"{NAMES[1][:2]}/{NAMES[1]}") == content
        assert await blobs.open(NAMES[1]) is not None


@pytest.mark.rule("E-4")
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_link_works_for_its_method_only_and_without_keys(
    store: ObjectStore, tmp_path: Path, method: str
) -> None:
    async with opened(tmp_path / "w", bucket(store, prefix="/calls/"), redirect=True) as blobs:
        await blobs.put(NAME, source(tmp_path))
        url = await blobs.link(NAME, "GET" if method == "GET" else "HEAD")
    assert url is not None
    assert "X-Amz-Expires=300" in url
    assert SECRET not in url
    async with aiohttp.ClientSession() as http:
        async with http.request(method, URL(url, encoded=True)) as reply:
            assert (reply.status, reply.content_type) == (200, "audio/mpeg")
            assert await reply.read() == (AUDIO if method == "GET" else b"")
        async with http.put(URL(url, encoded=True), data=b"other") as reply:
            assert reply.status == 403


@pytest.mark.rule("E-4", "N-5")
async def test_what_waits_is_not_linked_to(tmp_path: Path) -> None:
    store = MemoryBucket()
    async with opened(tmp_path / "w", store, redirect=True) as blobs:
        store.wrong = AWAY
        await put_all(blobs, tmp_path, [NAME])
        assert await blobs.link(NAME, "GET") is None
        store.wrong = None
        await store.took(1)
        async with asyncio.timeout(5):
            while blobs.uploads.away:
                await asyncio.sleep(0)
        assert await blobs.link(NAME, "GET") == f"https://store.example/{NAME}"


WRONG = [
    ({"secret_key": "wrong"}, "the secret key is wrong; change storage.secret_key"),
    ({"access_key": "nobody"}, "does not know the access key; change storage.access_key"),
    ({"bucket": "other"}, "the bucket does not exist; make it, or change storage.bucket"),
    ({"access_key": READER}, "the access key has no right to it"),
]


@pytest.mark.rule("M-2", "O-3")
@pytest.mark.parametrize(("changed", "sentence"), WRONG)
async def test_what_is_set_up_wrongly_is_told_at_the_start(
    store: ObjectStore, tmp_path: Path, changed: dict[str, str], sentence: str
) -> None:
    with pytest.raises(StorageError, match=sentence) as told:
        async with opened(tmp_path / "w", bucket(store, **changed)):
            pass
    assert not isinstance(told.value, StoreAwayError)
    assert len(str(told.value).splitlines()) == 1
    assert SECRET not in str(told.value)
    given = store.settings() | changed
    assert sentence in await prove(Storage.model_validate(given))


@pytest.mark.rule("O-3")
async def test_a_store_that_is_set_up_rightly_has_no_fault(store: ObjectStore) -> None:
    assert await prove(Storage.model_validate(store.settings())) == ""
    assert await prove(Storage()) == ""
    assert store.names() == []


@pytest.mark.rule("N-5", "O-3")
async def test_one_that_cannot_be_reached_is_no_reason_not_to_start(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        with capture_logs() as logs:
            given = {"endpoint": endpoint, "access_key": KEY, "secret_key": SECRET}
            wrong = Storage.model_validate({"kind": "s3", "bucket": BUCKET, **given})
            sentence = f"the bucket {BUCKET} of {endpoint} cannot be used: the store cannot be"
            assert (await prove(wrong)).startswith(sentence)
            from recordbridge.blobs.s3 import S3Bucket

            async with opened(tmp_path / "w", S3Bucket(BUCKET, **given)) as blobs:
                await put_all(blobs, tmp_path, [NAME])
                assert await read(blobs) == AUDIO
    (told,) = [each for each in logs if each["log_level"] == "error"]
    assert told["reason"].startswith(sentence)


@pytest.mark.rule("O-3")
async def test_what_is_no_object_store_is_told(aiohttp_nothing: str) -> None:
    given = {"kind": "s3", "bucket": BUCKET, "access_key": KEY, "secret_key": SECRET}
    told = await prove(Storage.model_validate(given | {"endpoint": aiohttp_nothing}))
    assert told.endswith("storage.endpoint may lead to something that is no object store")
    told = await prove(
        Storage.model_validate(given | {"endpoint": aiohttp_nothing.replace("http:", "https:")})
    )
    assert told.endswith("it does not speak TLS; is storage.endpoint http instead of https?)")


@pytest.fixture
async def aiohttp_nothing() -> AsyncIterator[str]:
    """A web server that knows nothing."""
    async with aiohttp.test_utils.TestServer(aiohttp.web.Application()) as server:
        yield str(server.make_url("")).rstrip("/")


async def test_the_loop_goes_on_while_a_file_is_sent_and_read(
    store: ObjectStore, tmp_path: Path
) -> None:
    """30 MB: the loop is never held for as much as half of the time that it takes."""
    async with opened(tmp_path / "w", bucket(store)) as blobs:
        loop, worst = asyncio.get_running_loop(), 0.0

        async def watch() -> None:
            nonlocal worst
            while True:
                before = loop.time()
                await asyncio.sleep(0.005)
                worst = max(worst, loop.time() - before)

        watching = asyncio.create_task(watch())
        began = loop.time()
        await blobs.put(NAME, source(tmp_path, bytes(30_000_000)))
        assert worst < (loop.time() - began) / 2
        began, worst = loop.time(), 0.0
        assert len(await read(blobs)) == 30_000_000
        assert worst < (loop.time() - began) / 2
        watching.cancel()


@pytest.mark.rule("M-2", "O-4")
async def test_other_keys_hold_from_the_next_request_on(store: ObjectStore, tmp_path: Path) -> None:
    """What waited because of the old ones goes up, and can be fetched."""
    place = bucket(store)
    blobs = ObjectBlobs(LocalBlobs(tmp_path / "kept"), place)
    async with blobs.running():
        blobs.use_keys(KEY, "no longer the secret")
        with capture_logs():
            await blobs.put(NAME, source(tmp_path))
        assert len(blobs.uploads) == 1
        assert await read(blobs) == AUDIO
        blobs.use_keys(KEY, SECRET)
        async with asyncio.timeout(10):
            while len(blobs.uploads):
                await asyncio.sleep(0.02)
        assert store.names()
        assert await read(blobs) == AUDIO
    blobs.close()
