"""Which way an Asterisk gets our sounds, and that all of it opens and closes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from recordbridge.app.prompts import door_url, prompting
from recordbridge.machine.facts import Fact, MediaReady
from recordbridge.machine.intents import FetchMedia, Synthesise
from recordbridge.ports.pbx import Pbx
from recordbridge.settings import Settings
from tests.receiver import Receiver, Reply
from tests.unit.media.test_sounds import GOOD

NOW = 1_790_000_000_000
LISTENING = "http://127.0.0.1:8081"


def configured(folder: Path, *asterisk: dict[str, Any], **service: Any) -> Settings:
    named = {"name": "pbx", "password": "secret"}
    return Settings.model_validate(
        {
            "service": {"public_url": "https://calls.example/rb", **service},
            "accounts": [{"auth_id": "MAEXAMPLEACCOUNT0001", "auth_token": "t" * 20}],
            "asterisk": [named | each for each in asterisk or ({},)],
            "storage": {"path": str(folder)},
            "webhooks": {"allow_networks": ["127.0.0.0/8"]},
        }
    )


@pytest.mark.parametrize(
    ("url", "listening", "door"),
    [
        ("http://127.0.0.1:8088", LISTENING, LISTENING),
        ("http://localhost:8088", LISTENING, LISTENING),
        ("http://[::1]:8088", "http://[::1]:8081", "http://[::1]:8081"),
        ("http://127.0.0.1:8088", "http://0.0.0.0:8081", "http://127.0.0.1:8081"),
        ("http://127.0.0.1:8088", "http://[::]:8081", "http://[::1]:8081"),
        ("http://10.0.0.5:8088", LISTENING, "https://calls.example/rb"),
        ("http://pbx.example:8088", LISTENING, "https://calls.example/rb"),
    ],
)
def test_our_address_as_asterisk_reaches_it(
    tmp_path: Path, url: str, listening: str, door: str
) -> None:
    settings = configured(tmp_path, {"url": url})
    assert door_url(settings, settings.asterisk[0], listening) == door


def test_a_certificate_is_for_the_public_name(tmp_path: Path) -> None:
    pem = tmp_path / "pem"
    pem.touch()
    settings = configured(tmp_path, tls_cert=str(pem), tls_key=str(pem))
    assert door_url(settings, settings.asterisk[0], LISTENING) == "https://calls.example/rb"


async def test_all_of_it_together(tmp_path: Path) -> None:
    """A URL for an Asterisk that shares its folder, a text for one that does not."""
    recordings = tmp_path / "spool"
    recordings.mkdir()
    settings = configured(tmp_path / "storage", {"recordings": str(recordings)}, {"name": "far"})
    told: asyncio.Queue[Fact] = asyncio.Queue()

    class Exchange:
        name = "pbx"

    pbx = Exchange()
    async with (
        Receiver() as application,
        prompting(settings, lambda: NOW, lambda: LISTENING) as opened,
    ):
        application.script("/a", Reply(body=GOOD))
        fetch = FetchMedia(media_id="m1", url=application.url("/a"))
        opened.prompts.prepare(cast("Pbx", pbx), fetch, told.put_nowait)
        first = await asyncio.wait_for(told.get(), 10)
        assert isinstance(first, MediaReady)
        place, _, digest = first.media.partition("/")
        assert place == "recording:recordbridge-media"
        assert (recordings / "recordbridge-media" / f"{digest}.wav").exists()
        pbx.name = "far"
        say = Synthesise(media_id="m2", text="hello", voice="MAN", language="en-US")
        opened.prompts.prepare(cast("Pbx", pbx), say, told.put_nowait)
        second = await asyncio.wait_for(told.get(), 10)
        assert isinstance(second, MediaReady)
        digest = second.media.removeprefix(f"sound:{LISTENING}/media/").removesuffix(".wav")
        assert opened.sounds.path(digest) is not None
