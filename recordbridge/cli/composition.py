"""The composition root as the commands see it, imported only when a command needs it.

`check`, `init` and `version` must answer quickly, also where the service itself cannot start.
"""

from __future__ import annotations

import importlib
from typing import Protocol, cast

from recordbridge.settings import Settings


class App(Protocol):
    """What `recordbridge.app` offers."""

    def serve(self, settings: Settings) -> int:
        """Run until told to stop; the exit code."""
        ...

    def check_live(self, settings: Settings) -> list[str]:
        """What is wrong with the Asterisk servers, one finished line each (O-3).

        Raises PbxUnavailableError when one is not reachable.
        """
        ...


def app() -> App:
    """The composition root."""
    return cast(App, importlib.import_module("recordbridge.app"))
