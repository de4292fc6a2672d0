"""One request to Asterisk, and how a part of a URI is written.

Method and URI, with its query already encoded, are plain ASCII without quotes, so that they can
be put into JSON as they stand.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote

_plain = re.compile(r"[A-Za-z0-9_.~-]+").fullmatch


class Command(NamedTuple):
    """One request to Asterisk. `name` is the intent's class name; `object_id` what it is about."""

    name: str
    channel_id: str
    """The call's channel: commands with the same one keep their order."""
    object_id: str
    method: str
    uri: str
    """Below `/ari/`, with the query."""
    target: str = ""
    """The channel it acts on, when that is not the call's own."""
    body: str = ""
    """JSON in ASCII, or nothing."""
    repeatable: bool = True
    sought_at: str = ""
    """The URI of what it makes, to see whether it did: an answer was lost, or its id is taken."""
    waits_for: tuple[str, ...] = ()
    """Asterisk answers only when these channels' queues came to it: a playback holds it up."""
    lasts_ms: int = 0
    """How long Asterisk is busy with it after its answer; its end is told by no event."""


def part(text: str) -> str:
    """One path segment or query value: others may have chosen it."""
    return text if _plain(text) else quote(text, safe="")
