"""Sounds that an application serves to be played: known pieces, found again by ear."""

from __future__ import annotations

import io
import wave

from tests.receiver import Reply
from tests.service.audio import RATE, known
from tests.service.service import Line


def wav(seconds: float, start_s: float = 30.0) -> bytes:
    """A WAV with a piece of the known signal."""
    first = round(start_s * RATE)
    samples = known()[first : first + round(seconds * RATE)]
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return data.getvalue()


def serve(line: Line, name: str, seconds: float, start_s: float = 30.0) -> str:
    """The URL of such a WAV at the application."""
    line.script(name, Reply(body=wav(seconds, start_s), content_type="audio/wav"))
    return line.url(name)


def play(line: Line, name: str, seconds: float, start_s: float = 30.0, loop: int = 1) -> str:
    """A Play of it."""
    return f'<Play loop="{loop}">{serve(line, name, seconds, start_s)}</Play>'
