"""Asterisk's files: read where they are, or fetched; deleted once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from recordbridge.ari.recordings import StoredRecordings
from recordbridge.ari.rest import RestClient
from recordbridge.errors import PbxGoneError, PbxUnavailableError, StorageError
from tests.fakeari import FakeAsterisk

CONTENT = bytes(range(256)) * 1000


@pytest.fixture
async def rest(fake: FakeAsterisk) -> AsyncIterator[RestClient]:
    (fake.recordings / "rb-1.wav").write_bytes(CONTENT)
    async with RestClient(fake.url, fake.username, fake.password) as rest:
        yield rest


@pytest.mark.rule("M-1")
async def test_in_a_shared_folder_it_is_read_where_it_is(
    rest: RestClient, fake: FakeAsterisk, tmp_path: Path
) -> None:
    found = await StoredRecordings(rest, fake.recordings).fetch("rb-1", tmp_path / "into.wav")
    assert found == fake.recordings / "rb-1.wav"
    assert not (tmp_path / "into.wav").exists()


@pytest.mark.rule("M-1")
@pytest.mark.parametrize("folder", [None, "not-mounted"])
async def test_without_one_it_is_fetched(
    rest: RestClient, tmp_path: Path, folder: str | None
) -> None:
    """Also when the folder has gone away: no reason to lose a recording."""
    shared = tmp_path / folder if folder else None
    found = await StoredRecordings(rest, shared).fetch("rb-1", tmp_path / "into.wav")
    assert found.read_bytes() == CONTENT
    assert not list(tmp_path.glob("*.part"))


async def test_a_folder_that_lacks_what_asterisk_has_is_told_once(
    rest: RestClient, tmp_path: Path
) -> None:
    """It is not the folder into which Asterisk records."""
    strange: list[Path] = []
    stored = StoredRecordings(rest, tmp_path, strange.append)
    with pytest.raises(PbxGoneError):
        await stored.fetch("rb-2", tmp_path / "into.wav")
    assert not strange
    for _ in range(2):
        await stored.fetch("rb-1", tmp_path / "into.wav")
    assert strange == [tmp_path]


async def test_a_missing_one_is_gone_and_leaves_nothing(rest: RestClient, tmp_path: Path) -> None:
    with pytest.raises(PbxGoneError):
        await StoredRecordings(rest, None).fetch("rb-2", tmp_path / "into.wav")
    assert not list(tmp_path.glob("into*"))


async def test_a_broken_download_leaves_nothing(
    rest: RestClient, fake: FakeAsterisk, tmp_path: Path
) -> None:
    for _ in range(2):  # the second is a repeat
        fake.faults.lose_answer("GET recordings/stored/*")
    with pytest.raises(PbxUnavailableError):
        await StoredRecordings(rest, None).fetch("rb-1", tmp_path / "into.wav")
    assert not list(tmp_path.glob("into*"))


async def test_a_target_that_cannot_be_written_is_our_storages_fault(
    rest: RestClient, tmp_path: Path
) -> None:
    with pytest.raises(StorageError):
        await StoredRecordings(rest, None).fetch("rb-1", tmp_path / "no" / "folder" / "x.wav")


async def test_deleting_twice_is_fine(rest: RestClient, fake: FakeAsterisk) -> None:
    stored = StoredRecordings(rest, None)
    await stored.delete("rb-1")
    await stored.delete("rb-1")
    assert not list(fake.recordings.iterdir())
