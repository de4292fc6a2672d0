"""What callers hear, put together: audio from URLs, speech, and each Asterisk's way to it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from importlib.metadata import version
from pathlib import Path

from recordbridge.blobs.eviction import Eviction
from recordbridge.blobs.shelves import FirstShelf, SharedShelf, WebShelf
from recordbridge.blobs.sounds import SoundFolder
from recordbridge.engine.prompts import Prompts
from recordbridge.engine.sounds import Sounds
from recordbridge.instant import Clock
from recordbridge.media.sounds import Decoder
from recordbridge.outbound.sounds import HttpSounds
from recordbridge.ports.sounds import Shelf
from recordbridge.settings import Settings
from recordbridge.speech.espeak import Espeak

FOLDER = "sounds"
"""Below the folder of recordings."""


class Audible:
    """The prompts of all calls; `folder` is what the web door serves to Asterisk."""

    def __init__(self, prompts: Prompts, folder: SoundFolder) -> None:
        self.prompts = prompts
        self.folder = folder


@contextlib.asynccontextmanager
async def audible(
    settings: Settings, clock: Clock, shared: dict[str, Path | None], base_url: Callable[[], str]
) -> AsyncIterator[Audible]:
    """Ready to prepare prompts until the block ends.

    `shared` has each Asterisk's recording folder, where we have it; `base_url` is our address
    as an Asterisk without one reaches it. Raises StorageError.
    """
    async with contextlib.AsyncExitStack() as stack:
        folder = SoundFolder(settings.storage.path / FOLDER, clock, Eviction())
        stack.callback(folder.close)
        decoder = Decoder()
        stack.callback(decoder.close)
        voice = Espeak(settings.speech.voice)
        stack.push_async_callback(voice.close)
        fetcher = await stack.enter_async_context(
            HttpSounds(settings.webhooks.allow_networks, version=version("recordbridge"))
        )
        sounds = Sounds(fetcher=fetcher, voice=voice, decoder=decoder, store=folder, clock=clock)
        shelves = {name: _shelf(path, clock, base_url) for name, path in shared.items()}
        prompts = Prompts(sounds=sounds, shelves=shelves)
        stack.push_async_callback(prompts.close)
        yield Audible(prompts, folder)


def _shelf(shared: Path | None, clock: Clock, base_url: Callable[[], str]) -> Shelf:
    web = WebShelf(base_url)
    return web if shared is None else FirstShelf([SharedShelf(shared, clock), web])
