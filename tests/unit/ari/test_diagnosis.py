"""`recordbridge check --live`: what is wrong with an Asterisk."""

from __future__ import annotations

from pathlib import Path

import pytest

from recordbridge.ari.diagnosis import MODULES, SOUNDS_BY_URL, diagnose
from recordbridge.errors import PbxUnavailableError
from recordbridge.instant import SystemClock
from tests.fakeari import FakeAsterisk


async def look_at(fake: FakeAsterisk, recordings: Path | None = None) -> list[str]:
    return await diagnose(
        fake.url,
        fake.username,
        fake.password,
        "recordbridge",
        recordings=recordings,
        clock=SystemClock(),
    )


@pytest.mark.rule("O-3")
async def test_all_that_is_wrong_is_told_at_once(fake: FakeAsterisk, tmp_path: Path) -> None:
    fake.version = "13.38.3"
    fake.skew_ms = 400
    fake.modules = tuple(each for each in fake.modules if "snoop" not in each)
    fake.faults.refuse("DELETE *", 403, "read only")
    found = await look_at(fake, tmp_path / "not-mounted")
    starts = ["Asterisk 13.38.3 is too old", "Asterisk's clock is", "res_stasis_snoop.so is not"]
    assert [each[: len(start)] for each, start in zip(found, starts, strict=False)] == starts
    assert "read_only=no" in found[3]
    assert "not-mounted" in found[4]
    assert len(found) == 5


@pytest.mark.rule("O-3")
async def test_nothing_wrong_is_nothing_told(fake: FakeAsterisk) -> None:
    assert await look_at(fake, fake.recordings) == []


@pytest.mark.rule("O-3")
async def test_sounds_by_url_need_modules_unless_the_folder_is_shared(fake: FakeAsterisk) -> None:
    fake.modules = tuple(MODULES)
    told = await look_at(fake)
    assert [each.partition(" ")[0] for each in told] == ["res_curl.so", "res_http_media_cache.so"]
    assert "without it Play and Speak need asterisk[].recordings" in told[0]
    assert await look_at(fake, fake.recordings) == []
    fake.modules += tuple(SOUNDS_BY_URL)
    assert await look_at(fake) == []


async def test_a_wrong_password_is_told_alone(fake: FakeAsterisk) -> None:
    fake.password = "another"
    found = await diagnose(
        fake.url, "joe", "wrong", "recordbridge", recordings=None, clock=SystemClock()
    )
    assert len(found) == 1
    assert "ari.conf" in found[0]


async def test_an_asterisk_that_is_not_there_is_raised(fake: FakeAsterisk) -> None:
    await fake.crash()
    with pytest.raises(PbxUnavailableError, match="is Asterisk running"):
        await look_at(fake)
