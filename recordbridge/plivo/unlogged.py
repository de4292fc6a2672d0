"""Digits that nobody shall read afterwards: those of `<GetDigits log="false">`.

The law: the request carries them, and nothing that is logged or shown does. In rows they stand
behind a mark, so that whoever sends takes it off (`sent`) and whoever shows hides them (`shown`).
"""

from __future__ import annotations

import re

MARK = "unlogged:"
HIDDEN = "[not logged]"
_NAME = "Digits"
_ON_THE_WIRE = re.compile(rb"(^|&)(" + _NAME.encode() + rb"=)[^&]*")


def marked(parameters: dict[str, str]) -> dict[str, str]:
    """The same, to be kept."""
    return parameters | {_NAME: MARK + parameters[_NAME]}


def is_marked(parameters: dict[str, str]) -> bool:
    return parameters.get(_NAME, "").startswith(MARK)


def sent(parameters: dict[str, str]) -> dict[str, str]:
    """The same, as it goes out."""
    if not is_marked(parameters):
        return parameters
    return parameters | {_NAME: parameters[_NAME].removeprefix(MARK)}


def shown(parameters: dict[str, str]) -> dict[str, str]:
    """The same, as people may see it."""
    return parameters | {_NAME: HIDDEN} if is_marked(parameters) else parameters


def masked(wire: bytes) -> bytes:
    """A form or query that was sent, as it may be kept."""
    return _ON_THE_WIRE.sub(rb"\1\2" + HIDDEN.encode(), wire)
