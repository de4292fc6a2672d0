"""The outbox alone, put together as the service does it: store, deliveries, sender (H-3, H-4).

A call's step commits the row of a callback and then gives it to be sent; so does this.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from recordbridge.engine.commits import Commits
from recordbridge.engine.deliveries import Deliveries
from recordbridge.instant import SystemClock
from recordbridge.machine.reports import FILE
from recordbridge.outbound.sender import HttpSender
from recordbridge.plivo.lanes import lane_of
from recordbridge.plivo.retry import Retry, Target
from recordbridge.ports.rows import RequestRow, Unit
from recordbridge.store import Database, open_store
from recordbridge.telemetry.metrics import Metrics
from tests.bench.drain import TOKEN, WORKER, callback

SCHEDULE_S = (5, 60, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
AT_ONCE = 32
"""As many as a lane takes."""


class Outbox(NamedTuple):
    """What sends."""

    store: Database
    sender: HttpSender
    deliveries: Deliveries
    answered: dict[str, asyncio.Future[None]]
    """Of those somebody waits for."""


def _file_url(account: str, name: str) -> str:
    return f"http://127.0.0.1:8080/v1/Account/{account}/Recording/{name}?exp=1&sig=example"


@contextlib.asynccontextmanager
async def outbox(folder: Path) -> AsyncIterator[Outbox]:
    """Run one on a new database until the block ends."""
    answered: dict[str, asyncio.Future[None]] = {}

    def settled(row: RequestRow, _: object) -> None:
        if (waiting := answered.pop(row.request_id, None)) is not None:
            waiting.set_result(None)

    clock = SystemClock()
    async with (
        open_store(f"sqlite:///{folder}/outbox.db", worker=WORKER) as store,
        HttpSender(LOOPBACK, clock, version="bench") as sender,
    ):
        deliveries = Deliveries(
            store=store,
            sender=sender,
            clock=clock,
            tokens=lambda _: (TOKEN,),
            file_url=_file_url,
            settled=settled,
            schedule_s=SCHEDULE_S,
            metrics=Metrics("bench"),
            commits=Commits(),
        )
        yield Outbox(store, sender, deliveries, answered)
        await deliveries.close(0)


def fresh(url: str) -> RequestRow:
    """A callback that was never tried."""
    row = callback(url, SystemClock()())
    return msgspec.structs.replace(row, step=0, settled=False, attempts=0, lane=lane_of(url))


async def give(to: Outbox, row: RequestRow) -> None:
    """Commit the row, then have it sent."""
    await to.store.commit(Unit(requests=(row,)))
    to.deliveries.submit(row)


async def offer(folder: Path, urls: list[str], rate: float, seconds: float) -> dict[str, float]:
    """Give callbacks at an even rate, to each URL in turn: id -> when its step was taken."""
    taken: dict[str, float] = {}
    giving: set[asyncio.Task[None]] = set()
    async with outbox(folder) as to:
        began = time.monotonic()
        for n in range(round(rate * seconds)):
            await asyncio.sleep(began + n / rate - time.monotonic())
            row = fresh(urls[n % len(urls)])
            taken[row.request_id] = time.monotonic()
            task = asyncio.create_task(give(to, row))
            giving.add(task)
            task.add_done_callback(giving.discard)
        await asyncio.sleep(2)
    return taken


async def durable_rate(folder: Path, url: str, number: int) -> float:
    """Callbacks per second, each committed before and its attempt after; 32 at once."""
    async with outbox(folder) as to:

        async def one() -> None:
            row = fresh(url)
            answer = to.answered[row.request_id] = asyncio.get_running_loop().create_future()
            await give(to, row)
            await answer

        seconds = await _timed(one, number)
    return number / seconds


async def plain_rate(url: str, number: int) -> float:
    """The same loop without durability: the same requests, signed and sent, and nothing kept."""
    async with HttpSender(LOOPBACK, SystemClock(), version="bench") as sender:

        async def one() -> None:
            row = fresh(url)
            parameters = msgspec.json.decode(row.body, type=dict[str, str])
            name = parameters["RecordUrl"].removeprefix(FILE)
            parameters |= dict.fromkeys(("RecordUrl", "RecordFile"), _file_url(row.account, name))
            target = Target(row.url, row.method, Retry())
            headers = {"X-Recordbridge-Delivery": row.request_id}
            outcome = await sender.send(target, parameters, headers, tokens=(TOKEN,))
            assert not outcome.failure, outcome.error

        seconds = await _timed(one, number)
    return number / seconds


async def _timed(one: Callable[[], Awaitable[None]], number: int) -> float:
    left = iter(range(number))

    async def worker() -> None:
        for _ in left:
            await one()

    began = time.monotonic()
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return time.monotonic() - began
