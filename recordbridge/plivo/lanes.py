"""H-4: the lane of a request is the scheme, host and port of its URL."""

from __future__ import annotations

import functools
from urllib.parse import urlsplit


@functools.lru_cache(maxsize=1024)  # applications use few URLs, again and again
def lane_of(url: str) -> str:
    """The lane of an absolute URL, without credentials, in lower case."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower()
