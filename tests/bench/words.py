"""Word errors of the whole way: Asterisk's prompts, played by callers, recorded and transcribed.

Each prompt is a call of its own over SIP: the caller plays it and hangs up, the recording is
transcribed as shipped, and the text that the application is told is compared with the text of
the package. Both are brought into one form first by the normaliser that Whisper was published
with ("5" and "five", "I'm" and "I am" are the same).
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from whisper_normalizer.english import EnglishTextNormalizer

from tests.bench.prompts import Prompt
from tests.hearing.words import errors
from tests.service.carrier import Call
from tests.service.conftest import running
from tests.service.service import Line, Service
from tests.service.steps import hang_up

AT_ONCE = 6
PATIENCE_S = 300

normal: Callable[[str], str] = EnglishTextNormalizer()


class Heard(NamedTuple):
    """A prompt and what was told of it; `errors` of `words`."""

    prompt: Prompt
    said: str
    heard: str
    words: int
    errors: int


async def listen(
    rig: dict[str, str], folder: Path, prompts: Sequence[Prompt], keep: Path | None = None
) -> list[Heard]:
    """Call with all of them; the recordings go to `keep` too."""

    def change(configured: dict[str, Any]) -> None:
        configured["log"] = {"format": "json", "level": "info"}

    async with running(rig, folder, change) as service:
        lines = [service.line() for _ in range(AT_ONCE)]
        waiting = list(reversed(prompts))
        heard: list[Heard] = []

        async def work(line: Line) -> None:
            while waiting:
                heard.append(await _one(service, line, waiting.pop(), keep))

        await asyncio.gather(*(work(line) for line in lines))
        await service.program.stop()
    return sorted(heard)


async def _one(service: Service, line: Line, prompt: Prompt, keep: Path | None) -> Heard:
    async def say(call: Call) -> None:
        await call.play(prompt.name, prompt.seconds + 10, [])

    line.answers(line.record(finishOnKey="none", transcriptionUrl=line.url("text")))
    call = await line.call([say, hang_up()])
    await call.ended()
    params = (await line.next("text", PATIENCE_S)).params
    assert params["error"] == "", params
    if keep is not None:
        recording = Path(service.program.folder) / "recordings"
        (file,) = recording.rglob(f"{params['recording_id']}.wav")
        await asyncio.to_thread(shutil.copy, file, keep / f"{prompt.name.replace('/', '_')}.wav")
    return judged(prompt, params["transcription"])


def judged(prompt: Prompt, text: str) -> Heard:
    """Compare."""
    said, heard = normal(prompt.text), normal(text)
    words = said.split()
    return Heard(prompt, said, heard, len(words), errors(words, heard.split()))


def rate(heard: Sequence[Heard]) -> float:
    """Word errors in percent of all words."""
    return 100 * sum(each.errors for each in heard) / sum(each.words for each in heard)
