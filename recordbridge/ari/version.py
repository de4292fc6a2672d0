"""What an Asterisk of some version can do."""

from __future__ import annotations

import re

OLDEST = (16, 3)
"""The event filter came with 16.3 (and 13.26)."""
_PATCHED = (20, 6)
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


def loses_other_streams(text: str) -> bool:
    """Whether a snoop goes deaf when the channel hears another stream of RTP than before.

    Debian and Ubuntu patch main/translate.c (2016_opus_plc.patch, since 20.6): a packet is dropped
    as late by its sequence number, also when it is another callee's. Other builds do not.
    """
    version = parse_version(text)
    return version is not None and version >= _PATCHED and "dfsg" in text


def too_old(text: str) -> bool:
    """Whether this release lacks what we depend on; a development build is given the benefit."""
    version = parse_version(text)
    return version is not None and version < OLDEST
