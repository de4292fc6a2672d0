"""espeak-ng as a voice: offline, about a hundred languages, in a process of its own.

The texts come from applications and the library is C that such texts have crashed (an `audio`
tag in SSML did): so a crash must cost one prompt and no call. The process is started with the
first text, says one text at a time (a minute of speech takes a fifth of a second) and ends with
its standard input, that is, also when this process is killed.
"""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog

from recordbridge.errors import MediaError
from recordbridge.plivo.voices import Voice, polly
from recordbridge.ports.sounds import Utterance
from recordbridge.speech.orders import Answer, Order

log = structlog.get_logger()

EXTRA = "recordbridge[speech]"
MISSING = f"the speech engine is not installed (pip install '{EXTRA}')"
TIMEOUT_S = 60.0
_MODULE = "recordbridge.speech.espeak_process"


def installed() -> bool:
    """Whether the extra is there."""
    return importlib.util.find_spec("espeakng_loader") is not None


class Espeak:
    """Implements `ports.sounds.Voice`. `fallback` is the language of texts in an unknown one.

    Close it at the end.
    """

    def __init__(self, fallback: str = "en-us", timeout_s: float = TIMEOUT_S) -> None:
        self._fallback = fallback
        self._timeout_s = timeout_s
        self._process: Process | None = None
        self._turn = asyncio.Lock()
        self._replaced: set[Voice] = set()

    @property
    def signature(self) -> str:
        """See the port."""
        return f"espeak-ng 1 {self._fallback}"

    async def say(self, utterance: Utterance, into: Path) -> None:
        """See the port. Raises MediaError."""
        if not installed():
            raise MediaError(MISSING)
        self._warn(utterance.voice)
        line = msgspec.json.encode(Order(utterance, str(into))) + b"\n"
        async with self._turn:
            try:
                async with asyncio.timeout(self._timeout_s):
                    told = await self._ask(line)
            except TimeoutError:
                await self._end()
                raise MediaError(f"the text was not spoken within {self._timeout_s:g} s") from None
            except OSError as error:
                await self._end()
                raise MediaError(f"the speech engine does not run: {error}") from error
            except asyncio.CancelledError:
                await self._end()  # its answer must not be taken for that to the next text
                raise
            if not told:
                await self._end()
                raise MediaError("the speech engine broke down over this text")
        answer = msgspec.json.decode(told, type=Answer)
        if answer.error:
            raise MediaError(answer.error)

    def _warn(self, voice: str) -> None:
        """Once for each: it is not the voice that the application knows."""
        known = polly(voice)
        if known is not None and known not in self._replaced:
            self._replaced.add(known)
            who = "a man" if known.man else "a woman"
            log.warning(
                "voice_replaced", voice=voice, by=f"espeak-ng, {who}", language=known.language
            )

    async def close(self) -> None:
        """End the process."""
        async with self._turn:
            await self._end()

    async def _ask(self, line: bytes) -> bytes:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", _MODULE, self._fallback,
                stdin=PIPE, stdout=PIPE, start_new_session=True,
            )  # fmt: skip
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(ConnectionError):  # it has died: there is no answer then
            process.stdin.write(line)
            await process.stdin.drain()
        return await process.stdout.readline()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
