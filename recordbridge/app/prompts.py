"""What callers hear, put together: fetcher, voice, decoder, sounds on disk, and a shelf for each
Asterisk; opened in order, closed in reverse.

An Asterisk that shares its recording folder takes sounds from there; any other, and that one when
the folder cannot be written, loads them from our web door.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from importlib.metadata import version
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from recordbridge.app import own_door
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
from recordbridge.settings.sections import Asterisk
from recordbridge.speech.espeak import Espeak

FOLDER = "sounds"
"""Below `storage.path`."""


class Prompting(NamedTuple):
    """`prompts` is for the engine, `sounds` for the web door."""

    prompts: Prompts
    sounds: SoundFolder


@contextlib.asynccontextmanager
async def prompting(
    settings: Settings,
    clock: Clock,
    listening: Callable[[], str],
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Prompting]:
    """Open it all; `listening` tells where our web door is, once it is open. StorageError.

    `tls` replaces the system's trust store for what is fetched.
    """
    async with contextlib.AsyncExitStack() as stack:
        store = SoundFolder(settings.storage.path / FOLDER, clock, Eviction())
        stack.callback(store.close)
        decoder = Decoder()
        stack.callback(decoder.close)
        voice = Espeak(settings.speech.voice)
        stack.push_async_callback(voice.close)
        fetcher = await stack.enter_async_context(
            HttpSounds(settings.webhooks.allow_networks, version=version("recordbridge"), tls=tls)
        )
        prompts = Prompts(
            sounds=Sounds(fetcher=fetcher, voice=voice, decoder=decoder, store=store, clock=clock),
            shelves={
                asterisk.name: shelf(settings, asterisk, clock, listening)
                for asterisk in settings.asterisk
            },
        )
        stack.push_async_callback(prompts.close)
        yield Prompting(prompts, store)


def shelf(
    settings: Settings, asterisk: Asterisk, clock: Clock, listening: Callable[[], str]
) -> Shelf:
    """Where this Asterisk finds our sounds."""
    door = WebShelf(lambda: door_url(settings, asterisk, listening()))
    if asterisk.recordings is None:
        return door
    return FirstShelf([SharedShelf(asterisk.recordings, clock), door])


def door_url(settings: Settings, asterisk: Asterisk, listening: str) -> str:
    """Our address as this Asterisk reaches it: on our machine the one that we listen on, because
    a proxy may not be reachable from here; elsewhere the public one.
    """
    service = settings.service
    if service.tls_cert is not None or not _is_here(urlsplit(asterisk.url).hostname or ""):
        return service.public_url
    parts = urlsplit(listening)
    return f"{parts.scheme}://{own_door.authority(parts.hostname or '', parts.port or 80)}"


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
