"""The local folder: a name leads to the whole file or to nothing."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from recordbridge.blobs import LocalBlobs
from recordbridge.errors import StorageError
from recordbridge.ports.audio import Blobs, Stored

NAME = "0e4b0a51-55c4-4c1e-9c5b-9df4ac53c0aa.mp3"
AUDIO = bytes(range(256)) * 100
STORED = Stored(len(AUDIO), hashlib.sha256(AUDIO).hexdigest())


@pytest.fixture
async def blobs(tmp_path: Path) -> AsyncIterator[LocalBlobs]:
    blobs = LocalBlobs(tmp_path / "recordings")
    yield blobs
    blobs.close()


def source(folder: Path, content: bytes = AUDIO) -> Path:
    path = folder / "finished"
    path.write_bytes(content)
    return path


def files_under(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file())


@pytest.fixture
def other_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Renaming from one folder into another says that they are on different file systems."""
    rename = os.rename

    def refused(source: Path, target: Path) -> None:
        if source.parent != target.parent:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename(source, target)

    monkeypatch.setattr(os, "rename", refused)


def test_it_is_the_blobs_of_the_ports(tmp_path: Path) -> None:
    blobs: Blobs = LocalBlobs(tmp_path)
    assert isinstance(blobs, LocalBlobs)
    blobs.close()


@pytest.mark.rule("M-2")
async def test_a_folder_that_was_removed_is_made_again(blobs: LocalBlobs, tmp_path: Path) -> None:
    path = source(tmp_path)
    kept = blobs.path(NAME)
    assert kept is None
    for folder in (tmp_path / "recordings").iterdir():
        if folder.is_dir():
            folder.rmdir()
    await blobs.put(NAME, path)
    assert blobs.path(NAME) is not None


@pytest.mark.rule("M-2")
@pytest.mark.usefixtures("other_disk")
async def test_a_file_from_another_disk_is_copied(blobs: LocalBlobs, tmp_path: Path) -> None:
    path = source(tmp_path)
    assert await blobs.put(NAME, path) == STORED
    kept = blobs.path(NAME)
    assert kept is not None
    assert kept.read_bytes() == AUDIO
    assert not path.exists()
    assert files_under(tmp_path / "recordings") == [NAME]


@pytest.mark.rule("M-2")
@pytest.mark.parametrize("copied", [False, True])
async def test_data_is_synced_before_the_name_appears_and_the_folder_after(
    blobs: LocalBlobs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    copied: bool,
) -> None:
    if copied:
        request.getfixturevalue("other_disk")
    fsync, seen = os.fsync, []

    def watched(descriptor: int) -> None:
        target = Path(f"/proc/self/fd/{descriptor}").readlink()
        seen.append(("folder" if target.is_dir() else "data", blobs.path(NAME) is not None))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    await blobs.put(NAME, source(tmp_path))
    assert seen[-1] == ("folder", True)
    assert set(seen[:-1]) <= {("data", False), ("folder", False)}
    assert seen[-2] == ("data", False)


async def test_a_repeat_after_the_source_was_moved_succeeds(
    blobs: LocalBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder could not be synced, so nobody was told; the caller tries again."""
    path, fsync = source(tmp_path), os.fsync
    failed: list[int] = []

    def failing(descriptor: int) -> None:
        if blobs.path(NAME) is not None and not failed:
            failed.append(descriptor)
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(StorageError, match="Input/output error"):
        await blobs.put(NAME, path)
    assert not path.exists()
    assert await blobs.put(NAME, path) == STORED


@pytest.mark.rule("N-4")
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.usefixtures("other_disk")
async def test_a_full_disk_is_told_and_leaves_nothing_but_the_source(
    blobs: LocalBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    fsync = os.fsync

    def full(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink().suffix == ".part":
            raise OSError(code, os.strerror(code))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    path = source(tmp_path)
    with pytest.raises(StorageError, match="cannot be kept") as caught:
        await blobs.put(NAME, path)
    assert caught.value.full
    assert path.read_bytes() == AUDIO
    assert files_under(tmp_path / "recordings") == []


async def test_opening_removes_what_an_interrupted_copy_left(tmp_path: Path) -> None:
    shard = tmp_path / "0e"
    shard.mkdir()
    (shard / f"{NAME}.part").write_bytes(b"half")
    (shard / NAME).write_bytes(AUDIO)
    blobs = LocalBlobs(tmp_path)
    assert files_under(tmp_path) == [NAME]
    blobs.close()


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="cannot be used: Not a directory"):
        LocalBlobs(tmp_path / "file" / "recordings")
