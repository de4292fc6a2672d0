"""What was made ready is really heard: URL and text, by shared folder and by URL, to the caller.

The parts are put together here as the service does it; the caller's own Asterisk records what
arrives over SIP and RTP.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import ipaddress
import wave
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Literal

import lameenc
import numpy as np
import pytest
from aiohttp import web
from numpy.typing import NDArray

from recordbridge.blobs.eviction import Eviction
from recordbridge.blobs.shelves import SharedShelf, WebShelf
from recordbridge.blobs.sounds import SoundFolder
from recordbridge.engine.prompts import Prompts
from recordbridge.engine.sounds import Sounds
from recordbridge.instant import SystemClock
from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.media.sounds import Decoder
from recordbridge.outbound.sounds import HttpSounds
from recordbridge.ports.sounds import Shelf
from recordbridge.speech.espeak import Espeak
from recordbridge.web.sounds import add_sounds
from tests.contract.driver import Driver, Told, link
from tests.receiver import Receiver, Reply
from tests.service.audio import PIECE, Sound, heard_of, known, near, read_wav
from tests.service.carrier import Carrier
from tests.service.steps import silence

pytestmark = pytest.mark.asterisk

Way = Literal["recording", "sound"]


class World:
    """A call that is answered, and prompts for it."""

    def __init__(self, driver: Driver, prompts: Prompts, application: Receiver) -> None:
        self.driver = driver
        self.prompts = prompts
        self.application = application
        self.carrier: Carrier

    async def heard(self, intent: i.FetchMedia | i.Synthesise) -> tuple[str, Sound]:
        """Call, prepare, play to the end: the `media`, and what the caller heard meanwhile."""
        driver = self.driver
        call = await self.carrier.call("100", [silence(30)])
        driver.channel_id = (await driver.expect(f.CallEntered)).channel_id
        driver.perform(i.Answer(channel_id=driver.channel_id))
        await call.answered()
        ear = await call.listen()
        media = await self.prepared(intent)
        playback = driver.id("play")
        driver.perform(
            i.BeginPlayback(channel_id=driver.channel_id, playback_id=playback, media=media)
        )
        ended = await driver.expect(f.PlaybackEnded)
        assert (ended.playback_id, ended.failed) == (playback, False)
        await asyncio.sleep(0.1)  # the last frames are on their way
        sound = await ear.heard()
        await call.hang_up()
        await call.ended()
        return media, sound

    async def prepared(self, intent: i.FetchMedia | i.Synthesise) -> str:
        told: asyncio.Queue[f.Fact] = asyncio.Queue()
        self.prompts.prepare(self.driver.pbx, intent, told.put_nowait)
        fact = await asyncio.wait_for(told.get(), 20)
        assert isinstance(fact, f.MediaReady), fact
        return fact.media


@pytest.fixture(params=["recording", "sound"])
def way(request: pytest.FixtureRequest) -> Way:
    found: Way = request.param
    return found


@pytest.fixture
async def world(rig: Mapping[str, str], way: Way, tmp_path: Path) -> AsyncIterator[World]:
    clock = SystemClock()
    async with contextlib.AsyncExitStack() as stack:
        store = SoundFolder(tmp_path / "sounds", clock, Eviction())
        stack.callback(store.close)
        shelf: Shelf = SharedShelf(Path(rig["RIG_RECORDINGS"]), clock)
        if way == "sound":
            url = await stack.enter_async_context(door(store))
            shelf = WebShelf(lambda: url)
        decoder, voice = Decoder(), Espeak()
        stack.callback(decoder.close)
        stack.push_async_callback(voice.close)
        fetcher = await stack.enter_async_context(
            HttpSounds([ipaddress.ip_network("127.0.0.0/8")], version="1")
        )
        sounds = Sounds(fetcher=fetcher, voice=voice, decoder=decoder, store=store, clock=clock)
        prompts = Prompts(sounds=sounds, shelves={"pbx": shelf})
        stack.push_async_callback(prompts.close)
        told = Told()
        pbx = link(rig["RECORDBRIDGE_ASTERISK_URL"], rig["RECORDBRIDGE_ASTERISK_PASSWORD"], told)
        await stack.enter_async_context(running(pbx))
        world = World(
            Driver(pbx, told, clock), prompts, await stack.enter_async_context(Receiver())
        )
        await world.driver.until_connected()
        world.carrier = await stack.enter_async_context(Carrier(rig))
        yield world


@contextlib.asynccontextmanager
async def running(pbx: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(pbx.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@contextlib.asynccontextmanager
async def door(store: SoundFolder) -> AsyncIterator[str]:
    """Our web door, alone."""
    app = web.Application()
    add_sounds(app, store)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def spoken() -> NDArray[np.int16]:
    """Two seconds of the known signal."""
    return known()[8000:24000]


def as_wav(samples: NDArray[np.int16]) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(samples.tobytes())
    return out.getvalue()


async def test_a_wav_is_heard_to_the_last_sample(world: World, way: Way) -> None:
    """Also the last 20 ms of it, which Asterisk would leave out of the file as it came."""
    world.application.script("/hello.wav", Reply(body=as_wav(spoken())))
    intent = i.FetchMedia(media_id="m1", url=world.application.url("/hello.wav"))
    media, sound = await world.heard(intent)
    assert media.startswith(f"{way}:")
    pieces = heard_of(spoken(), sound.samples)
    assert pieces.count(False) <= 1
    assert near(sound.samples[-PIECE * 3 :], spoken()[-160:]), "the last 20 ms"


async def test_an_mp3_is_heard(world: World, tmp_path: Path) -> None:
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_in_sample_rate(8000)
    encoder.set_out_sample_rate(44100)
    encoder.set_channels(1)
    encoder.set_bit_rate(96)
    body = bytes(encoder.encode(spoken().tobytes()) + encoder.flush())
    world.application.script("/hello", Reply(body=body, content_type="text/plain"))
    _, sound = await world.heard(
        i.FetchMedia(media_id="m1", url=world.application.url("/hello?a=1&b=2"))
    )
    wanted = prepared(tmp_path)
    assert 2000 < wanted.ms < 2200
    assert heard_of(wanted.samples, sound.samples).count(False) <= 1


async def test_a_text_is_heard(world: World, tmp_path: Path) -> None:
    text = "Leave a message after the tone."
    _, sound = await world.heard(
        i.Synthesise(media_id="m1", text=text, voice="WOMAN", language="en-US")
    )
    wanted = prepared(tmp_path)
    assert 1000 < wanted.ms < 4000
    assert heard_of(wanted.samples, sound.samples).count(False) <= 1


def prepared(folder: Path) -> Sound:
    """The sound as it was made ready for Asterisk."""
    (path,) = (folder / "sounds").glob("*.wav")
    return read_wav(path.read_bytes())
