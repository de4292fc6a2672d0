"""A database of either kind, for one test: its URL, a look and a hand past the store, a way to
have it go away.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from tests.postgres import Server


class Place(Protocol):
    """`url` is for the store; the rest works beside it."""

    url: str

    def execute(self, sql: str) -> None: ...

    def rows(self, sql: str) -> list[tuple[Any, ...]]: ...

    def settle(self) -> None:
        """After its writer was killed: see to it that nothing is under way any more."""
        ...

    def leave(self) -> None:
        """From now on nobody can use it; who uses it loses it."""
        ...

    def come_back(self) -> None: ...


class SqlitePlace:
    """A file; it leaves by being moved."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"
        self._away = path.with_name("away.db")

    def execute(self, sql: str) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(sql)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(sql).fetchall()

    def settle(self) -> None:
        assert self.rows("PRAGMA integrity_check") == [("ok",)]

    def leave(self) -> None:
        self.path.rename(self._away)

    def come_back(self) -> None:
        self._away.rename(self.path)


class PostgresPlace:
    """A database of the test session's server; it leaves by ending and refusing all sessions."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.url = server.fresh()
        self.name = self.url.rpartition("/")[2]

    def execute(self, sql: str) -> None:
        self.server.execute(self.name, sql)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.server.rows(self.name, sql)

    def settle(self) -> None:
        self.server.end_sessions(self.name)

    def leave(self) -> None:
        self.server.execute("postgres", f"ALTER DATABASE {self.name} ALLOW_CONNECTIONS false")
        self.server.end_sessions(self.name)

    def come_back(self) -> None:
        self.server.execute("postgres", f"ALTER DATABASE {self.name} ALLOW_CONNECTIONS true")
