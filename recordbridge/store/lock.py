"""M-3: SQLite serves one worker. A lock file beside the database keeps a second one out.

The kernel drops the lock with the process, however it ends; the file itself stays, because
removing it would let two workers lock two different files of one name.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from recordbridge.errors import StorageError


@contextlib.contextmanager
def sole_worker(database: Path, worker: str) -> Iterator[None]:
    """Hold the database's lock. Raises StorageError naming the file and who has it."""
    path = database.with_name(database.name + ".lock")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
    except OSError as error:
        raise StorageError(
            f"The lock file {path} of the database cannot be opened ({error.strerror})."
        ) from error
    try:
        _take(descriptor, database)
        _sign(descriptor, path, worker)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, database: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip()
        known = f" ({holder})" if holder else ""
        raise StorageError(
            f"The database {database} is in use by another worker{known}; SQLite serves only one."
        ) from error
    except OSError as error:
        raise StorageError(
            f"The database {database} cannot be locked ({error.strerror})."
        ) from error


def _sign(descriptor: int, path: Path, worker: str) -> None:
    """Tell a second worker who holds the lock."""
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"pid {os.getpid()}, worker {worker}\n".encode(), 0)
    except OSError as error:
        raise StorageError(
            f"The lock file {path} of the database cannot be written ({error.strerror}).",
            full=error.errno == errno.ENOSPC,
        ) from error
