"""Identifiers. All are ours to choose, so that an event can be routed before any reply (E-7)."""

from __future__ import annotations

import hashlib
import re
import uuid
from typing import NamedTuple

OBJECT_PREFIX = "rb-"
_OBJECT = re.compile(rf"{OBJECT_PREFIX}([0-9a-f]{{32}})-([a-z]+)([0-9]+)")


def call_uuid(asterisk: str, channel_id: str) -> str:
    """E-7: the CallUUID of a channel on the Asterisk of that name in the YAML file."""
    return _uuid5(uuid.NAMESPACE_URL.bytes, f"recordbridge:{asterisk}:{channel_id}")


def derived(seed: str, name: str) -> str:
    """A UUID that nobody can guess who does not know the call's seed (32 hex digits)."""
    return _uuid5(bytes.fromhex(seed), name)


def _uuid5(namespace: bytes, name: str) -> str:
    """`str(uuid.uuid5(...))` at a third of its cost: a call has half a dozen."""
    digest = bytearray(hashlib.sha1(namespace + name.encode(), usedforsecurity=False).digest())
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return _hyphenated(digest[:16].hex())


def _hyphenated(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


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
    found = _OBJECT.fullmatch(text)
    if found is None:
        return None
    call, kind, number = found.groups()
    return ObjectId(_hyphenated(call), kind, int(number))
