"""An Asterisk as the engine sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from recordbridge.instant import Instant
from recordbridge.machine.facts import CallEntered, Fact, PbxSeen
from recordbridge.machine.intents import Pbx as PbxIntent

FactSink = Callable[[str, Fact], None]
"""Takes (CallUUID, fact); called in the order of Asterisk's events, never re-entered."""


class Offers(Protocol):
    """N-6: decides about calls that are offered to all workers."""

    def wanted(self, channel_id: str) -> bool:
        """Whether to claim it; if so, its place is kept for a moment."""
        ...

    def lost(self, channel_id: str) -> None:
        """Another worker was faster."""
        ...


class Belongings(msgspec.Struct):
    """What Asterisk has that bears the name of one call."""

    snoops: list[str] = []
    legs: dict[str, str] = {}
    """Legs and their states: `Down` while nothing was heard of the phone, `Ringing`, `Up`."""
    bridges: dict[str, tuple[str, ...]] = {}
    """Bridges, and the channels in them."""
    stored: list[str] = []
    """Recordings of which there is a file."""


class Survey(msgspec.Struct):
    """What an Asterisk has of ours at one moment."""

    up_since: Instant
    """When this Asterisk was started, by its own clock."""
    ours: set[str]
    """All channels of our application, snoops and legs included."""
    channels: dict[str, str]
    """All others on this Asterisk, and their states."""
    calls: dict[str, bool]
    """The main channels in our application, and whether they are up."""
    belongings: dict[str, Belongings]
    """By CallUUID."""


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

    def adopt(self, call_uuid: str, channel_id: str, former: list[str], legs: list[str]) -> None:
        """Know the channels of a call from an earlier life: ids do not tell it after a transfer.

        `former` are channels that its present one has replaced.
        """
        ...

    async def survey(self) -> Survey:
        """All that is there of ours, asked for in a few requests. Raises PbxUnavailableError."""
        ...

    async def look(
        self, channel_id: str, survey: Survey, *, captures: list[str], playbacks: list[str]
    ) -> PbxSeen:
        """What of a call is there now; nothing lists `captures` and `playbacks` that still run.

        Raises PbxUnavailableError.
        """
        ...

    async def bring_in(self, channels: list[str], others: list[str], bridges: list[str]) -> None:
        """N-6: have these `channels` in our application, whichever they are in now, and hear of
        the `others` and `bridges` too. What is not there any more is passed over.

        Raises PbxUnavailableError.
        """
        ...

    async def send_on(self, channel_id: str, app: str, args: Mapping[str, str]) -> None:
        """N-6: let a channel of ours enter another worker's application; raises like `bring_in`."""
        ...

    async def in_application(self, app: str) -> list[str]:
        """N-6: the main channels that wait in that application; raises like `bring_in`."""
        ...

    async def calls_present(self, survey: Survey) -> list[tuple[str, Fact]]:
        """(CallUUID, CallEntered) of every call in our application; raises like `look`."""
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
