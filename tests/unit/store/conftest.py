"""The store on a database of either kind (`place`), open for the length of one test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from recordbridge.store import Database, open_store
from tests.postgres import Server
from tests.unit.store.places import Place, PostgresPlace


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Of a SQLite database, for tests of SQLite."""
    return tmp_path / "recordbridge.db"


@pytest.fixture
def path_url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_place(postgres: Server) -> Iterator[PostgresPlace]:
    place = PostgresPlace(postgres)
    yield place
    postgres.give_back(place.url)


@pytest.fixture
def url(place: Place) -> str:
    return place.url


@pytest.fixture
async def store(url: str) -> AsyncIterator[Database]:
    async with open_store(url, worker="rb-1") as opened:
        yield opened
