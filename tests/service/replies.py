"""Answers of an application that looks first: it fetches RecordUrl before it answers."""

from __future__ import annotations

from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

from tests.receiver import Reply


@dataclass(frozen=True)
class FetchFirst(Reply):
    """Answers 200 after it has fetched the RecordUrl that it was told; `seen` has what it got."""

    seen: list[tuple[int, bytes]] = field(default_factory=list)

    async def give(self, request: web.Request) -> web.StreamResponse:
        url = str((await request.post())["RecordUrl"])
        async with aiohttp.ClientSession() as http, http.get(url) as response:
            self.seen.append((response.status, await response.read()))
        return await super().give(request)
