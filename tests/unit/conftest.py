"""A database for the length of one test: once of each kind, unless a test says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import Server
from tests.unit.store.places import Place, PostgresPlace, SqlitePlace


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "sqlite":
        yield SqlitePlace(tmp_path / "recordbridge.db")
        return
    server: Server = request.getfixturevalue("postgres")
    place = PostgresPlace(server)
    yield place
    server.give_back(place.url)
