"""What each setting takes, told from its type: for error messages, the reference and the schema."""

from __future__ import annotations

from typing import Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from recordbridge.settings.places import Path
from recordbridge.settings.scalars import Allowed, Unit


def parts(annotation: object) -> list[object]:
    """An annotation and everything in it, metadata included, outermost first."""
    found = [annotation]
    for each in get_args(annotation):
        if get_origin(annotation) is not Literal:
            found += parts(each)
    return found


def section_in(annotation: object) -> type[BaseModel] | None:
    """The section inside a list, mapping or optional annotation."""
    for each in parts(annotation):
        if isinstance(each, type) and issubclass(each, BaseModel):
            return each
    return None


def field_at(root: type[BaseModel], path: Path) -> tuple[type[BaseModel] | None, FieldInfo | None]:
    """The section in which a path lies and its field; None for what does not exist."""
    section: type[BaseModel] | None = root
    holder: type[BaseModel] | None = root
    info: FieldInfo | None = None
    member = True
    for part in path:
        if section is None:
            break
        if not member:  # a list position, or a key of a mapping such as an application's name
            member, info = True, None
            continue
        holder, info = section, keys_of(section).get(str(part))
        if info is None:
            return holder, None
        section = section_in(info.annotation)
        member = section is not None and get_origin(info.annotation) not in (tuple, dict)
    return holder, info


def keys_of(section: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a section by their YAML keys."""
    return {info.alias or name: info for name, info in section.model_fields.items()}


def allowed(info: FieldInfo) -> str:
    """The end of a sentence: `a whole number of seconds from 1 to 86400`."""
    everything = [*parts(info.annotation), *info.metadata]
    for each in everything:
        if isinstance(each, Allowed):
            return each.text
        if get_origin(each) is Literal:
            return " or ".join(str(value) for value in get_args(each))
    if any(each is bool for each in everything):
        return "true or false"
    if any(each is int for each in everything):
        return _numbers(everything, many=get_origin(info.annotation) is tuple)
    if get_origin(info.annotation) is tuple:
        return "a list with at least one entry" if info.is_required() else "a list"
    return "a set of keys"


def _numbers(everything: list[object], *, many: bool) -> str:
    unit = "".join(f" of {each.name}" for each in everything if isinstance(each, Unit))
    low = [each.ge for each in everything if isinstance(each, Ge)]
    high = [each.le for each in everything if isinstance(each, Le)]
    span = f" from {low[0]} to {high[0]}" if low and high else ""
    return f"{'a list of whole numbers' if many else 'a whole number'}{unit}{span}"
