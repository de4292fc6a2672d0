"""The reference of all keys and the JSON Schema for editors, both made from the models (O-6)."""

from __future__ import annotations

import json
from typing import get_origin

from pydantic import BaseModel, JsonValue, SecretStr
from pydantic.fields import FieldInfo

from recordbridge.settings.allowed import allowed, keys_of, section_in
from recordbridge.settings.model import Settings

_HEAD = """\
# Configuration

<!-- Made by `python -m recordbridge.settings`; a test compares. Edit recordbridge/settings. -->

One YAML file: `recordbridge -c FILE`, else `$RECORDBRIDGE_CONFIG`, `./recordbridge.yaml` or
`/etc/recordbridge/recordbridge.yaml`. `recordbridge check` tells everything that is wrong with it.

- A key that is missing or `null` is off or the default. Unknown and duplicate keys are errors.
- Relative paths are relative to the YAML file.
- `!env NAME` takes any single value from an environment variable, `!file PATH` from a file (its
  last line break is left out). A variable that is not set and a file that is missing are errors.
- Quote `"#"` and dialled numbers: without quotes `#` begins a comment, and `0123` is 83 to YAML.
- `python -m recordbridge.settings --schema` prints a JSON Schema for editors.
"""


def json_schema() -> dict[str, JsonValue]:
    """JSON Schema (2020-12) of the YAML file."""
    schema: dict[str, JsonValue] = Settings.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "recordbridge.yaml",
    }


def markdown() -> str:
    """docs/configuration.md."""
    plain: list[tuple[str, FieldInfo]] = []
    sections: list[str] = []
    for key, info in keys_of(Settings).items():
        section = section_in(info.annotation)
        if section is None:
            plain.append((key, info))
        else:
            sections += _section(_place(key, info), section, info)
    return "\n".join([_HEAD, *sections, "## Top level", "", *_table(plain)]) + "\n"


def _place(prefix: str, info: FieldInfo) -> str:
    origin = get_origin(info.annotation)
    return prefix + ("[]" if origin is tuple else ".NAME" if origin is dict else "")


def _section(prefix: str, section: type[BaseModel], info: FieldInfo) -> list[str]:
    rows: list[tuple[str, FieldInfo]] = []
    inner: list[str] = []
    for key, field in keys_of(section).items():
        below = section_in(field.annotation)
        if below is None:
            rows.append((key, field))
        else:
            inner += _section(_place(f"{prefix}.{key}", field), below, field)
    text = info.description or section.__doc__ or ""
    if section.__doc__ and get_origin(info.annotation) in (tuple, dict):
        text = section.__doc__
    heading = [f"## {prefix}", "", *(line.strip() for line in text.strip().splitlines()), ""]
    return [*heading, *(_table(rows) if rows else []), *inner]


def _table(rows: list[tuple[str, FieldInfo]]) -> list[str]:
    lines = ["| key | default | allowed | meaning |", "| --- | --- | --- | --- |"]
    for key, info in rows:
        meaning = " ".join((info.description or "").split())
        cells = (f"`{key}`", _default(info), allowed(info), meaning)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return [*lines, ""]


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "must be given"
    value = info.get_default(call_default_factory=False)
    if value is None:
        return "`null`"
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    text = json.dumps(list(value) if isinstance(value, tuple) else value)
    return f"`{text}`"
