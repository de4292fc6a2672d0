"""Speech to text as the engine sees it (M-5)."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from recordbridge.machine.transcription import Spoken


class Listener(Protocol):
    """A transcription engine. An empty `model` is the one that it is configured with."""

    def name(self, model: str) -> str:
        """Which engine and model, for people."""
        ...

    def trouble(self, model: str) -> str:
        """Why it cannot be used at all, in a sentence; empty when it can."""
        ...

    async def listen(
        self, recording: Path, *, stereo: bool, duration_ms: int, model: str
    ) -> list[Spoken]:
        """What is said in the file, in its order; in stereo by whom.

        Raises MediaError for a file that cannot be heard, ListenerAwayError when the engine cannot
        be reached now, ListenerError when it broke down: then it may be asked again.
        """
        ...

    async def rest(self) -> None:
        """There is nothing to do for now: give back what can be given back."""
        ...
