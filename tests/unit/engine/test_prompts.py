"""Prompts: every call that asked is told, one task for each sound, fresh ones without asking."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from recordbridge.blobs.eviction import Eviction
from recordbridge.blobs.sounds import SoundFolder
from recordbridge.engine.prompts import IN_A_LANE, Prompts
from recordbridge.engine.sounds import Sounds
from recordbridge.errors import MediaError, StorageError
from recordbridge.machine.facts import Fact, MediaFailed, MediaReady
from recordbridge.machine.intents import FetchMedia, Synthesise
from recordbridge.ports.pbx import Pbx
from recordbridge.ports.sounds import Fetched, Utterance, Validators

URL = "https://app.example/hello.mp3"


class Exchange:
    def __init__(self, name: str = "pbx") -> None:
        self.name = name


class World:
    """All ports in one: a server, a voice, a decoder and shelves that the test steers."""

    signature = "v1"

    def __init__(self, folder: Path) -> None:
        self.now = 1_790_000_000_000
        self.store = SoundFolder(folder, lambda: self.now, Eviction())
        self.sounds = Sounds(
            fetcher=self, voice=self, decoder=self, store=self.store, clock=lambda: self.now
        )
        self.prompts = Prompts(sounds=self.sounds, shelves={"pbx": self, "other": self})
        self.served: dict[str, bytes] = {URL: b"hello"}
        self.fetched: list[tuple[str, Validators]] = []
        self.spoken: list[Utterance] = []
        self.told: asyncio.Queue[Fact] = asyncio.Queue()
        self.gate = asyncio.Event()
        self.gate.set()
        self.fresh_s = 10
        self.running = self.most_running = 0
        self.full = False

    async def fetch(self, url: str, into: Path, known: Validators) -> Fetched:
        self.fetched.append((url, known))
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        await self.gate.wait()
        self.running -= 1
        if url not in self.served:
            raise MediaError("the server answered 404")
        etag = Validators(etag=self.served[url].decode())
        if known == etag:
            return Fetched(True, known, self.fresh_s)
        into.write_bytes(self.served[url])
        return Fetched(False, etag, self.fresh_s)

    async def say(self, utterance: Utterance, into: Path) -> None:
        self.spoken.append(utterance)
        into.write_bytes(f"{utterance.voice} {utterance.text}".encode())

    async def decode(self, source: Path, into: Path) -> None:
        if source.read_bytes() == b"bug":
            raise ZeroDivisionError
        into.write_bytes(b"decoded " + source.read_bytes())

    async def place(self, sound: Path) -> str:
        if self.full:
            raise StorageError("no room")
        return f"sound:{sound.read_bytes().decode()}"

    def ask(self, media_id: str, url: str = URL, asterisk: str = "pbx") -> None:
        intent = FetchMedia(media_id=media_id, url=url)
        self.prompts.prepare(cast("Pbx", Exchange(asterisk)), intent, self.told.put_nowait)

    def speak(self, media_id: str, text: str = "hi", voice: str = "WOMAN") -> None:
        intent = Synthesise(media_id=media_id, text=text, voice=voice, language="en-US")
        self.prompts.prepare(cast("Pbx", Exchange()), intent, self.told.put_nowait)

    async def next(self) -> Fact:
        async with asyncio.timeout(5):
            return await self.told.get()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = World(tmp_path)
    yield world
    await world.prompts.close()
    world.store.close()
    assert not list(tmp_path.glob("*.part"))


def ready(media_id: str, media: str = "sound:decoded hello") -> MediaReady:
    return MediaReady(media_id=media_id, media=media)


async def test_a_url_is_fetched_decoded_and_placed(world: World) -> None:
    world.ask("m1")
    assert await world.next() == ready("m1")


async def test_a_text_is_said_once(world: World) -> None:
    world.speak("m1")
    assert await world.next() == ready("m1", "sound:decoded WOMAN hi")
    world.now += 200 * 86_400_000
    world.speak("m2")
    world.speak("m3", voice="MAN")
    assert {await world.next(), await world.next()} == {
        ready("m2", "sound:decoded WOMAN hi"),
        ready("m3", "sound:decoded MAN hi"),
    }
    assert [each.voice for each in world.spoken] == ["WOMAN", "MAN"]


async def test_another_engine_says_it_anew(world: World) -> None:
    world.speak("m1")
    await world.next()
    world.signature = "v2"
    world.speak("m2")
    await world.next()
    assert len(world.spoken) == 2


async def test_what_is_fresh_is_not_asked_for(world: World) -> None:
    for loop in range(3):
        world.ask(f"m{loop}")
        assert await world.next() == ready(f"m{loop}")
    assert len(world.fetched) == 1


async def test_what_is_not_fresh_is_asked_whether_it_changed(world: World) -> None:
    world.ask("m1")
    await world.next()
    world.now += 10_000
    world.ask("m2")
    assert await world.next() == ready("m2")
    assert world.fetched[1] == (URL, Validators(etag="hello"))
    world.ask("m3")
    await world.next()
    assert len(world.fetched) == 2
    world.now += 10_000
    world.served[URL] = b"bye"
    world.ask("m4")
    assert await world.next() == ready("m4", "sound:decoded bye")


async def test_calls_that_want_the_same_share_one_fetch(world: World) -> None:
    world.gate.clear()
    for call in range(100):
        world.ask(f"m{call}", URL + "#rt=5")
    world.ask("m0")
    await asyncio.sleep(0)
    world.ask("far", asterisk="other")
    assert world.prompts.active == 1
    world.gate.set()
    told = [await world.next() for _ in range(101)]
    assert told == [ready(f"m{call}") for call in range(100)] + [ready("far")]
    assert len(world.fetched) == 1
    assert world.told.empty()


async def test_a_failure_is_told_to_all_and_not_remembered(world: World) -> None:
    served = world.served.pop(URL)
    world.ask("m1")
    world.ask("m2")
    reason = "the server answered 404"
    assert [await world.next(), await world.next()] == [
        MediaFailed(media_id="m1", reason=reason),
        MediaFailed(media_id="m2", reason=reason),
    ]
    world.served[URL] = served
    world.ask("m1")
    assert await world.next() == ready("m1")


async def test_a_sound_that_has_no_place_is_told(world: World) -> None:
    world.full = True
    world.ask("m1")
    assert await world.next() == MediaFailed(media_id="m1", reason="no room")


async def test_nobody_waits_for_ever_even_over_a_fault_of_ours(world: World) -> None:
    world.served[URL] = b"bug"
    world.ask("m1")
    told = await world.next()
    assert isinstance(told, MediaFailed)
    assert "an error of the service" in told.reason


async def test_a_slow_host_delays_only_itself(world: World) -> None:
    """Its lane is full; texts, other hosts and what is known go on."""
    world.ask("known")
    await world.next()
    world.gate.clear()
    for number in range(2 * IN_A_LANE):
        world.ask(f"slow{number}", f"https://slow.example/{number}")
    world.speak("text")
    world.ask("again")
    assert {await world.next(), await world.next()} == {
        ready("text", "sound:decoded WOMAN hi"),
        ready("again"),
    }
    assert world.most_running == IN_A_LANE
    world.gate.set()
    for _ in range(2 * IN_A_LANE):
        assert isinstance(await world.next(), MediaFailed)
    assert world.most_running == IN_A_LANE


async def test_closing_ends_what_runs(world: World) -> None:
    world.gate.clear()
    world.ask("m1")
    while not world.running:
        await asyncio.sleep(0)
    await world.prompts.close()
    assert world.prompts.active == 0
    assert world.told.empty()
