"""`recordbridge serve`: the service, until it is told to stop."""

from __future__ import annotations

from pathlib import Path

from recordbridge.cli.composition import app
from recordbridge.settings import load


def serve(file: Path) -> int:
    """Run the service with a YAML file; its exit code. Raises ConfigError."""
    settings = load(file)
    return app().serve(settings)
