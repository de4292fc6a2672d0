"""check --live: a database is looked at, not changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from recordbridge.store import AwayError, diagnose, open_store
from tests.postgres import Server
from tests.unit.store.places import Place

pytestmark = pytest.mark.rule("O-3")


async def test_good_ones(place: Place) -> None:
    """Empty, and with our tables; the server of the tests runs without fsync, and that is told."""
    risks = await diagnose(place.url)
    async with open_store(place.url, worker="rb-1"):
        assert await diagnose(place.url) == risks
    on_server = place.url.startswith("postgresql")
    assert ["runs with fsync = off" in each for each in risks] == [True] * on_server


async def test_file_that_the_service_will_make_is_good_and_is_not_made(tmp_path: Path) -> None:
    assert await diagnose(f"sqlite:///{tmp_path}/var/recordbridge.db") == []
    assert list(tmp_path.iterdir()) == []


async def test_tables_of_another_program(place: Place) -> None:
    place.execute("CREATE TABLE users (name TEXT)")
    assert "belongs to another program" in (await diagnose(place.url))[0]


async def test_newer_schema(place: Place) -> None:
    async with open_store(place.url, worker="rb-1"):
        pass
    place.execute("UPDATE alembic_version SET version_num = '0099'")
    place.execute("UPDATE schema_floor SET level = 99")
    assert "made by a newer release" in (await diagnose(place.url))[0]


async def test_one_that_cannot_be_reached(postgres: Server) -> None:
    with pytest.raises(AwayError, match="refused the user or the password"):
        await diagnose(postgres.url("postgres", password="falsch"))
