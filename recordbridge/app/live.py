"""`recordbridge check --live`: the configured Asterisks as they are now (O-3)."""

from __future__ import annotations

from recordbridge.settings import Settings


def check_live(settings: Settings) -> list[str]:
    """What is wrong, one finished line each. Raises PbxUnavailableError."""
    raise NotImplementedError(settings)
