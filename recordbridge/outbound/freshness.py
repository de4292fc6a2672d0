"""How long an answer may be used again without asking (RFC 9111), as far as sounds need it.

Whatever a server says, it is not asked more often than every `LEAST_S`: a prompt that is played
in a loop must not hammer it. And at least once a day, because a wrong header should not last.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

LEAST_S = 10
MOST_S = 86_400

_DIRECTIVE = re.compile(r'\s*([A-Za-z-]+)\s*(?:=\s*(?:"([^"]*)"|([^,\s]*)))?\s*(?:,|$)')


def directives(cache_control: str) -> dict[str, str]:
    """`max-age=60, no-cache` as names in lower case and values; what cannot be read is left out."""
    return {
        name.lower(): quoted or plain for name, quoted, plain in _DIRECTIVE.findall(cache_control)
    }


def fresh_s(headers: Mapping[str, str]) -> int:
    """Seconds from now on; without `max-age` the least."""
    said = directives(headers.get("Cache-Control", ""))
    if "no-cache" in said or "no-store" in said:
        return LEAST_S
    age = _seconds(headers.get("Age", ""))
    return min(max(_seconds(said.get("max-age", "")) - age, LEAST_S), MOST_S)


def may_be_kept(headers: Mapping[str, str]) -> bool:
    """Whether a later answer may say "unchanged" instead of sending it again."""
    return "no-store" not in directives(headers.get("Cache-Control", ""))


def _seconds(text: str) -> int:
    return min(int(text), MOST_S) if re.fullmatch(r"[0-9]{1,12}", text) else 0
