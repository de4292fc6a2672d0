"""psycopg's cursor as the writer uses it (`statements.Cursor`).

PostgreSQL has no text with the character U+0000, SQLite has. Such a text is kept with U+FFFD in
its place: losing a character is better than losing the unit, and with it the call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

_NUL, _INSTEAD = "\0", "\N{REPLACEMENT CHARACTER}"


class PostgresCursor:
    """One cursor, used again for every statement."""

    __slots__ = ("_cursor",)

    def __init__(self, cursor: psycopg.Cursor[tuple[Any, ...]]) -> None:
        self._cursor = cursor

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    def execute(self, sql: str, parameters: Sequence[object] = (), /) -> object:
        """Without parameters the text goes as it is."""
        try:
            return self._cursor.execute(sql.encode(), parameters or None)
        except psycopg.DataError:
            clean = [_clean(value) for value in parameters]
            if clean == list(parameters):
                raise
        return self._cursor.execute(sql.encode(), clean)  # nothing had been sent

    @property
    def description(self) -> object:
        return self._cursor.description

    def fetchall(self) -> list[tuple[object, ...]]:
        return self._cursor.fetchall()

    def fetchone(self) -> tuple[object, ...] | None:
        return self._cursor.fetchone()

    def close(self) -> None:
        self._cursor.close()


class PostgresConnection:
    """The writer's session."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection

    def cursor(self) -> PostgresCursor:
        return PostgresCursor(self._connection.cursor())

    def close(self) -> None:
        self._connection.close()


def _clean(value: object) -> object:
    return value.replace(_NUL, _INSTEAD) if isinstance(value, str) else value
