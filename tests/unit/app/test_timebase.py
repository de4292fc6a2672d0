"""The clock of a service that is started again (N-1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from recordbridge.app import timebase
from recordbridge.instant import SystemClock
from recordbridge.ports.rows import Unit
from recordbridge.store import open_store
from tests.unit.store.rows import a_call

pytestmark = pytest.mark.rule("N-1")
SET_BY_MS = 20_000


@pytest.fixture
def boot(tmp_path: Path) -> Path:
    path = tmp_path / "boot"
    path.write_text("first\n")
    return path


async def started(url: str, boot: Path, ahead_ms: int, *rows: Unit) -> int:
    """A service starts, with its system's clock so far ahead; by how much its own is, at the end.

    `rows` is what it leaves behind.
    """
    clock = SystemClock()
    true = clock.base_ms
    clock.base_ms += ahead_ms
    async with open_store(url, worker="rb-1") as store:
        await timebase.go_on(clock, store, boot)
        for each in rows:
            await store.commit(each)
    return round(clock.base_ms - true)


@pytest.mark.parametrize("set_by", [SET_BY_MS, -SET_BY_MS])
async def test_open_calls_keep_the_clock_that_they_began_with(
    tmp_path: Path, boot: Path, set_by: int
) -> None:
    url = f"sqlite:///{tmp_path / 'rb.db'}"
    assert await started(url, boot, 0, Unit(call=a_call())) == 0
    assert abs(await started(url, boot, set_by)) < 100
    over = Unit(call=a_call(version=2, open=False))
    assert abs(await started(url, boot, set_by, over)) < 100
    assert await started(url, boot, set_by) == set_by, "nothing is open any more"


async def test_a_machine_that_was_started_anew_has_another_clock(
    tmp_path: Path, boot: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'rb.db'}"
    await started(url, boot, 0, Unit(call=a_call()))
    boot.write_text("second\n")
    assert await started(url, boot, SET_BY_MS) == SET_BY_MS


async def test_a_system_that_does_not_tell_keeps_its_own(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'rb.db'}"
    nothing = tmp_path / "nothing"
    await started(url, nothing, 0, Unit(call=a_call()))
    assert await started(url, nothing, SET_BY_MS) == SET_BY_MS
