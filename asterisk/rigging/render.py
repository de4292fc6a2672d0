"""Turning the templates in `etc/` into an instance's configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from .errors import RigError

HERE = Path(__file__).resolve().parents[1]
_PLACE = re.compile(r"\$\{(AST_[A-Z_]+)\}")
_LOAD = re.compile(r"^load = (\S+)$", re.MULTILINE)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Fill in every ${AST_...}; the dialplan's own ${...} stay as they are."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise RigError(f"A template in asterisk/etc wants {match[1]}, which nothing sets.")
        return values[match[1]]

    return _PLACE.sub(value, text)


def without_missing(text: str, modules: Path) -> str:
    """Leave out the modules that this Asterisk does not have."""

    def line(match: re.Match[str]) -> str:
        return match[0] if (modules / match[1]).exists() else f"; not in this Asterisk: {match[1]}"

    return _LOAD.sub(line, text)


def render(name: str, target: Path, values: Mapping[str, str], modules: Path) -> None:
    """Write the configuration of pbx or carrier into a folder."""
    templates = [*HERE.glob("etc/both/*.conf"), *HERE.glob(f"etc/{name}/*.conf")]
    if name == "pbx":
        templates += HERE.glob("dialplan/*.conf")
    for path in sorted(templates):
        text = fill(path.read_text(), values)
        if path.name == "modules.conf":
            text = without_missing(text, modules)
        written = target / path.name
        written.touch(mode=0o600)
        written.write_text(text)
