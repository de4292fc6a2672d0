"""faster-whisper as a transcription engine: offline, in a process of its own (M-5).

The process is niced, takes few threads, stands still while a call waits, is the first one that a
machine without memory ends, and dies with its standard input or its parent, that is, also when
this process is killed. It is started with the first recording, hears one at a time, and is ended
when there is nothing to do: its model is the largest thing in memory.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path

import msgspec

from recordbridge.errors import ListenerError, MediaError
from recordbridge.machine.transcription import Spoken
from recordbridge.speech import models
from recordbridge.speech.listening import Begun, Heard, Listen
from recordbridge.speech.stillness import Stillness

EXTRA = "recordbridge[transcription]"
MISSING = f"the transcription engine is not installed (pip install '{EXTRA}')"
NO_MODEL = (
    "transcription.model: there is no model {!r} on this machine; allowed: a folder with a model "
    "in CTranslate2's format, tiny.en, or a name that is in Hugging Face's cache"
)
NO_FOLDER = "a model is asked for by its name: its folder is the operator's, in transcription.model"
START_S = 120.0
"""For the start of the process, and the model."""
SLOWEST = 4.0
"""How many times as long as the recording its transcription may take: calls go first."""
OFFLINE = {"HF_HUB_OFFLINE": "1"}
AT_ONCE = "at-once"
"""Tells the process not to give way: where there are no calls."""
LONGEST_LINE = 1 << 26
_MODULE = "recordbridge.speech.whisper_process"


def installed() -> bool:
    """Whether the extra is there."""
    return importlib.util.find_spec("faster_whisper") is not None


def trouble(model: str) -> str:
    """Why there is no transcription with that model, in a sentence; empty when there is."""
    if not installed():
        return MISSING
    return "" if models.find(model) is not None else NO_MODEL.format(model)


class Whisper:
    """Implements `ports.transcripts.Listener`. `rest` it at the end. It gives way to calls, unless
    there are none; `stood` is told for how many seconds it stood still.
    """

    def __init__(
        self,
        model: str,
        threads: int = 0,
        *,
        gives_way: bool = True,
        stood: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self._model = model
        self._threads = threads or min(2, os.cpu_count() or 1)
        self._gives_way = gives_way
        self._stood = stood
        self._stillness: Stillness | None = None
        """While it works, and may be stopped."""
        self._loaded = ""
        self._process: Process | None = None
        self._mortal = False  # see `Begun`

    def name(self, model: str) -> str:
        """See the port."""
        return f"faster-whisper {Path(model or self._model).name}"

    def trouble(self, model: str) -> str:
        """See the port."""
        if model and "/" in model and model != self._model:
            return NO_FOLDER
        return trouble(model or self._model)

    async def listen(
        self, recording: Path, *, stereo: bool, duration_ms: int, model: str
    ) -> list[Spoken]:
        """See the port. Another model than the last time costs the start of a process."""
        model = model or self._model
        if model != self._loaded:
            await self.rest()
            self._loaded = model
        patience_s = START_S + SLOWEST * duration_ms / 1000
        order = msgspec.json.encode(Listen(str(recording), stereo)) + b"\n"
        done = False
        try:
            async with asyncio.timeout(patience_s) as patience:
                process = await self._running()
                holdable = self._gives_way and self._mortal
                with self._holdable(process, patience) if holdable else nullcontext():
                    told = await _ask(process, order)
            done = told.endswith(b"\n")  # else it died, perhaps in the middle of its answer
        except TimeoutError:
            raise ListenerError(f"it was not transcribed within {patience_s:.0f} s") from None
        except (OSError, ValueError) as error:
            raise ListenerError(f"the transcription engine does not run: {error}") from error
        finally:
            if not done:  # nor may a late answer be taken for that about another recording
                await self.rest()
        if not done:
            raise ListenerError("the transcription engine died")
        heard = msgspec.json.decode(told, type=Heard)
        if heard.error:
            raise MediaError(heard.error)
        return list(heard.spoken)

    async def rest(self) -> None:
        """See the port."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()

    def hold(self) -> None:
        """A call waits for us: stand still for a moment, if there is anything to do."""
        if self._stillness is not None:
            self._stillness.hold()

    @contextmanager
    def _holdable(self, process: Process, patience: asyncio.Timeout) -> Iterator[None]:
        """It may be stopped while the block lasts. What it stands still costs no patience."""

        def go(stood_s: float) -> None:
            _send(process, signal.SIGCONT)
            self._stood(stood_s)
            until = patience.when()
            if until is not None and not patience.expired():
                patience.reschedule(until + stood_s)

        stop = partial(_send, process, signal.SIGSTOP)
        stillness = self._stillness = Stillness(stop, go, asyncio.get_running_loop())
        try:
            yield
        finally:
            self._stillness = None
            stillness.end()

    async def _running(self) -> Process:
        """Its process; started, when there is none, up to where it may be stopped."""
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", _MODULE, str(models.find(self._loaded)),
                str(self._threads), *(() if self._gives_way else (AT_ONCE,)),
                stdin=PIPE, stdout=PIPE, start_new_session=True, limit=LONGEST_LINE,
                env=os.environ | OFFLINE,
            )  # fmt: skip
            assert self._process.stdout is not None
            begun = await self._process.stdout.readline()
            self._mortal = begun.endswith(b"\n") and msgspec.json.decode(begun, type=Begun).mortal
        return self._process


async def _ask(process: Process, order: bytes) -> bytes:
    """Its answer; without an end of line when it has died."""
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(ConnectionError):
        process.stdin.write(order)
        await process.stdin.drain()
    return await process.stdout.readline()


def _send(process: Process, number: signal.Signals) -> None:
    """It may have died."""
    with suppress(ProcessLookupError):
        process.send_signal(number)
