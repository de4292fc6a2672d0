"""Identifiers. All are ours to choose, so that an event can be routed before any reply (E-7)."""

from __future__ import annotations

import uuid
from typing import NamedTuple

OBJECT_PREFIX = "rb-"


def call_uuid(asterisk: str, channel_id: str) -> str:
    """E-7: the CallUUID of a channel on the Asterisk of that name in the YAML file."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"recordbridge:{asterisk}:{channel_id}"))


def derived(seed: str, name: str) -> str:
    """A UUID that nobody can guess who does not know the call's seed (32 hex digits)."""
    return str(uuid.uuid5(uuid.UUID(hex=seed), name))


def object_id(call: str, kind: str, number: int) -> str:
    """The id of something we make on Asterisk for a call: `rb-{call hex}-{kind}{n}`."""
    return f"{OBJECT_PREFIX}{call.replace('-', '')}-{kind}{number}"


class ObjectId(NamedTuple):
    """An `object_id` taken apart; `kind` is letters, `call` a hyphenated UUID."""

    call: str
    kind: str
    number: int


def parse_object_id(text: str) -> ObjectId | None:
    """The parts of one of our object ids, or None for anybody else's."""
    head, _, tail = text.removeprefix(OBJECT_PREFIX).partition("-")
    kind = tail.rstrip("0123456789")
    if not text.startswith(OBJECT_PREFIX) or len(head) != 32 or not kind or kind == tail:
        return None
    try:
        return ObjectId(str(uuid.UUID(hex=head)), kind, int(tail[len(kind) :]))
    except ValueError:
        return None
