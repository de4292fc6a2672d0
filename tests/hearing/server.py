"""The server: real HTTP, real speech recognition, and the troubles that a test wants of it."""

from __future__ import annotations

import asyncio
import tempfile
import wave
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from aiohttp import BodyPartReader, web

from recordbridge.speech.whisper import Whisper
from tests.service.program import free_port

KEY = "sk-example-of-the-tests"
MODEL = "tiny.en"


class Asked(NamedTuple):
    """A request that was understood: its fields, and how long the sound is."""

    fields: dict[str, str]
    seconds: float


class Hearing:
    """Use as an async context manager; `replies` are given to the next requests instead."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self.asked: list[Asked] = []
        self.replies: list[web.Response] = []
        self.whisper = Whisper(MODEL, gives_way=False)
        self.hold: asyncio.Event | None = None
        self._runner: web.AppRunner | None = None
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
        await self.whisper.rest()

    async def open(self) -> None:
        """Listen."""
        app = web.Application(client_max_size=25 << 20)
        app.router.add_post("/v1/audio/transcriptions", self._transcribe)
        self._runner = web.AppRunner(app, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def close(self) -> None:
        """Be away."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _transcribe(self, request: web.Request) -> web.Response:
        if self.hold is not None:
            await self.hold.wait()
        if self.replies:
            await request.read()
            return self.replies.pop(0)
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return refused(401, "Incorrect API key provided")
        fields, sound = await _form(request)
        if fields["model"] != MODEL:
            return refused(404, f"The model {fields['model']} does not exist")
        with wave.open(BytesIO(sound)) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16000, 1, 2)
            self.asked.append(Asked(fields, file.getnframes() / 16000))
        return web.json_response(await self._heard(sound, self.asked[-1].seconds))

    async def _heard(self, sound: bytes, seconds: float) -> dict[str, Any]:
        async with self._turn:
            with tempfile.NamedTemporaryFile(suffix=".wav") as kept:
                kept.write(sound)
                kept.flush()
                spoken = await self.whisper.listen(
                    Path(kept.name), stereo=False, duration_ms=round(seconds * 1000), model=""
                )
        segments = [
            {"id": number, "start": each.at_ms / 1000, "end": seconds, "text": f" {each.text}"}
            for number, each in enumerate(spoken)
        ]
        text = "".join(str(each["text"]) for each in segments)
        return {"task": "transcribe", "duration": seconds, "text": text, "segments": segments}


def refused(status: int, message: str, **headers: str) -> web.Response:
    """As such servers say it."""
    error = {"error": {"message": message, "type": "error", "code": None}}
    return web.json_response(error, status=status, headers=headers)


async def _form(request: web.Request) -> tuple[dict[str, str], bytes]:
    fields, sound = dict[str, str](), b""
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        if part.name == "file":
            assert part.headers["Content-Type"] == "audio/wav"
            sound = bytes(await part.read())
        else:
            fields[str(part.name)] = await part.text()
    return fields, sound
