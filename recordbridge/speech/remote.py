"""A transcription engine behind HTTP that speaks the OpenAI-compatible API (M-5).

`POST {url}/audio/transcriptions`, multipart, `response_format=verbose_json`. A recording goes out
in pieces, as the local engine hears it: each channel for itself, so that speakers are told apart,
and small enough for servers that take 25 MB at most. What is silent is not sent. The operator
named the server, so its address is not guarded (H-5); its answers are read to a limit.
"""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import msgspec
import numpy as np

from recordbridge.errors import ListenerAwayError, ListenerError, ListenerRefusedError
from recordbridge.machine.transcription import SIDES, Spoken
from recordbridge.speech import pieces

PATH = "/audio/transcriptions"
CONNECT_S = 10.0
TIMEOUT_S = 300.0
MOST_BYTES = 4_000_000
"""Of an answer; five minutes of speech with timestamps are some 50 kB."""
BACK_OFF_S = (1.0, 4.0, 15.0)
"""Between the tries of a piece, where waiting may help; then the recording waits in the queue."""
MOST_WAIT_S = 60.0
"""For `Retry-After`."""
QUIET = 0.002
"""What is never louder than this part of full scale is silence: engines make up words for it."""
_PASSING = frozenset({408, 409, 425, 429})
_OURS = frozenset({401, 403, 404, 405})
"""The operator's to mend: recordings wait meanwhile."""
_SHOWN = 200


class Segment(msgspec.Struct, frozen=True):
    """An utterance, as the API tells it; `start` in seconds."""

    text: str
    start: float = 0.0


class Told(msgspec.Struct, frozen=True):
    """What is read of the answer."""

    text: str
    segments: tuple[Segment, ...] | None = None


_told = msgspec.json.Decoder(Told)


class Remote:
    """Implements `ports.transcripts.Listener`. `rest` it at the end."""

    def __init__(
        self, url: str, model: str, *, api_key: str = "", timeout_s: float = TIMEOUT_S
    ) -> None:
        self._url = url.rstrip("/") + PATH
        self._model = model
        self.use_key(api_key)
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=CONNECT_S)
        self._session: aiohttp.ClientSession | None = None

    def use_key(self, api_key: str) -> None:
        """From the next request on; empty: without a key."""
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}

    def name(self, model: str) -> str:
        """See the port."""
        return f"openai {model or self._model}"

    def trouble(self, model: str) -> str:  # noqa: ARG002 - only the server knows its models
        """See the port: nothing is known before it is asked."""
        return ""

    async def listen(
        self, recording: Path, *, stereo: bool, duration_ms: int, model: str
    ) -> list[Spoken]:
        """See the port."""
        del duration_ms  # each piece has the configured time
        spoken: list[Spoken] = []
        read = pieces.read(recording, 2 if stereo else 1)
        while (piece := await asyncio.to_thread(_next, read)) is not None:
            for number, (at_ms, sound) in enumerate(piece):
                if sound is not None:
                    told = await self._heard(sound, model or self._model)
                    spoken += _spoken(told, at_ms, number if stereo else None)
        return sorted(spoken, key=lambda each: each.at_ms)

    async def rest(self) -> None:
        """See the port."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def prove(self) -> None:
        """Have a second of silence transcribed. Raises ListenerError with what is wrong."""
        try:
            await self._asked(_wav(np.zeros(pieces.RATE, np.float32)), self._model)
        finally:
            await self.rest()

    async def _heard(self, sound: bytes, model: str) -> Told:
        """With tries where waiting helps."""
        for pause_s in (*BACK_OFF_S, None):
            try:
                return await self._asked(sound, model)
            except _PassingError as error:
                if pause_s is None:
                    raise ListenerAwayError(str(error)) from error
                await asyncio.sleep(max(pause_s, error.wait_s))
        raise AssertionError("the last try ends it")

    async def _asked(self, sound: bytes, model: str) -> Told:
        """One try. Raises _PassingError when waiting may help, else another ListenerError."""
        try:
            async with self._opened().post(
                self._url, data=_form(sound, model), headers=self._headers, allow_redirects=False
            ) as response:
                body = await _bounded(response)
        except TimeoutError as error:
            raise _PassingError(self._where("did not answer in time")) from error
        except aiohttp.ClientError as error:
            raise _PassingError(self._where(f"cannot be asked: {_line(str(error))}")) from error
        if response.status != 200:
            raise self._refusal(response, body)
        try:
            return _told.decode(body)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ListenerError(self._where(f"answered something else: {error}")) from error

    def _refusal(self, response: aiohttp.ClientResponse, body: bytes) -> ListenerError:
        sentence = self._where(f"answered {response.status}: {_reason(body)}")
        if response.status >= 500 or response.status in _PASSING:
            return _PassingError(sentence, _wait_s(response.headers.get("Retry-After", "")))
        if response.status in _OURS or response.status < 400:
            return ListenerAwayError(sentence)
        return ListenerRefusedError(sentence)

    def _where(self, what: str) -> str:
        return f"the transcription engine at {self._url} {what}"

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
            )
        return self._session


class _PassingError(ListenerAwayError):
    """Waiting may help; `wait_s` is what the server asked for."""

    def __init__(self, sentence: str, wait_s: float = 0.0) -> None:
        super().__init__(sentence)
        self.wait_s = wait_s


def _next(
    read: Iterator[tuple[int, list[pieces.Samples]]],
) -> list[tuple[int, bytes | None]] | None:
    """The next piece as a sound for each channel, None for a silent one; None at the end."""
    found = next(read, None)
    if found is None:
        return None
    at_ms, channels = found
    return [
        (at_ms, None if np.abs(each).max(initial=0.0) < QUIET else _wav(each)) for each in channels
    ]


def _wav(samples: pieces.Samples) -> bytes:
    into = io.BytesIO()
    with wave.open(into, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(pieces.RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return into.getvalue()


def _form(sound: bytes, model: str) -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field("file", sound, filename="recording.wav", content_type="audio/wav")
    form.add_field("model", model)
    form.add_field("language", "en")
    form.add_field("response_format", "verbose_json")
    form.add_field("timestamp_granularities[]", "segment")
    return form


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MOST_BYTES:
            raise ListenerError(f"the transcription engine answered more than {MOST_BYTES} bytes")
    return bytes(body)


def _spoken(told: Told, at_ms: int, channel: int | None) -> Iterator[Spoken]:
    """A server that tells no segments is taken at its word for the whole piece."""
    segments = (Segment(told.text),) if told.segments is None else told.segments
    for each in segments:
        if text := " ".join(each.text.split()):
            start = at_ms + round(max(0.0, each.start) * 1000)
            yield Spoken(start, text, "" if channel is None else SIDES[channel])


def _reason(body: bytes) -> str:
    """What such servers say: `{"error": {"message": ...}}`; else the beginning of the answer."""
    try:
        said = msgspec.json.decode(body)
        error = said.get("error", said.get("detail", "")) if isinstance(said, dict) else ""
        reason = error.get("message", "") if isinstance(error, dict) else error
    except (msgspec.DecodeError, RecursionError):
        reason = ""
    return _line(str(reason) or body.decode(errors="replace")) or "no reason given"


def _line(text: str) -> str:
    return " ".join(text.split())[:_SHOWN]


def _wait_s(header: str) -> float:
    return min(float(header), MOST_WAIT_S) if header.isascii() and header.isdigit() else 0.0
