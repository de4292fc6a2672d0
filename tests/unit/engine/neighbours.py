"""A stand-in for the other workers of a database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from recordbridge.ports.rows import CallRow, RequestRow
from recordbridge.ports.store import Neighbour


class MemoryLeases:
    """Other workers, and what they left; `lost` are calls that others have taken from us."""

    lease_s = 6.0
    shared = True

    def __init__(self) -> None:
        self.others: list[Neighbour] = []
        self.left: list[CallRow] = []
        self.left_requests: list[RequestRow] = []
        self.given: list[str] = []
        self.lost: set[str] = set()
        self.ours: set[str] = set()
        self.over: dict[str, CallRow] = {}
        self.resigned = False

    async def beat(self, apps: Mapping[str, str]) -> None:
        pass

    async def resign(self) -> None:
        self.resigned = True

    async def neighbours(self) -> list[Neighbour]:
        return self.others

    async def inherit(self, dead: str) -> bool:
        found = [each for each in self.others if each.worker == dead and not each.heir]
        self.others = [
            each._replace(heir="rb-1") if each in found else each for each in self.others
        ]
        return bool(found)

    async def anything_left(self) -> bool:
        return bool(self.left or self.left_requests)

    async def adopt_calls(self, asterisk: str) -> list[CallRow]:
        found = [row for row in self.left if row.asterisk == asterisk]
        self.left = [row for row in self.left if row not in found]
        return found

    async def adopt_requests(self) -> list[RequestRow]:
        found, self.left_requests = self.left_requests, []
        return found

    async def hand_over(self, call_uuids: Iterable[str]) -> None:
        self.given.extend(call_uuids)

    async def take_call(self, call_uuid: str) -> CallRow | None:
        return self.over.get(call_uuid)

    async def lost_calls(self, since: int) -> set[str]:
        return self.lost

    async def unfinished(self) -> set[str]:
        return self.ours

    async def calls_left(self) -> dict[str, int]:
        left: dict[str, int] = {}
        for row in self.left:
            left[row.owner] = left.get(row.owner, 0) + 1
        return left
