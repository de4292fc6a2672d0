"""The arguments of `AGI(agi://host/record,NAME=VALUE,...)` (G-1, G-3).

All attributes of Record by their names, `application` and `asterisk`. Asterisk has taken them
apart at the commas, and what the dialplan escaped is as it was meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from recordbridge.plivo.sentences import shown

APPLICATION, ASTERISK = "application", "asterisk"


class Arguments(NamedTuple):
    """`values` are those of Record."""

    values: Mapping[str, str]
    application: str | None
    asterisk: str | None


def parse(arguments: Sequence[str]) -> Arguments:
    """Raises ValueError with a sentence that says what is wrong. An empty argument is none."""
    values: dict[str, str] = {}
    for argument in arguments:
        if not argument.strip():
            continue
        name, equals, value = argument.partition("=")
        name = name.strip()
        if not equals or not name:
            raise ValueError(
                f"the argument {shown(argument)} is not NAME=VALUE"
                " (a comma inside a value is written \\,)"
            )
        if name in values:
            raise ValueError(f"{shown(name)} is given twice; it may be given once")
        values[name] = value
    return Arguments(
        application=values.pop(APPLICATION, None),
        asterisk=values.pop(ASTERISK, None),
        values=values,
    )
