"""Secrets are taken out of events before anything renders them (H-6).

The law: a value is replaced when its name says that it is a secret; a secret inside a URL
(credentials, signature, token) is replaced whatever the value is called.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from structlog.typing import EventDict, WrappedLogger

HIDDEN = "[redacted]"

_NAMES = re.compile(
    r"(?:.*[_-])?(?:password|passwd|token|tokens|secret|authorization|cookie|credentials"
    r"|access[_-]key|secret[_-]key|api[_-]key|url[_-]keys?)",
    re.IGNORECASE,
)
_IN_URLS = re.compile(
    r"(?P<before>[?&](?:sig|signature|x-amz-signature|x-amz-credential|auth_token|token|password"
    r"|secret|api_key)=)[^&\s\"'#]+"
    r"|(?P<scheme>://)[^/\s@?#\"']+@",
    re.IGNORECASE,
)


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return _NAMES.fullmatch(name) is not None


def redacted(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A structlog processor: the event without secrets, mappings and lists inside included."""
    for name, value in event.items():
        if _is_secret(name):
            event[name] = HIDDEN
        elif isinstance(value, str):
            if "=" in value or "@" in value:
                event[name] = _IN_URLS.sub(_hide, value)
        elif value is not None and not isinstance(value, (int, float)):
            event[name] = clean(value)
    return event


def clean(value: object) -> object:
    """The value without the secrets that its names and URLs give away."""
    if isinstance(value, str):
        return _IN_URLS.sub(_hide, value) if "=" in value or "@" in value else value
    if isinstance(value, Mapping):
        return {
            name: HIDDEN if _is_secret(str(name)) else clean(inner) for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [clean(inner) for inner in value]
    return value


def _hide(found: re.Match[str]) -> str:
    before = found["before"]
    return f"{before}{HIDDEN}" if before else f"{found['scheme']}{HIDDEN}@"
