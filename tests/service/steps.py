"""What a caller does, step by step: `[speak(2), press("#"), silence(1)]`.

Between and after the steps the caller's phone sends no RTP at all; the call stays until
somebody hangs up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tests.service.carrier import Call

Step = Callable[[Call], Awaitable[None]]


def speak(seconds: float, start_s: float = 0.0) -> Step:
    """The known signal, loud, from `start_s` of it on."""
    return lambda call: call.speak(seconds, start_s)


def silence(seconds: float = 60.0) -> Step:
    """Silence in the RTP."""
    return lambda call: call.silence(seconds)


def mute(seconds: float) -> Step:
    """No RTP at all."""
    return lambda _: asyncio.sleep(seconds)


def press(keys: str, down_ms: int = 100) -> Step:
    """Keys, one after the other."""

    async def step(call: Call) -> None:
        for key in keys:
            await call.press(key, down_ms)
            await asyncio.sleep(0.1)

    return step


def softly(divisor: int) -> Step:
    """From now on everything is that many times softer."""
    return lambda call: call.volume(divisor)


def hang_up() -> Step:
    return lambda call: call.hang_up()
