"""What commands print, and their exit codes (O-4)."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TypeAlias

GOOD = 0
FAILED = 1
USAGE = 2
UNREACHABLE = 3

Json: TypeAlias = "str | int | bool | Sequence[Json] | Mapping[str, Json] | None"


def say(*lines: str) -> None:
    """Words for people: stderr."""
    for line in lines:
        print(line, file=sys.stderr)


def give(answer: Mapping[str, Json]) -> None:
    """The one JSON object of `--json`: stdout."""
    print(json.dumps(answer, ensure_ascii=False))
