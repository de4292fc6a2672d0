"""Several workers on one PostgreSQL and one Asterisk, as people run them.

A balancer stands before them at `public_url` and passes connections on to whoever listens.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.receiver import Receiver
from tests.service import service as services
from tests.service.carrier import Call, Carrier, Step
from tests.service.program import Program, free_port
from tests.service.service import Line, Service

Change = Callable[[dict[str, Any]], None]
OFFERED = "*3"
"""Before a number: the dialplan offers the call to all workers."""
TAKEN_OVER_S = 10.0
"""N-6."""


class Balancer:
    """Passes each connection on to the first worker that accepts it."""

    def __init__(self, targets: Sequence[int]) -> None:
        self._targets = targets
        self._server: asyncio.Server
        self._open: set[asyncio.Task[None]] = set()
        self.port = 0

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            for port in self._targets:
                with contextlib.suppress(OSError):
                    there, back = await asyncio.open_connection("127.0.0.1", port)
                    await asyncio.gather(_copy(reader, back), _copy(there, writer))
                    return
        finally:
            writer.close()
            self._open.discard(task)


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    target.close()


class Offered(Line):
    """A number whose calls are offered to all workers."""

    async def call(self, script: str | Sequence[Step] = "markers", **variables: str) -> Call:
        return await self.service.carrier.call(OFFERED + self.number, script, **variables)


class Team(Service):
    """Workers `rb-1`, `rb-2`, ... whose applications are `recordbridge-1`, `recordbridge-2`, ..."""

    def __init__(
        self,
        programs: Sequence[Program],
        application: Receiver,
        carrier: Carrier,
        rig: Mapping[str, str],
        database: str,
    ) -> None:
        super().__init__(programs[0], application, carrier, rig, database)
        self.programs = programs

    def line(self) -> Offered:
        return Offered(self, next(self._numbers))

    def owner(self, call_uuid: str) -> str:
        """The worker whose call it is."""
        (row,) = self.rows("SELECT owner FROM calls WHERE call_uuid = ?", call_uuid)
        return str(row["owner"])

    async def owned_by(
        self, worker: str, calls: int, timeout: float = TAKEN_OVER_S, *, live: bool = True
    ) -> None:
        """Until that many calls are its own."""
        query = f"SELECT count(*) AS n FROM calls WHERE owner = ?{' AND open' if live else ''}"
        async with asyncio.timeout(timeout):
            while self.rows(query, worker)[0]["n"] != calls:
                await asyncio.sleep(0.02)

    async def driven_by(self, number: int, line: Line) -> str:
        """The CallUUID of the line's only call, which that worker drives."""
        answer = await line.next("answer")
        assert self.owner(answer.params["CallUUID"]) == f"rb-{number + 1}"
        return answer.params["CallUUID"]

    async def ends_well(self) -> None:
        """Nothing is left on Asterisk, and nothing went wrong but what the tests brought about: a
        worker that writes about a call that another has taken.
        """
        await self.nothing_left(files=False)
        for program in self.programs:
            await program.stop()
            errors = {line["event"] for line in program.log if line["level"] == "error"}
            assert (errors - {"fence_lost"}, program.words) == (set(), []), program.told()

    def only(self, number: int) -> contextlib.AbstractAsyncContextManager[None]:
        """Meanwhile no worker but that one is offered calls."""
        return self._only(number)

    @contextlib.asynccontextmanager
    async def _only(self, number: int) -> AsyncIterator[None]:
        await self._offer_to(f"^recordbridge-{number + 1}$")
        try:
            yield
        finally:
            await self._offer_to("^recordbridge-")

    async def _offer_to(self, workers: str) -> None:
        name = "RECORDBRIDGE_WORKERS"
        await self.pbx("POST", "asterisk/variable", variable=name, value=workers)


@contextlib.asynccontextmanager
async def team(
    rig: Mapping[str, str], folder: Path, database: str, *changes: Change, count: int = 2
) -> AsyncIterator[Team]:
    """So many workers, ready; whoever wants them to end well says so itself."""
    ports = [free_port() for _ in range(count)]
    balancer = Balancer(ports)
    await balancer.open()
    programs: list[Program] = []
    try:
        async with Receiver() as application, Carrier(rig) as carrier:
            for number, port in enumerate(ports):
                settings = services.settings(rig, folder, application)
                settings["service"] |= {
                    "listen": f"127.0.0.1:{port}",
                    "public_url": f"http://127.0.0.1:{balancer.port}",
                    "worker": f"rb-{number + 1}",
                }
                settings["asterisk"][0]["app"] = f"recordbridge-{number + 1}"
                settings["database"]["url"] = database
                for change in changes:
                    change(settings)
                program = Program(folder / f"rb-{number + 1}", settings)
                program.url = f"http://127.0.0.1:{port}"
                programs.append(program)
                await program.start()
            yield Team(programs, application, carrier, rig, database)
    finally:
        for program in programs:
            await program.discard()
        await balancer.close()
