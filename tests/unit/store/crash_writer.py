"""Forks one writer for each line `URL NAME` on stdin, to be killed while it commits.

Forked and not started anew, because imports cost more than what is tested. The writer prints
`pid N`, then a line `NAME-TASK VERSION` for every commit that was acknowledged.
"""

from __future__ import annotations

import asyncio
import os
import sys

from recordbridge.ports.rows import Unit
from recordbridge.store import Database, open_store
from tests.unit.store.rows import a_call, a_recording, a_request

TASKS = 6


async def _one_call(store: Database, uuid: str) -> None:
    version = 0
    while True:
        version += 1
        await store.commit(
            Unit(
                call=a_call(uuid, version),
                recordings=(a_recording(f"{uuid}-r", duration_ms=version),),
                requests=(a_request(f"{uuid}-{version}", call_uuid=uuid),),
            )
        )
        os.write(1, f"{uuid} {version}\n".encode())


async def _write(url: str, name: str) -> None:
    async with open_store(url, worker=name) as store, asyncio.TaskGroup() as tasks:
        for number in range(TASKS):
            tasks.create_task(_one_call(store, f"{name}-{number}"))


def main() -> None:
    for line in sys.stdin:
        url, name = line.split()
        child = os.fork()
        if child == 0:
            os.write(1, f"pid {os.getpid()}\n".encode())
            asyncio.run(_write(url, name))
            os._exit(1)
        os.waitpid(child, 0)
        os.write(1, b"dead 0\n")


if __name__ == "__main__":
    main()
