"""`recordbridge transcribe`: a batch of recordings, through the running service or without one.

Where the service listens it is asked over REST, so that its queue, engine and promises are used.
Where nobody listens, this process is the database's writer and does the work itself; SQLite's lock
and PostgreSQL's see to it that there is no other.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import NamedTuple

from recordbridge.app.batch_desk import GONE, Desk
from recordbridge.app.batch_rest import rest_desk
from recordbridge.app.batch_store import store_desk
from recordbridge.instant import Instant
from recordbridge.settings import Settings
from recordbridge.telemetry import logs

AT_ONCE = 20
"""How many are asked for ahead: short ones go first among them."""
LOOK_S = 0.3


class Wish(NamedTuple):
    """What shall be transcribed: these, or all `since` an instant that have no text yet.

    With a `model` also those whose text is another model's; with `again` all.
    """

    recordings: tuple[str, ...] = ()
    since: Instant | None = None
    model: str = ""
    again: bool = False


Told = Callable[[int, int], None]
"""Told how many of how many are done."""


def transcribe(
    settings: Settings,
    recordings: tuple[str, ...],
    *,
    since: Instant | None,
    model: str,
    again: bool,
    told: Told,
) -> dict[str, str]:
    """The error of each, empty when there is a text. Raises StorageError."""
    logs.configure(settings.log.format, "error")
    return asyncio.run(batch(settings, Wish(recordings, since, model, again), told))


async def batch(settings: Settings, wish: Wish, told: Told) -> dict[str, str]:
    """Do it, and wait for all."""
    async with _desk(settings) as desk:
        wanted = await _wanted(desk, wish)
        told(0, len(wanted))
        return await _all(desk, wanted, wish.model, told)


@contextlib.asynccontextmanager
async def _desk(settings: Settings) -> AsyncIterator[Desk]:
    async with rest_desk(settings) as running:
        if running is not None:
            yield running
            return
    async with store_desk(settings) as alone:
        yield alone


async def _wanted(desk: Desk, wish: Wish) -> list[str]:
    if wish.since is None:
        return list(dict.fromkeys(wish.recordings))
    return [each for each in await desk.since(wish.since) if await _lacks(desk, each, wish)]


async def _lacks(desk: Desk, recording_id: str, wish: Wish) -> bool:
    found = None if wish.again else await desk.found(recording_id)
    if found is None or found.waiting or found.error:
        return True
    return bool(wish.model) and not found.engine.endswith(f" {wish.model}")


async def _all(desk: Desk, wanted: Sequence[str], model: str, told: Told) -> dict[str, str]:
    results: dict[str, str] = {}
    ahead = iter(wanted)
    under_way: list[str] = []
    while len(results) < len(wanted):
        while len(under_way) < AT_ONCE and (each := next(ahead, "")):
            error = await _begun(desk, each, model)
            if error:
                results[each] = error
            else:
                under_way.append(each)
        for each in list(under_way):
            found = await desk.found(each)
            if found is None or not found.waiting:
                results[each] = GONE if found is None else found.error
                under_way.remove(each)
        told(len(results), len(wanted))
        if under_way:
            await asyncio.sleep(LOOK_S)
    return {each: results[each] for each in wanted}


async def _begun(desk: Desk, recording_id: str, model: str) -> str:
    if not await desk.known(recording_id):
        return GONE
    found = await desk.found(recording_id)
    if found is not None and found.waiting:
        return ""  # somebody has asked for it: that is waited for
    return await desk.ask(recording_id, model)
