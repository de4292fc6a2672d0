"""Reads on connections of their own, in a few threads, beside the writer (`ports.lists.Lists`)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Executable
from sqlalchemy.exc import DBAPIError

from recordbridge.errors import StorageError
from recordbridge.ports.lists import (
    ANY_CALL,
    ANY_RECORDING,
    ANY_REQUEST,
    CallFilter,
    RecordingFilter,
    RequestFilter,
)
from recordbridge.ports.rows import (
    AttemptRow,
    CallRow,
    RecordingRow,
    RequestRow,
    StartRow,
    TranscriptRow,
)
from recordbridge.store import queries, tables
from recordbridge.store.backend import Backend
from recordbridge.store.schema import must_be_readable

CONNECTIONS = 4

_Any = TypeVar("_Any")


class Reader:
    """Rows by key, pages and counts. Every read raises StorageError."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._engine = backend.readers(CONNECTIONS)
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="store-reader")

    async def must_be_readable(self) -> None:
        """Raises StorageError unless there is a schema that we can use."""
        if not self._backend.exists():
            raise StorageError(f"The database {self._backend.place} does not exist.")
        await asyncio.get_running_loop().run_in_executor(
            self._threads, must_be_readable, self._engine, self._backend
        )

    async def close(self) -> None:
        """Wait for running reads, then drop the connections."""
        await asyncio.to_thread(self._threads.shutdown)
        self._engine.dispose()

    async def call(self, call_uuid: str) -> CallRow | None:
        return await self._one(CallRow, queries.by_key(tables.calls, call_uuid))

    async def recording(self, recording_id: str) -> RecordingRow | None:
        return await self._one(RecordingRow, queries.by_key(tables.recordings, recording_id))

    async def request(self, request_id: str) -> RequestRow | None:
        return await self._one(RequestRow, queries.by_key(tables.requests, request_id))

    async def transcript(self, recording_id: str) -> TranscriptRow | None:
        """What was said in the recording, or that it is to be found out."""
        return await self._one(TranscriptRow, queries.by_key(tables.transcripts, recording_id))

    async def calls(
        self, wanted: CallFilter = ANY_CALL, *, limit: int = 20, offset: int = 0
    ) -> list[CallRow]:
        """By time of entering, newest first."""
        return await self._all(CallRow, queries.page(wanted, limit, offset))

    async def recordings(
        self, wanted: RecordingFilter = ANY_RECORDING, *, limit: int = 20, offset: int = 0
    ) -> list[RecordingRow]:
        """By time of adding, newest first."""
        return await self._all(RecordingRow, queries.page(wanted, limit, offset))

    async def requests(
        self, wanted: RequestFilter = ANY_REQUEST, *, limit: int = 20, offset: int = 0
    ) -> list[RequestRow]:
        """By time of creation, newest first."""
        return await self._all(RequestRow, queries.page(wanted, limit, offset))

    async def request_ids(self, wanted: RequestFilter) -> list[str]:
        """Of all that the filter lets through, oldest first."""
        return [str(key) for (key,) in await self._fetch(queries.request_ids(wanted))]

    async def count_calls(self, wanted: CallFilter = ANY_CALL) -> int:
        return await self._count(wanted)

    async def count_recordings(self, wanted: RecordingFilter = ANY_RECORDING) -> int:
        return await self._count(wanted)

    async def count_requests(self, wanted: RequestFilter = ANY_REQUEST) -> int:
        return await self._count(wanted)

    async def requests_of(self, call_uuid: str) -> list[RequestRow]:
        """All of a call, oldest first."""
        return await self._all(RequestRow, queries.requests_of(call_uuid))

    async def start(self, account: str, key: str) -> StartRow | None:
        """The recording that was begun by the request with that key (E-1)."""
        return await self._one(StartRow, queries.start(account, key))

    async def attempts_of(self, request_id: str) -> list[AttemptRow]:
        """All of a request, in order (H-6)."""
        return await self._all(AttemptRow, queries.attempts_of(request_id))

    async def _all(self, make: Callable[..., _Any], statement: Executable) -> list[_Any]:
        return [make(*row) for row in await self._fetch(statement)]

    async def _one(self, make: Callable[..., _Any], statement: Executable) -> _Any | None:
        rows = await self._fetch(statement)
        return make(*rows[0]) if rows else None

    async def _count(self, wanted: queries.Wanted) -> int:
        ((number,),) = await self._fetch(queries.count(wanted))
        assert isinstance(number, int)
        return number

    async def _fetch(self, statement: Executable) -> list[tuple[object, ...]]:
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, self._execute, statement
            )
        except DBAPIError as error:
            raise self._backend.translated(error.orig or error) from error
        except OverflowError as error:
            raise StorageError(f"A number is too big for the database ({error}).") from error

    def _execute(self, statement: Executable) -> list[tuple[object, ...]]:
        with self._engine.connect() as connection:
            return [tuple(row) for row in connection.execute(statement)]
