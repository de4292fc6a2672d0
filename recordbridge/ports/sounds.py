"""What callers hear: where audio comes from and how Asterisk gets at it, as the engine sees it.

A sound is one file of ours, a WAV of 8 kHz, mono, 16 bits, named by the SHA-256 of its bytes.
All of these raise MediaError with a plain sentence when the audio cannot be had, and
StorageError when a file cannot be written.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import msgspec

from recordbridge.instant import Instant

MEDIA_PATH = "/media/{digest}.wav"
"""Where our web door has a sound, below the service's address."""


class Validators(msgspec.Struct, frozen=True):
    """What a server told about the audio, to ask it whether that is still so."""

    etag: str = ""
    last_modified: str = ""


class Fetched(msgspec.Struct, frozen=True):
    """The answer to a fetch; `unchanged`: what was there before is still right."""

    unchanged: bool
    validators: Validators
    fresh_s: int
    """For how long it need not be asked for again."""


class SoundFetcher(Protocol):
    """Loads audio from an http(s) URL that an application gave (H-5)."""

    async def fetch(self, url: str, into: Path, known: Validators) -> Fetched:
        """The file's bytes to `into`, unless the server says that they are the `known` ones."""
        ...


class SoundDecoder(Protocol):
    """Turns audio of any usual kind into a sound."""

    async def decode(self, source: Path, into: Path) -> None:
        """Read whatever `source` is (its content decides) and write the sound to `into`."""
        ...


class Utterance(msgspec.Struct, frozen=True):
    """What shall be said. `voice` is a word of the language (`WOMAN`, `MAN`, `Polly.Joanna`)."""

    text: str
    voice: str
    language: str
    """BCP 47, such as `en-US`."""
    ssml: bool = False


class Voice(Protocol):
    """A speech engine. `signature` changes whenever the same utterance would sound different."""

    @property
    def signature(self) -> str: ...

    async def say(self, utterance: Utterance, into: Path) -> None:
        """Write the speech to `into`, in a format that a `SoundDecoder` reads."""
        ...


class Kept(msgspec.Struct, frozen=True):
    """A sound that was prepared before, and until when nobody needs to ask for it again."""

    digest: str
    fresh_until: Instant
    validators: Validators = Validators()

    def until(self, fresh_until: Instant) -> Kept:
        """The same for longer."""
        return msgspec.structs.replace(self, fresh_until=fresh_until)


class SoundStore(Protocol):
    """Prepared sounds, kept on disk as long as there is room; found by what they were made from.

    What was found or kept lately is not evicted: somebody is about to play it.
    """

    async def find(self, key: str) -> tuple[Kept, Path] | None:
        """What is kept under the key (64 hex digits), and the sound itself."""
        ...

    async def keep(
        self, key: str, sound: Path, fresh_until: Instant, validators: Validators
    ) -> Path:
        """Keep the sound, which is moved, under the key; tell where it is now."""
        ...

    async def renew(self, key: str, kept: Kept) -> None:
        """The same sound is right for longer."""
        ...

    def scratch(self) -> AbstractContextManager[Iterator[Path]]:
        """Paths for files in the making; what is left of them at the end is deleted."""
        ...


class Shelf(Protocol):
    """Where an Asterisk finds our sounds."""

    async def place(self, sound: Path) -> str:
        """Make it playable; the result is what ARI's play takes as `media`."""
        ...
