"""The FastAGI door put together."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable

from recordbridge.agi import AgiServer, Door
from recordbridge.engine.applications import Applications
from recordbridge.engine.dialplans import Dialplans
from recordbridge.engine.ownership import Ownership
from recordbridge.engine.router import Router
from recordbridge.instant import Clock
from recordbridge.settings import Settings


@contextlib.asynccontextmanager
async def agi_door(
    settings: Settings,
    router: Router,
    ownership: Ownership,
    applications: Applications,
    file_url: Callable[[str, str], str],
    clock: Clock,
) -> AsyncIterator[None]:
    """Open as long as the context lasts; `agi: null` leaves it closed. Raises ListenError."""
    agi = settings.agi
    if agi is None:
        yield
        return
    door = Door(
        records=Dialplans(router, ownership, clock),
        applications=applications,
        asterisks=tuple(each.name for each in settings.asterisk),
        file_url=file_url,
    )
    async with AgiServer(door, agi.host, agi.port, agi.allow_networks):
        yield
