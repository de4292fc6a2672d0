"""A live recording of a snoop: a WAV file that grows in real time and ends as Asterisk's do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from tests.fakeari import sound

BUFFER = 32 * 1024
TICK_S = 0.02
KEPT_SILENCE_S = 0.2


class Tape:
    """States as in Asterisk: queued, recording, done (told at once by a stop), canceled."""

    def __init__(
        self,
        name: str,
        snoop: str,
        path: Path,
        frame_now: Callable[[float], bytes],
        *,
        max_silence_s: int,
        max_duration_s: int,
        wall: Callable[[], float],
    ) -> None:
        self.name = name
        self.snoop = snoop
        self.path = path
        self.state = "queued"
        self.duration: int | None = None
        self._frame_at = frame_now
        self._max_silence_s = max_silence_s
        self._max_duration_s = max_duration_s
        self._wall = wall
        self._began_s = 0
        self._stop = asyncio.Event()
        self._frames = 0
        self._silent = 0
        self._unwritten = bytearray()

    def described(self) -> dict[str, object]:
        """The LiveRecording of Asterisk's model."""
        told: dict[str, object] = {
            "name": self.name,
            "format": "wav",
            "state": self.state,
            "target_uri": f"channel:{self.snoop}",
        }
        return told if self.duration is None else told | {"duration": self.duration}

    def stop(self) -> None:
        """`done` is told at once, before anything has been closed."""
        if self.state == "queued":
            self.state = "canceled"  # and yet it will start: Asterisk never looks at it again
        else:
            self.state = "done"
            self._stop.set()

    def snoop_ends(self) -> None:
        """The spied channel or the snoop hung up."""
        self._stop.set()

    async def run(self, began: Callable[[], None]) -> None:
        """Record until the end; the file is closed when this returns."""
        self.state = "recording"
        self._began_s = int(self._wall())
        began()
        start = asyncio.get_running_loop().time()
        with self.path.open("wb") as file:
            file.write(sound.header(0))
            file.flush()
            ended_by_itself = False
            while not self._stop.is_set() and not ended_by_itself:
                ended_by_itself = self._catch_up(start)
                if len(self._unwritten) >= BUFFER:
                    file.write(self._unwritten[:BUFFER])
                    file.flush()
                    del self._unwritten[:BUFFER]
                await self._pause()
            file.write(self._unwritten)
            size = 2 * sound.FRAME_SAMPLES * self._frames
            if ended_by_itself and self._max_silence_s and self._silent:
                kept = round(KEPT_SILENCE_S / sound.FRAME_S)
                size -= 2 * sound.FRAME_SAMPLES * max(0, self._silent - kept)
            file.truncate(44 + size)
            file.seek(0)
            file.write(sound.header(size))
        self.duration = size // (2 * sound.RATE)
        self.state = "done"

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), TICK_S)
        except TimeoutError:
            return

    def _catch_up(self, start: float) -> bool:
        """Write the frames that are due; True when silence or the longest duration ended it."""
        due = int((asyncio.get_running_loop().time() - start) / sound.FRAME_S)
        while self._frames < due:
            frame = self._frame_at(start + self._frames * sound.FRAME_S)
            self._unwritten += frame
            self._frames += 1
            self._silent = 0 if frame is not sound.QUIET else self._silent + 1
            if self._max_silence_s and self._silent * sound.FRAME_S > self._max_silence_s:
                return True
            # Whole seconds are compared, so that up to one more is recorded.
            if self._max_duration_s and int(self._wall()) - self._began_s > self._max_duration_s:
                return True
        return False
