"""`recordbridge version`: what a bug report should begin with."""

from __future__ import annotations

import platform
from importlib import metadata
from xml.parsers import expat

from recordbridge.cli.output import GOOD, give

LIBRARIES = (
    "aiohttp", "lameenc", "msgspec", "pydantic", "pyyaml", "soxr", "sqlalchemy", "structlog",
    "uvloop", "websockets",
)  # fmt: skip


def version(*, as_json: bool) -> int:
    """Print the versions on stdout."""
    own = _version("recordbridge")
    python = platform.python_version()
    parser = expat.EXPAT_VERSION.removeprefix("expat_")
    libraries = {name: _version(name) for name in LIBRARIES}
    if as_json:
        give({"recordbridge": own, "python": python, "expat": parser, "libraries": libraries})
    else:
        print(f"recordbridge {own}")
        for name, number in {"python": python, "expat": parser, **libraries}.items():
            print(f"  {name} {number}")
    return GOOD


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
