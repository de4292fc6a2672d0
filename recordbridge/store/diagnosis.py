"""`recordbridge check --live`: whether the database could be used now, without changing it."""

from __future__ import annotations

import asyncio

from sqlalchemy.exc import DBAPIError

from recordbridge.errors import StorageError
from recordbridge.store.backend import Backend, backend_of
from recordbridge.store.faults import AwayError
from recordbridge.store.schema import found_level


async def diagnose(url: str) -> list[str]:
    """What is wrong, in sentences. Raises AwayError when the database cannot be reached."""
    try:
        return await asyncio.to_thread(_look, backend_of(url))
    except AwayError:
        raise
    except StorageError as error:
        return [str(error)]


def _look(backend: Backend) -> list[str]:
    if not backend.exists():
        return []  # the service makes it
    engine = backend.readers(1)
    try:
        with engine.connect() as connection:
            found_level(connection, backend.place)
            return backend.risks(connection)
    except DBAPIError as error:
        raise backend.translated(error.orig or error) from error
    finally:
        engine.dispose()
