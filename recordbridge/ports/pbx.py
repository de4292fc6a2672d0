"""An Asterisk as the engine sees it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from recordbridge.machine.facts import CallEntered, Fact, PbxSeen
from recordbridge.machine.intents import Pbx as PbxIntent

FactSink = Callable[[str, Fact], None]
"""Takes (CallUUID, fact); called in the order of Asterisk's events, never re-entered."""


class Pbx(Protocol):
    """One configured Asterisk. `name` is the YAML name (E-7)."""

    name: str

    @property
    def connected(self) -> bool:
        """Events flow and the state was reconciled."""
        ...

    def perform(self, intent: PbxIntent) -> None:
        """Send the command without waiting; what fails comes back as `CommandRefused`."""
        ...

    async def look(
        self,
        channel_id: str,
        *,
        captures: list[str],
        snoops: list[str],
        playbacks: list[str],
        legs: list[str],
    ) -> PbxSeen:
        """What of a call is there now: those of the ids given that still run, and the channel.

        Raises PbxUnavailableError.
        """
        ...

    async def find(self, call: str) -> CallEntered | None:
        """The channel with that id or CallUUID, wherever in Asterisk it is; `at` = its beginning.

        Ours (legs, not snoops) too. Raises PbxUnavailableError.
        """
        ...

    def recording_file(self, name: str) -> Path | None:
        """Where Asterisk's WAV of that name should be, when its folder is shared with us."""
        ...

    async def fetch_recording(self, name: str, into: Path) -> Path:
        """Where Asterisk's WAV of that name can be read, byte for byte.

        In the shared folder itself when there is one, else at `into`, fetched over ARI. Raises
        PbxGoneError when there is no such file, PbxUnavailableError when waiting may help.
        """
        ...

    async def delete_recordings(self, names: list[str]) -> None:
        """Delete Asterisk's copies; a missing one is fine. Raises PbxError."""
        ...
