"""What SQLite's errors mean. Messages name the file; no traceback reaches a user."""

from __future__ import annotations

import sqlite3

from recordbridge.errors import StorageError
from recordbridge.store.faults import Fault, failure

# A damaged or read-only file counts as away: units wait and nothing is dropped, while readiness
# tells the operator (N-5).
_AWAY = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_SCHEMA,
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_NOTADB,
    }
)
_SENTENCES = {
    sqlite3.SQLITE_BUSY: "is locked by another program",
    sqlite3.SQLITE_LOCKED: "is locked by another program",
    sqlite3.SQLITE_READONLY: "cannot be written",
    sqlite3.SQLITE_IOERR: "cannot be read or written",
    sqlite3.SQLITE_CORRUPT: "is damaged",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened",
    sqlite3.SQLITE_NOTADB: "is not a SQLite database",
    sqlite3.SQLITE_FULL: "cannot grow: the disk is full",
}
_PRIMARY = 0xFF


def _code(error: BaseException) -> int:
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR))


def _fault_of(error: BaseException) -> Fault:
    code = _code(error)
    if code & _PRIMARY == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE:
        return Fault.FULL
    return Fault.AWAY if code & _PRIMARY in _AWAY else Fault.UNIT


def translated(place: str, error: BaseException) -> StorageError:
    """The driver's error as ours: the place, what is wrong with it, the driver's words."""
    what = _SENTENCES.get(_code(error) & _PRIMARY, "refused the change")
    return failure(_fault_of(error), f"The database {place} {what} ({error}).")
