"""Reading a channel's variables and dialplan functions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from recordbridge.ari.command import part
from recordbridge.ari.rest import Reply

Ask = Callable[[str, str], Awaitable[Reply]]
"""Takes method and URI. Raises PbxUnavailableError."""


class _Variable(msgspec.Struct):
    value: str = ""


async def read(ask: Ask, channel_id: str, name: str) -> str | None:
    """Its value, empty if it is not set; None when Asterisk refuses. Raises PbxUnavailableError."""
    reply = await ask("GET", f"channels/{part(channel_id)}/variable?variable={part(name)}")
    if reply.status != 200:  # 500: "Unable to read provided function", so there is none
        return None
    return msgspec.json.decode(reply.body, type=_Variable).value
