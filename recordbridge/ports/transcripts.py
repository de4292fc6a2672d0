"""Speech to text as the engine sees it (M-5)."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from recordbridge.machine.transcription import Spoken


class Listener(Protocol):
    """A transcription engine. `name` says which, for people."""

    @property
    def name(self) -> str: ...

    def trouble(self) -> str:
        """Why it cannot be used at all, in a sentence; empty when it can."""
        ...

    async def listen(self, recording: Path, *, stereo: bool, duration_ms: int) -> list[Spoken]:
        """What is said in the file, in its order; in stereo by whom.

        Raises MediaError for a file that cannot be heard, ListenerError when the engine broke
        down: then it may be asked again.
        """
        ...

    async def rest(self) -> None:
        """There is nothing to do for now: give back what can be given back."""
        ...
