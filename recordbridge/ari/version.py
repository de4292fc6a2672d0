"""What an Asterisk of some version can do."""

from __future__ import annotations

import re

OLDEST = (16, 3)
"""The event filter came with 16.3 (and 13.26)."""
_REST_ON_SOCKET = {20: 14, 21: 9, 22: 4}


def parse_version(text: str) -> tuple[int, int] | None:
    """Major and minor of `22.10.1+dfsg-1`, `certified/20.7-cert1`; None for a build from git."""
    found = re.match(r"(?:certified[/-])?(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None


def takes_commands_on_socket(text: str) -> bool:
    """Whether REST requests may be sent on the event websocket."""
    version = parse_version(text)
    if version is None:
        return False
    major, minor = version
    return major > 22 or minor >= _REST_ON_SOCKET.get(major, 1 << 30)


def too_old(text: str) -> bool:
    """Whether this release lacks what we depend on; a development build is given the benefit."""
    version = parse_version(text)
    return version is not None and version < OLDEST
