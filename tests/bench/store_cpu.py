"""CPU and time per unit of the store on both databases, alone and in groups.

`python -m tests.bench.store_cpu [FOLDER]` prints one line for each; the folder tells SQLite's disk.
PostgreSQL runs as people have it, with fsync, in the machine's folder for temporary files.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable

from recordbridge.ports.rows import RequestUpdate, Unit
from recordbridge.store import Database, open_store
from recordbridge.store.statements import Cursor, Statements
from tests.postgres import running
from tests.unit.store.rows import a_call, a_recording, a_request, an_attempt

UNITS = 2000
STATE = b"x" * 900


def _insert(key: str) -> Unit:
    return Unit(call=a_call(key, state=STATE), recordings=(a_recording(key, call_uuid=key),))


def _update(key: str) -> Unit:
    return Unit(call=a_call(key, 2, state=STATE))


def _delivery(key: str) -> Unit:
    update = RequestUpdate(key, state="delivered", settled=True)
    return Unit(requests=(a_request(key),), updates=(update,), attempts=(an_attempt(key),))


KINDS: dict[str, Callable[[str], Unit]] = {
    "insert call+recording": _insert,
    "update call": _update,
    "request+update+attempt": _delivery,
}


async def _cpu_of_writer(store: Database) -> float:
    def read(_cursor: Cursor, _sql: Statements) -> object:
        return time.thread_time()

    seconds = await store.run(read)
    assert isinstance(seconds, float)
    return seconds


async def _measure(store: Database, units: list[Unit], size: int) -> tuple[float, float, float]:
    """Microseconds per unit: writer, loop, wall."""
    writer, loop, wall = await _cpu_of_writer(store), time.thread_time(), time.monotonic()
    for first in range(0, len(units), size):
        await asyncio.gather(*map(store.commit, units[first : first + size]))
    loop, wall = time.thread_time() - loop, time.monotonic() - wall
    writer = await _cpu_of_writer(store) - writer
    writer, loop, wall = (1e6 * seconds / len(units) for seconds in (writer, loop, wall))
    return writer, loop, wall


async def _table(title: str, url: str) -> None:
    print(title)
    async with open_store(url, worker="bench") as store:
        for size in (1, 20, 200):
            for name, make in KINDS.items():
                units = [make(f"{size:03}-{n:032}") for n in range(UNITS)]
                writer, loop, wall = await _measure(store, units, size)
                print(
                    f"  {name:24} in groups of {size:3}: writer {writer:6.1f} us, "
                    f"loop {loop:6.1f} us, wall {wall:6.1f} us, {1e6 / wall:6.0f}/s"
                )


def main(folder: str | None) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as place:
        asyncio.run(_table("SQLite", f"sqlite:///{place}/bench.db"))
    with running(fsync=True) as server:
        asyncio.run(_table("PostgreSQL", server.fresh()))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
