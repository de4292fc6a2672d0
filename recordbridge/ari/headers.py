"""F-3: the `X-PH-...` headers of a call, read before its entry is told.

Asterisk's events carry no SIP headers, so it must be asked: once for the names and once for each
value. A dialplan saves the first question by giving the names as Stasis arguments,
`headers=${PJSIP_HEADERS(X-PH-)}`: when there are none, nothing is asked.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from recordbridge.ari import events, variables
from recordbridge.ari.variables import Ask

PREFIX = "X-PH-"
LIMIT = 32
"""More headers than that are nobody's honest call."""

_NAME = re.compile(rf"{PREFIX}[A-Za-z0-9-]+\Z", re.IGNORECASE)


def told_names(channel: events.Channel, args: Sequence[str]) -> list[str] | None:
    """The names that are known without asking; None when Asterisk must be asked for them.

    Asterisk has split the list of names at its commas into arguments of their own.
    """
    if not channel.name.startswith("PJSIP/"):
        return []
    for index, arg in enumerate(args):
        key, equals, first = arg.partition("=")
        if key.strip() == "headers" and equals:
            return _valid([first, *args[index + 1 :]])
    return None


async def read(ask: Ask, channel_id: str, names: list[str] | None) -> dict[str, str]:
    """Names and values. Raises PbxUnavailableError; what Asterisk refuses is not there."""
    if names is None:
        listed = await variables.read(ask, channel_id, f"PJSIP_HEADERS({PREFIX})")
        names = _valid((listed or "").split(","))
    values = await asyncio.gather(
        *(variables.read(ask, channel_id, f"PJSIP_HEADER(read,{name})") for name in names)
    )
    return {name: value for name, value in zip(names, values, strict=True) if value is not None}


def _valid(names: Sequence[str]) -> list[str]:
    return [name.strip() for name in names if _NAME.match(name.strip())][:LIMIT]
