"""A URL or a text becomes a sound: looked up, else fetched or said, decoded, and kept.

What a server allows is used again without asking; after that it is asked whether anything has
changed. A text that was once said is never said again as long as it is kept.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from recordbridge.instant import Clock
from recordbridge.machine.intents import FetchMedia, Synthesise
from recordbridge.ports.sounds import (
    SoundDecoder,
    SoundFetcher,
    SoundStore,
    Utterance,
    Validators,
    Voice,
)

FOR_EVER_MS = 366 * 86_400_000


class Sounds:
    """Prepares sounds. One caller at a time for one key: `Prompts` sees to that."""

    def __init__(
        self,
        *,
        fetcher: SoundFetcher,
        voice: Voice,
        decoder: SoundDecoder,
        store: SoundStore,
        clock: Clock,
    ) -> None:
        self._fetcher = fetcher
        self._voice = voice
        self._decoder = decoder
        self._store = store
        self._clock = clock

    def key(self, intent: FetchMedia | Synthesise) -> str:
        """Equal for intents that sound the same."""
        match intent:
            case FetchMedia(url=url):
                parts = ["url", _without_fragment(url)]
            case Synthesise(text=text, voice=voice, language=language, ssml=ssml):
                parts = ["text", self._voice.signature, voice, language, str(ssml), text]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    async def prepare(self, intent: FetchMedia | Synthesise) -> Path:
        """The sound's file. Raises MediaError or StorageError."""
        if isinstance(intent, FetchMedia):
            return await self._fetched(self.key(intent), _without_fragment(intent.url))
        utterance = Utterance(intent.text, intent.voice, intent.language, intent.ssml)
        return await self._said(self.key(intent), utterance)

    async def _fetched(self, key: str, url: str) -> Path:
        found = await self._store.find(key)
        if found is not None and self._clock() < found[0].fresh_until:
            return found[1]
        known = found[0].validators if found is not None else Validators()
        with self._store.scratch() as paths:
            raw, sound = next(paths), next(paths)
            fetched = await self._fetcher.fetch(url, raw, known)
            fresh_until = self._clock() + fetched.fresh_s * 1000
            if fetched.unchanged and found is not None:
                kept, path = found
                await self._store.renew(key, kept.until(fresh_until))
                return path
            await self._decoder.decode(raw, sound)
            return await self._store.keep(key, sound, fresh_until, fetched.validators)

    async def _said(self, key: str, utterance: Utterance) -> Path:
        found = await self._store.find(key)
        if found is not None:
            return found[1]
        with self._store.scratch() as paths:
            raw, sound = next(paths), next(paths)
            await self._voice.say(utterance, raw)
            await self._decoder.decode(raw, sound)
            return await self._store.keep(key, sound, self._clock() + FOR_EVER_MS, Validators())


def _without_fragment(url: str) -> str:
    return url.partition("#")[0]
