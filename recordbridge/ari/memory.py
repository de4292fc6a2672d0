"""What is remembered of channels until an event says that they are gone.

Events can be missed, so every memory is bounded: the oldest is dropped.
"""

from __future__ import annotations

from typing import TypeVar

MOST = 20_000
_T = TypeVar("_T")


def remember(memory: dict[str, _T], key: str, value: _T) -> None:
    """Put it into the memory; what an event that was missed left behind makes room."""
    if len(memory) >= MOST:
        del memory[next(iter(memory))]
    memory[key] = value
