"""The store on a database of either kind (`place`), open for the length of one test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from recordbridge.store import Database, open_store
from tests.unit.store.places import Place


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Of a SQLite database, for tests of SQLite."""
    return tmp_path / "recordbridge.db"


@pytest.fixture
def url(place: Place) -> str:
    return place.url


@pytest.fixture
async def store(url: str) -> AsyncIterator[Database]:
    async with open_store(url, worker="rb-1") as opened:
        yield opened
