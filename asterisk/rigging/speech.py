"""What the carrier says: one long stretch of real speech without pauses, and silence.

The speech is Asterisk's own English prompts with their pauses taken out and their loudness evened,
so it starts at once and never stops for longer than a tenth of a second. It is cut into
`talk-SECONDS.ulaw` files: a script talks for exactly as long as the file it plays.
"""

from __future__ import annotations

import os
import wave
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path

from . import markers, ulaw
from .errors import RigError

RATE = 8000
LONGEST_S = 600
_FRAME = RATE // 50
_QUIET = 350
_PAUSE_FRAMES = 5
_LOUDNESS = 2500
_BASE_S = 60
_COMPLETE = "ready-2"
"""Says that all files are there; another name when there are more of them."""
_READY_MADE = [f"0.{tenth}" for tenth in range(1, 10)] + [str(whole) for whole in range(1, 61)]


def _samples(path: Path) -> array[int]:
    with wave.open(str(path)) as sound:
        if sound.getframerate() != RATE or sound.getsampwidth() != 2:
            return array("h")
        return array("h", sound.readframes(sound.getnframes()))


def _loudness(samples: Iterable[int], count: int) -> float:
    return sum(abs(value) for value in samples) / max(1, count)


def _without_pauses(samples: array[int]) -> Iterator[array[int]]:
    quiet = _PAUSE_FRAMES  # no pause is kept at the start
    for at in range(0, len(samples) - _FRAME + 1, _FRAME):
        frame = samples[at : at + _FRAME]
        quiet = quiet + 1 if _loudness(frame, _FRAME) < _QUIET else 0
        if quiet <= _PAUSE_FRAMES:
            yield frame


def _level(samples: array[int]) -> array[int]:
    gain = _LOUDNESS / max(1.0, _loudness(samples, len(samples)))
    return array("h", [max(-32000, min(32000, round(value * gain))) for value in samples])


def continuous(prompts: Iterable[Path], seconds: int = _BASE_S) -> array[int]:
    """Join prompts into that many seconds of speech without pauses."""
    spoken = array("h")
    for path in prompts:
        voiced = array("h")
        for frame in _without_pauses(_level(_samples(path))):
            voiced.extend(frame)
        if len(voiced) >= RATE // 2:
            spoken.extend(voiced)
        if len(spoken) >= seconds * RATE:
            return spoken[: seconds * RATE]
    raise RigError("Asterisk's English prompts (asterisk-core-sounds-en-wav) are missing.")


def _write(path: Path, data: bytes) -> None:
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_bytes(data)
    draft.replace(path)


def _repeat(data: bytes, length: int) -> bytes:
    return (data * (length // len(data) + 1))[:length]


def prepare(folder: Path, prompts: Path) -> None:
    """Fill the folder with everything the scripts play, unless it is there already."""
    if (folder / _COMPLETE).exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    longest = sorted(prompts.glob("*.wav"), key=lambda path: (-path.stat().st_size, path.name))
    speech = ulaw.encode(continuous(longest))
    for name in _READY_MADE:
        _write(folder / f"talk-{name}.ulaw", speech[: round(float(name) * RATE)])
    silence = bytes([ulaw.SILENCE])
    for seconds in (1, 60):
        _write(folder / f"silence-{seconds}.ulaw", silence * (seconds * RATE))
    for name in markers.SEEDS:
        _write(folder / f"{name}.ulaw", markers.code(name))
    _write(folder / _COMPLETE, b"")


def cut(folder: Path, seconds: str) -> None:
    """Make sure that `talk-SECONDS` exists for a value that is not one of the ready-made ones."""
    path = folder / f"talk-{seconds}.ulaw"
    if path.exists():
        return
    try:
        length = float(seconds)
    except ValueError:
        length = 0.0
    if not 0 < length <= LONGEST_S:
        raise RigError(f"RIG_TALK_S={seconds}: seconds of speech must be over 0, at most 600.")
    speech = (folder / f"talk-{_BASE_S}.ulaw").read_bytes()
    _write(path, _repeat(speech, round(length * RATE)))
