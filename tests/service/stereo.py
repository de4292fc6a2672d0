"""Recordings with two channels: caller left, far side right, and how far they are apart (S-7)."""

from __future__ import annotations

import io
import wave
from typing import NamedTuple

import numpy as np

from tests.service.audio import RATE, Sound, find
from tests.service.service import Delivered, Line


class Stereo(NamedTuple):
    """The callback of a recording, and its two sides."""

    callback: dict[str, str]
    caller: Sound
    far: Sound

    @property
    def side(self) -> Delivered:
        """One of them, for what holds for both."""
        return Delivered(self.callback, self.caller)


def read(data: bytes) -> tuple[Sound, Sound]:
    """The sides of a stereo WAV; one of nothing has no sides."""
    with wave.open(io.BytesIO(data)) as file:
        if not file.getnframes():
            return Sound(np.zeros(0, np.int16)), Sound(np.zeros(0, np.int16))
        assert (file.getsampwidth(), file.getnchannels(), file.getframerate()) == (2, 2, RATE)
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    return Sound(samples[::2]), Sound(samples[1::2])


async def delivered(line: Line, name: str = "callback", timeout: float = 20.0) -> Stereo:
    """The next stereo recording of a line."""
    callback = (await line.next(name, timeout)).params
    status, _, data = await line.service.get(callback["RecordUrl"])
    assert status == 200, (status, data)
    caller, far = read(data)
    return Stereo(callback, caller, far)


def places(
    sound: Sound, window: int = RATE // 2, stride: int | None = None
) -> list[tuple[int, int]]:
    """Where each window of the known signal stands: (in the sound, in the signal)."""
    found = []
    for at in range(0, len(sound.samples) - window, stride or window):
        place = find(sound, at, window)
        if place.likeness > 0.9:
            found.append((place.at, place.of))
    return found


def lags_ms(kept: Stereo, every: int = 2 * RATE) -> list[float]:
    """Every two seconds, with the known signal on both sides, how much later the far side is.

    Both sides play the signal from its beginning.
    """
    caller, far = (dict(places(side, RATE // 2, every)) for side in (kept.caller, kept.far))
    return [(caller[at] - far[at]) * 1000 / RATE for at in sorted(caller.keys() & far.keys())]
