"""Reads the YAML file: all mistakes at once, each with its line (O-3), or the settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError

from recordbridge.errors import ConfigError
from recordbridge.settings import across, sentences
from recordbridge.settings.model import Settings
from recordbridge.settings.places import Mistake
from recordbridge.settings.reading import Reading, Value


@dataclass(frozen=True)
class Survey:
    """What is in a YAML file: the settings, or every mistake as a finished line.

    `flows` are the applications' flow files that exist, be the rest good or not.
    """

    settings: Settings | None
    mistakes: tuple[str, ...] = ()
    flows: tuple[tuple[str, Path], ...] = ()


def load(path: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of a YAML file; paths in them are absolute.

    Raises ConfigError with every mistake: `FILE:LINE: key.path: what is wrong; what is allowed`.
    """
    found = survey(path, environ)
    if found.settings is None:
        raise ConfigError(list(found.mistakes))
    return found.settings


def survey(path: Path, environ: Mapping[str, str] = os.environ) -> Survey:
    """The same without raising."""
    node = _compose(path)
    if isinstance(node, Mistake):
        return Survey(None, (node.line_of(str(path)),))
    base = path.absolute().parent
    reading = Reading(base, environ)
    values = reading.value(node) if node else {}
    if not isinstance(values, dict):
        mistake = Mistake(1, (), "there are no keys", "at least accounts and asterisk are given")
        return Survey(None, (mistake.line_of(str(path)),))
    settings = None
    try:
        settings = Settings.model_validate(values, context={"base": base})
    except ValidationError as error:
        sentences.note(reading.places, Settings, error.errors(include_url=False))
    across.note(reading.places, values)
    lines = [
        each.line_of(str(path))
        for each in sorted(reading.places.mistakes, key=lambda each: each.line)
    ]
    flows = tuple(_flows(values, base))
    if settings is None or lines:
        return Survey(None, tuple(dict.fromkeys(lines)), flows)
    return Survey(settings.read_from(path.absolute()), flows=flows)


def _flows(values: dict[str, Value], base: Path) -> list[tuple[str, Path]]:
    applications = values.get("applications")
    found = []
    for name, entry in applications.items() if isinstance(applications, dict) else ():
        flow = entry.get("flow") if isinstance(entry, dict) else None
        if isinstance(flow, str) and (base / Path(flow).expanduser()).is_file():
            found.append((name, base / Path(flow).expanduser()))
    return found


def _compose(path: Path) -> yaml.Node | Mistake | None:
    """The file's node graph; None when it is empty."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        wrong = f"the file cannot be read ({error.strerror})"
        return Mistake(1, (), wrong, "give the path of a YAML file")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return Mistake(line, (), "the file is not UTF-8 text", "save it as UTF-8")
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return Mistake(line, (), "a control character stands here", "remove it")
    except yaml.MarkedYAMLError as error:
        return _syntax(error)
    except RecursionError:
        return Mistake(1, (), "the lists are nested too deeply", "three levels are enough")
    return node


def _syntax(error: yaml.MarkedYAMLError) -> Mistake:
    """Where YAML gave up, and why, in its own words."""
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    column = f" in column {mark.column + 1}" if mark else ""
    problem = (error.problem or "something unexpected").replace(";", ",")
    if "'\\t'" in problem:
        return Mistake(line, (), f"a tab stands{column}", "indent with spaces")
    return Mistake(line, (), f"this is not YAML{column}, {problem}", "correct the syntax")
