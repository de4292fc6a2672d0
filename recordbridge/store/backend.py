"""A kind of database as the rest of the store sees it, and which one a URL means.

What differs between SQLite and PostgreSQL stands behind `Backend`: connections, the meaning of
errors, who may write. Statements, tables, migrations, writer and reader are the same for both.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection as SqlConnection
from sqlalchemy import Engine
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.exc import ArgumentError

from recordbridge.errors import StorageError
from recordbridge.store.sqlite import Sqlite
from recordbridge.store.statements import Cursor

ALLOWED = "allowed is sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME"
EXTRA = "pip install 'recordbridge[postgres]'"


class Connection(Protocol):
    """What is used of a driver's connection (PEP 249)."""

    def cursor(self) -> Cursor: ...

    def close(self) -> object: ...


class Backend(Protocol):
    """One database. Methods raise StorageError; AwayError when waiting may help."""

    @property
    def place(self) -> str:
        """What messages call it; without any secret."""
        ...

    @property
    def dialect(self) -> Dialect: ...

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What its driver raises."""
        ...

    @property
    def begin(self) -> str: ...

    @property
    def farewell(self) -> str:
        """What the writer says before it leaves; empty: nothing."""
        ...

    @property
    def patience_s(self) -> float:
        """How long a database that is away is waited for at the start."""
        ...

    @property
    def shared(self) -> bool:
        """Whether several workers may use it."""
        ...

    def reserved(self, worker: str) -> AbstractContextManager[None]:
        """Keep out whoever must not write beside us, as far as no connection is needed for it."""
        ...

    def connect(self, worker: str) -> Connection:
        """The writer's connection; it is in autocommit."""
        ...

    def watch(self) -> Callable[[], None]:
        """A check that what we opened is still there; raises AwayError."""
        ...

    def migrator(self) -> Engine:
        """For migrations."""
        ...

    def readers(self, connections: int) -> Engine:
        """Up to so many connections that cannot change anything."""
        ...

    def exists(self) -> bool:
        """Whether there is anything to read; a server tells when it is connected to."""
        ...

    def risks(self, connection: SqlConnection) -> list[str]:
        """Sentences: what breaks our promises though it works (`diagnosis`)."""
        ...

    def translated(self, error: BaseException) -> StorageError:
        """The driver's error as ours; the caller chains the cause."""
        ...

    def interrupt(self) -> None:
        """From another thread: end whatever waits for a database that does not answer."""
        ...


def backend_of(url: str) -> Backend:
    """The database that the URL names. Raises StorageError; no message shows a password."""
    try:
        scheme = make_url(url).drivername
    except (ArgumentError, ValueError) as error:
        raise StorageError(f"The database URL cannot be read; {ALLOWED}.") from error
    if scheme == "sqlite":
        return Sqlite(url)
    if scheme != "postgresql":
        raise StorageError(f"A database URL that begins with {scheme} cannot be used; {ALLOWED}.")
    try:
        # Only who has the extra can import its driver.
        from recordbridge.store.postgres import Postgres  # noqa: PLC0415 - an optional dependency
    except ImportError as error:
        raise StorageError(
            f"database.url: PostgreSQL needs its driver, which is not installed: {EXTRA}."
        ) from error
    return Postgres(url)
