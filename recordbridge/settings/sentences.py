"""Pydantic's findings as sentences of ours: what is wrong, what is allowed, no secret in either."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from recordbridge.settings.allowed import allowed, field_at, keys_of, parts
from recordbridge.settings.places import Path, Place, Places

_NOT_A_TEXT = ("string_type", "path_type")
_NOT_A_WORD = ("int_type", "bool_type")
_RANGE = ("greater_than_equal", "less_than_equal")
_TOO_SHORT = ("too_short", "string_too_short")
_LISTS = ("tuple_type", "list_type")
_MAPPINGS = ("model_type", "dict_type", "model_attributes_type")


def note(places: Places, root: type[BaseModel], findings: Iterable[ErrorDetails]) -> None:
    """Note a mistake for each finding, unless one is noted at that place already."""
    for finding in findings:
        path = _path(places, finding)
        if places.reported(path) or _only_follows(finding):
            continue
        section, info = field_at(root, path)
        kind = finding["type"]
        if kind == "extra_forbidden" and section is not None:
            places.wrong(path, *_unknown(str(path[-1]), section))
        elif finding["loc"] and finding["loc"][-1] == "[key]":
            places.wrong(path, "the name is not usable", "up to 63 of A-Z a-z 0-9 . _ and -")
        else:
            takes = allowed(info) if info else "a set of keys"
            places.wrong(path, *_wrong(finding, places.at(path), info, takes))


def _path(places: Places, finding: ErrorDetails) -> Path:
    """Where it stands in the file: one text may have been taken for a list of one."""
    path: Path = tuple(part for part in finding["loc"] if part != "[key]")
    while path and isinstance(path[-1], int) and path not in places.known:
        path = path[:-1]
    return path


def _only_follows(finding: ErrorDetails) -> bool:
    """A list that is too short only because its entries are wrong."""
    given = finding["input"]
    return finding["type"] == "too_short" and isinstance(given, list) and bool(given)


def _unknown(key: str, section: type[BaseModel]) -> tuple[str, str]:
    keys = list(keys_of(section))
    folded = {each.lower().replace("_", ""): each for each in keys}
    near = difflib.get_close_matches(key.lower().replace("_", "").replace("-", ""), folded, 1, 0.6)
    if near:
        return f"unknown key {key}", f"did you mean {folded[near[0]]}?"
    return f"unknown key {key}", f"the keys here are {', '.join(keys)}"


def _wrong(
    finding: ErrorDetails, place: Place, info: FieldInfo | None, takes: str
) -> tuple[str, str]:
    kind = finding["type"]
    if kind == "missing":
        return _missing(place, takes)
    written = place.written
    if kind == "value_error":
        return _told(str(finding["ctx"]["error"]), finding["input"], written), takes
    if written is None:
        return _shape(kind, finding["input"]), takes
    if written == "":
        return _empty(place, takes)
    if kind in _LISTS:
        return "one value stands where a list belongs", f"write [...] around it: {takes}"
    if _is_secret(info):
        return _secret(kind, finding["input"], takes)
    if kind in _NOT_A_TEXT and not isinstance(finding["input"], str):
        return f"YAML does not read {written} as a text", f'write "{written}" in quotes: {takes}'
    if kind in _NOT_A_WORD and finding["input"] == written and _looks_plain(written):
        return f"{written} is in quotes", f"without quotes: {takes}"
    if kind in _RANGE:
        return f"{written} is out of range", takes
    return f"{written} is not allowed", takes


def _told(sentence: str, value: object, written: str | None) -> str:
    """A sentence of ours about a value; what came from outside is called by its source."""
    if isinstance(value, str) and value and written and written.startswith("!"):
        return sentence.replace(value, written)
    return sentence


def _looks_plain(written: str) -> bool:
    return written in ("true", "false") or written.isdecimal()


def _missing(place: Place, takes: str) -> tuple[str, str]:
    if place.comment:
        return _empty(place, takes)
    return "the key is missing", f"it must be given: {takes}"


def _empty(place: Place, takes: str) -> tuple[str, str]:
    if place.comment:
        return "the value is empty, because an unquoted # begins a comment", f"quote it: {takes}"
    return "the value is empty", takes


def _shape(kind: str, value: object) -> str:
    if kind in _TOO_SHORT:
        return "the list is empty"
    if kind in _MAPPINGS and not isinstance(value, (dict, list)):
        return "the value is empty"
    return "a list or a set of keys stands where it does not belong"


def _secret(kind: str, value: object, takes: str) -> tuple[str, str]:
    if kind in _TOO_SHORT:
        return "the secret is too short", takes
    if not isinstance(value, str):
        return "YAML does not read the secret as a text", f"put it in quotes: {takes}"
    return "the secret is not usable", takes


def _is_secret(info: FieldInfo | None) -> bool:
    return info is not None and any(each is SecretStr for each in parts(info.annotation))
