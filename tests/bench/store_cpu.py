"""CPU per unit of the store, in the writer thread and on the loop, alone and in groups of 20.

`python -m tests.bench.store_cpu [FOLDER]` prints one line for each; the folder tells the disk.
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


async def main(folder: str | None) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as place:
        async with open_store(f"sqlite:///{place}/bench.db", worker="bench") as store:
            for size in (1, 20):
                for name, make in KINDS.items():
                    units = [make(f"{size:02}-{n:033}") for n in range(UNITS)]
                    writer, loop, wall = await _measure(store, units, size)
                    print(
                        f"{name:24} in groups of {size:2}: writer {writer:6.1f} us, "
                        f"loop {loop:6.1f} us, wall {wall:6.1f} us"
                    )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else None))
