"""Where a recording's file is below a root: the same in a folder and in a bucket (M-2).

Files lie in 256 sub-folders by the first two digits of their (random) id, so that none grows too
large to list. A name that is not one of ours leads nowhere.
"""

from __future__ import annotations

import re

from recordbridge.errors import StorageError

_NAME = re.compile(r"[0-9a-f-]{36}\.(?:mp3|wav)")
TYPES = {"mp3": "audio/mpeg", "wav": "audio/wav"}


def is_ours(name: str) -> bool:
    """It is the name of a recording's file: `{recording_id}.{ext}`."""
    return _NAME.fullmatch(name) is not None


def key(name: str) -> str:
    """The file's place below the root. Raises StorageError for any other name."""
    if not is_ours(name):
        raise StorageError(f"{name!r} is not the name of a recording's file")
    return f"{name[:2]}/{name}"
