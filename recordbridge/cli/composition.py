"""The composition root as the commands see it, imported only when a command needs it.

`check`, `init` and `version` must answer quickly, also where the service itself cannot start.
"""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar, cast

from recordbridge.instant import Instant
from recordbridge.ports.lists import Lists
from recordbridge.settings import Settings

_Found = TypeVar("_Found")


class App(Protocol):
    """What `recordbridge.app` offers."""

    def serve(self, settings: Settings) -> int:
        """Run until told to stop; the exit code."""
        ...

    def transcribe(
        self,
        settings: Settings,
        recordings: tuple[str, ...],
        *,
        since: Instant | None,
        model: str,
        again: bool,
        told: Callable[[int, int], None],
    ) -> dict[str, str]:
        """Have recordings transcribed; the error of each, empty when there is a text.

        Raises StorageError when neither service nor database can be reached.
        """
        ...

    def check_live(self, settings: Settings) -> list[str]:
        """What is wrong with the Asterisk servers, one finished line each (O-3).

        Raises PbxUnavailableError when one is not reachable.
        """
        ...

    def look(self, settings: Settings, ask: Callable[[Lists], Awaitable[_Found]]) -> _Found:
        """Read in the database, whether the service runs or not. Raises StorageError."""
        ...

    def replay(
        self, settings: Settings, account: str, path: str, filters: Mapping[str, str]
    ) -> int:
        """Have the running service send deliveries again; how many.

        Raises ServiceAwayError when it cannot be reached, KeyError (why) when it refuses.
        """
        ...


def app() -> App:
    """The composition root."""
    return cast(App, importlib.import_module("recordbridge.app"))
