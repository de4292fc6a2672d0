"""A database in a folder of its own, open for the length of one test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from recordbridge.store import Database, open_store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "recordbridge.db"


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
async def store(url: str) -> AsyncIterator[Database]:
    async with open_store(url, worker="rb-1") as opened:
        yield opened
