"""A database for the length of one test: once of each kind, unless the test is about one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from recordbridge.store import Database, open_store
from tests.postgres import Server
from tests.unit.store.places import Place, PostgresPlace, SqlitePlace


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Of a SQLite database, for tests of SQLite."""
    return tmp_path / "recordbridge.db"


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, path: Path) -> Iterator[Place]:
    if request.param == "sqlite":
        yield SqlitePlace(path)
        return
    server: Server = request.getfixturevalue("postgres")
    place = PostgresPlace(server)
    yield place
    server.give_back(place.url)


@pytest.fixture
def url(place: Place) -> str:
    return place.url


@pytest.fixture
async def store(url: str) -> AsyncIterator[Database]:
    async with open_store(url, worker="rb-1") as opened:
        yield opened
