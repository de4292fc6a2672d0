"""Things that go wrong on demand."""

from __future__ import annotations

import asyncio
import fnmatch
from dataclasses import dataclass, field

Reply = tuple[int, object]


@dataclass
class _Refusal:
    pattern: str
    status: int
    message: str
    times: int


@dataclass
class Faults:
    """Patterns are shell globs over `METHOD path`, such as `POST channels/*/record`."""

    dropped: dict[str, int] = field(default_factory=dict)
    delays: list[tuple[str, float]] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    _refusals: list[_Refusal] = field(default_factory=list)

    def refuse(self, pattern: str, status: int, message: str = "refused", times: int = 1) -> None:
        """Answer so the next times; nothing is done."""
        self._refusals.append(_Refusal(pattern, status, message, times))

    def drop(self, event: str, times: int = 1) -> None:
        """Lose the next events of that type."""
        self.dropped[event] = self.dropped.get(event, 0) + times

    def delay(self, pattern: str, seconds: float) -> None:
        """Let such requests wait before they are carried out."""
        self.delays.append((pattern, seconds))

    def lose_answer(self, pattern: str) -> None:
        """Carry the next such request out, then break the connection instead of answering."""
        self.unanswered.append(pattern)

    def drops(self, event: str) -> bool:
        left = self.dropped.get(event, 0)
        if left:
            self.dropped[event] = left - 1
        return left > 0

    def loses(self, request: str) -> bool:
        for pattern in self.unanswered:
            if fnmatch.fnmatch(request, pattern):
                self.unanswered.remove(pattern)
                return True
        return False

    async def before(self, request: str) -> Reply | None:
        """Wait as told; the refusal that was ordered, if any."""
        for pattern, seconds in self.delays:
            if fnmatch.fnmatch(request, pattern):
                await asyncio.sleep(seconds)
        for each in self._refusals:
            if each.times and fnmatch.fnmatch(request, each.pattern):
                each.times -= 1
                return each.status, {"message": each.message}
        return None
