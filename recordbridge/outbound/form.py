"""Form encoding of parameters, as `urllib.parse.urlencode` does it, at half of its cost."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote_plus

_plain = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch
_ASCII = str.maketrans({chr(code): quote_plus(chr(code)) for code in range(128)})
_name = lru_cache(maxsize=512)(quote_plus)


def encode(parameters: dict[str, str]) -> str:
    """`name=value&...` in the order given, ASCII only; lone surrogates become `?`."""
    return "&".join(
        [
            f"{_name(name)}={value if _plain(value) else _quoted(value)}"
            for name, value in parameters.items()
        ]
    )


def _quoted(value: str) -> str:
    return value.translate(_ASCII) if value.isascii() else quote_plus(value, errors="replace")
