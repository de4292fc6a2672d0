"""N-6: what is asked of calls across workers. Whoever owns a call, now or later, does it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

from sqlalchemy import Executable, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from recordbridge.instant import Instant
from recordbridge.ports.rows import CommandRow
from recordbridge.store.batch import Piece
from recordbridge.store.compiled import compiled, rendered
from recordbridge.store.statements import Cursor, Statements
from recordbridge.store.tables import calls, commands


class Commands:
    """Implements `ports.store.Commands` for `worker`."""

    def __init__(
        self,
        run: Callable[[Piece], asyncio.Future[object]],
        fetch: Callable[[Executable], Awaitable[list[tuple[object, ...]]]],
        dialect: Dialect,
        worker: str,
    ) -> None:
        self._run = run
        self._fetch = fetch
        self._dialect = dialect
        self._worker = worker

    async def add(self, row: CommandRow) -> None:
        """Keep it; one that is there stays as it is."""
        build = postgresql.insert if self._dialect.name == "postgresql" else sqlite.insert
        values = {name: getattr(row, name) for name in row.__struct_fields__}
        insert = build(commands).values(values)
        await self._write(insert.on_conflict_do_nothing(index_elements=["command_id"]))

    async def answer(self, command_id: str) -> bytes | None:
        """The owner's answer, once it is there."""
        wanted = select(commands.c.answer).where(
            commands.c.command_id == command_id, commands.c.answered_at.is_not(None)
        )
        found = await self._fetch(wanted)
        return cast("bytes", found[0][0]) if found else None

    async def waiting(self) -> list[tuple[CommandRow, bool]]:
        """Those for calls of ours that have no answer, oldest first; whether the call is open."""
        wanted = (
            select(commands, calls.c.open)
            .join(calls, calls.c.call_uuid == commands.c.call_uuid)
            .where(commands.c.answered_at.is_(None), calls.c.owner == self._worker)
            .order_by(commands.c.added_at, commands.c.command_id)
        )
        return [
            (CommandRow(*row[:-1]), bool(row[-1]))  # type: ignore[arg-type]  # columns are fields
            for row in await self._fetch(wanted)
        ]

    async def forget(self, before: Instant) -> None:
        """Delete those that are so old: nobody waits for them."""
        await self._write(delete(commands).where(commands.c.added_at < before))

    async def _write(self, statement: Executable) -> None:
        text, values = rendered(compiled(statement, self._dialect))

        def work(cursor: Cursor, _sql: Statements) -> object:
            cursor.execute(text, values)
            return None

        await self._run(work)
