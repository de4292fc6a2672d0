"""What both ways of transcribing a batch speak of."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from recordbridge.instant import Instant

GONE = "there is no such recording"


class Found(NamedTuple):
    """A transcription that is there: `engine` made its text, if there is one."""

    waiting: bool
    error: str
    engine: str


class Desk(Protocol):
    """Where recordings are transcribed. All raise StorageError when it cannot be reached."""

    async def known(self, recording_id: str) -> bool:
        """Whether there is such a recording."""
        ...

    async def since(self, at: Instant) -> list[str]:
        """Recordings that have ended and were begun since then, oldest first."""
        ...

    async def found(self, recording_id: str) -> Found | None:
        """Its transcription, if there is one."""
        ...

    async def ask(self, recording_id: str, model: str) -> str:
        """Have it transcribed; why it is not, in a sentence, or nothing."""
        ...
