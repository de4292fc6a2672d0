"""PostgreSQL: how sessions are set up, and that no second worker of our name writes (M-3).

An advisory lock on the writer's session keeps the other one out. It goes with the session, so
with the process; after a lost connection it is taken anew.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection as SqlConnection
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import Dialect
from sqlalchemy.pool import NullPool, QueuePool

from recordbridge.errors import StorageError
from recordbridge.store.faults import AwayError
from recordbridge.store.postgres_cursor import PostgresConnection
from recordbridge.store.postgres_faults import not_connected, translated

CONNECT_S = 3
"""For the whole of a connection's beginning."""
LOCK_S = 5
"""How long one statement waits for a lock of another session."""
STATEMENT_S = 30
"""What takes longer is given up by the server."""
PATIENCE_S = 10.0
"""How long a server that is away is waited for at the start (a machine boots both)."""
NETWORK: dict[str, Any] = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "connect_timeout": CONNECT_S,
}
"""A network that swallows everything is noticed within about ten seconds, on both sides."""
_SESSION = (
    f"SET lock_timeout = '{LOCK_S}s'; SET statement_timeout = '{STATEMENT_S}s';"
    f"SET idle_in_transaction_session_timeout = '{STATEMENT_S}s';"
    "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3;"
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') = 'off'"
)
"""What was acknowledged is on the disk, whatever the server's default says."""
_RESERVE = "SELECT pg_try_advisory_lock(hashtextextended('recordbridge worker ' || %s, 0))"


class Postgres:
    """A database on a server (`backend.Backend`)."""

    errors: tuple[type[Exception], ...] = (psycopg.Error,)
    begin = "BEGIN"
    farewell = ""
    shared = True
    dialect: Dialect = create_engine("postgresql+psycopg://", paramstyle="format").dialect

    def __init__(self, url: str) -> None:
        try:
            parts = conninfo_to_dict(url)
        except psycopg.ProgrammingError as error:
            raise StorageError(
                "The database URL cannot be read; allowed is "
                "postgresql://USER:PASSWORD@HOST/NAME (and what libpq allows after a ?)."
            ) from error
        self._url = url
        self.place = _shown(parts)
        self.patience_s = PATIENCE_S
        self._open: weakref.WeakSet[psycopg.Connection[Any]] = weakref.WeakSet()
        self._guard = threading.Lock()

    def reserved(self, worker: str) -> AbstractContextManager[None]:  # noqa: ARG002 - see `connect`
        """Nothing yet: the writer's session is what holds the lock."""
        return contextlib.nullcontext()

    def connect(self, worker: str) -> PostgresConnection:
        """The writer's session, with the lock of the worker's name."""
        connection = self._connect(autocommit=True)
        try:
            row = connection.execute(_RESERVE, (worker,)).fetchone()
        except psycopg.Error as error:
            connection.close()
            raise self.translated(error) from error
        if row != (True,):
            connection.close()
            raise AwayError(
                f"The database {self.place} is in use by another worker of the name {worker}; "
                "end it, or give this one another service.worker."
            )
        return PostgresConnection(connection)

    def watch(self) -> Callable[[], None]:
        """A session knows by itself when its database is gone."""
        return _nothing

    def migrator(self) -> Engine:
        """Sessions whose transactions SQLAlchemy begins."""
        return self._engine(lambda: self._connect(autocommit=False), None)

    def readers(self, connections: int) -> Engine:
        """Sessions that look whether they still stand before they are used again."""
        return self._engine(self._reading, connections)

    def exists(self) -> bool:
        return True

    def risks(self, connection: SqlConnection) -> list[str]:
        """Settings of the server under which a commit may be lost."""
        return [
            f"The server of the database {self.place} runs with {name} = off: "
            "a crash of its machine can lose what was committed."
            for name in ("fsync", "full_page_writes")
            if connection.exec_driver_sql(f"SHOW {name}").scalar() == "off"
        ]

    def translated(self, error: BaseException) -> StorageError:
        return error if isinstance(error, StorageError) else translated(self.place, error)

    def interrupt(self) -> None:
        """Shut every socket: a server that is frozen would hold its clients for ever."""
        with self._guard:
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError, psycopg.Error):
                plug = socket.socket(fileno=os.dup(connection.fileno()))
                with plug:
                    plug.shutdown(socket.SHUT_RDWR)

    def _reading(self) -> psycopg.Connection[Any]:
        connection = self._connect(autocommit=True)
        connection.execute("SET default_transaction_read_only = on")
        return connection

    def _connect(self, *, autocommit: bool) -> psycopg.Connection[Any]:
        try:
            connection = psycopg.connect(self._url, autocommit=True, **NETWORK)
        except psycopg.Error as error:
            raise not_connected(self.place, error) from error
        with self._guard:
            self._open.add(connection)
        try:
            connection.execute(_SESSION.encode())
            self._must_be_utf8(connection)
        except psycopg.Error as error:
            connection.close()
            raise self.translated(error) from error
        connection.autocommit = autocommit
        return connection

    def _must_be_utf8(self, connection: psycopg.Connection[Any]) -> None:
        found = connection.info.parameter_status("server_encoding")
        if found != "UTF8":
            connection.close()
            raise StorageError(
                f"The database {self.place} has the encoding {found}, which cannot keep every "
                "text; create it with ENCODING 'UTF8'."
            )

    def _engine(
        self, connect: Callable[[], psycopg.Connection[Any]], connections: int | None
    ) -> Engine:
        url, options = "postgresql+psycopg://", {"use_native_hstore": False}
        if connections is None:
            return create_engine(url, creator=connect, poolclass=NullPool, **options)
        return create_engine(
            url,
            creator=connect,
            poolclass=QueuePool,
            pool_size=connections,
            max_overflow=0,
            pool_pre_ping=True,
            isolation_level="AUTOCOMMIT",
            **options,
        )


def _nothing() -> None:
    pass


def _shown(parts: dict[str, Any]) -> str:
    """The database in words: name, server, user."""
    host = parts.get("host") or parts.get("hostaddr") or "localhost"
    port = parts.get("port") or 5432
    name = parts.get("dbname") or "(no name)"
    user = parts.get("user")
    return f"{name} of {host}:{port}" + (f" (user {user})" if user else "")
