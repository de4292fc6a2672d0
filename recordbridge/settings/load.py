"""Reads the YAML file: all mistakes at once, each with its line (O-3), or the settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import ValidationError

from recordbridge.errors import ConfigError
from recordbridge.settings import across, sentences
from recordbridge.settings.model import Settings
from recordbridge.settings.places import Mistake
from recordbridge.settings.reading import Reading


def load(path: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of a YAML file; paths in them are absolute.

    Raises ConfigError with every mistake: `FILE:LINE: key.path: what is wrong; what is allowed`.
    """
    file = path.absolute()
    text = _text(path)
    node = _compose(path, text)
    reading = Reading(text, file.parent, environ)
    if not isinstance(node, yaml.MappingNode):
        raise _config_error(
            path, [Mistake(1, (), "there are no keys", "at least accounts and asterisk are given")]
        )
    values = reading.value(node)
    settings = None
    try:
        settings = Settings.model_validate(values, context={"base": file.parent})
    except ValidationError as error:
        sentences.note(reading.places, Settings, error.errors(include_url=False))
    if isinstance(values, dict):
        across.note(reading.places, values)
    if settings is None or reading.places.mistakes:
        raise _config_error(path, reading.places.mistakes)
    settings._file = file  # noqa: SLF001 - known only here
    return settings


def _config_error(path: Path, mistakes: list[Mistake]) -> ConfigError:
    lines = [each.line_of(str(path)) for each in sorted(mistakes, key=lambda each: each.line)]
    return ConfigError(list(dict.fromkeys(lines)))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        wrong = f"the file cannot be read ({error.strerror})"
        mistake = Mistake(1, (), wrong, "give the path of a YAML file")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        mistake = Mistake(line, (), "the file is not UTF-8 text", "save it as UTF-8")
    raise _config_error(path, [mistake])


def _compose(path: Path, text: str) -> yaml.Node | None:
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        mistake = Mistake(line, (), "a control character stands here", "remove it")
    except yaml.MarkedYAMLError as error:
        mistake = _syntax(error)
    else:
        return node
    raise _config_error(path, [mistake])


def _syntax(error: yaml.MarkedYAMLError) -> Mistake:
    """Where YAML gave up, and why, in its own words."""
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    column = f" in column {mark.column + 1}" if mark else ""
    context = f" {error.context}" if error.context else ""
    problem = error.problem or "something unexpected"
    if "'\\t'" in problem:
        return Mistake(line, (), f"a tab stands{column}", "indent with spaces")
    return Mistake(
        line, (), f"not YAML{column}:{context} {problem}".replace(";", ","), "correct the syntax"
    )
