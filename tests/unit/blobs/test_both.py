"""What both backends promise: a name leads to the whole file or to nothing (M-2)."""

from __future__ import annotations

import asyncio
import hashlib
import os
from contextlib import aclosing
from pathlib import Path

import pytest

from recordbridge.errors import StorageError
from recordbridge.ports.audio import Blobs, Stored

pytestmark = pytest.mark.rule("M-2")

NAME = "0e4b0a51-55c4-4c1e-9c5b-9df4ac53c0aa.mp3"
AUDIO = bytes(range(256)) * 4000
STORED = Stored(len(AUDIO), hashlib.sha256(AUDIO).hexdigest())


def source(folder: Path, content: bytes = AUDIO) -> Path:
    path = folder / "finished"
    path.write_bytes(content)
    return path


async def read(blobs: Blobs, name: str = NAME, start: int = 0, length: int | None = None) -> bytes:
    """The file as whoever fetches it gets it."""
    file = await blobs.open(name)
    assert file is not None
    try:
        size = file.size - start if length is None else length
        async with aclosing(file.read(start, size)) as chunks:
            return b"".join([chunk async for chunk in chunks])
    finally:
        await file.close()


async def test_a_file_is_kept_whole_with_size_and_digest(blobs: Blobs, tmp_path: Path) -> None:
    path = source(tmp_path)
    assert await blobs.open(NAME) is None
    assert await blobs.put(NAME, path) == STORED
    assert await read(blobs) == AUDIO
    assert not path.exists()


@pytest.mark.rule("E-4")
@pytest.mark.parametrize(
    ("start", "length"), [(0, 1), (1, 1000), (500_000, 524_000), (len(AUDIO) - 1, 1)]
)
async def test_a_part_is_that_part(blobs: Blobs, tmp_path: Path, start: int, length: int) -> None:
    await blobs.put(NAME, source(tmp_path))
    assert await read(blobs, start=start, length=length) == AUDIO[start : start + length]


async def test_a_file_of_many_parts_arrives_whole(blobs: Blobs, tmp_path: Path) -> None:
    """Larger than three of the parts in which S3 takes it."""
    content = os.urandom(17_000_001)
    stored = await blobs.put(NAME, source(tmp_path, content))
    assert stored == Stored(len(content), hashlib.sha256(content).hexdigest())
    assert await read(blobs) == content


async def test_keeping_again_replaces(blobs: Blobs, tmp_path: Path) -> None:
    await blobs.put(NAME, source(tmp_path, b"older"))
    assert await blobs.put(NAME, source(tmp_path)) == STORED
    assert await read(blobs) == AUDIO


async def test_an_empty_file_is_a_file(blobs: Blobs, tmp_path: Path) -> None:
    assert await blobs.put(NAME, source(tmp_path, b"")) == Stored(0, hashlib.sha256().hexdigest())
    file = await blobs.open(NAME)
    assert file is not None
    assert file.size == 0
    await file.close()


async def test_deleting_twice_is_fine(blobs: Blobs, tmp_path: Path) -> None:
    await blobs.put(NAME, source(tmp_path))
    await blobs.delete(NAME)
    assert await blobs.open(NAME) is None
    await blobs.delete(NAME)


async def test_many_at_once(blobs: Blobs, tmp_path: Path) -> None:
    names = [f"{n:08x}{NAME[8:]}" for n in range(0, 1 << 32, 1 << 27)]
    for name in names:
        (tmp_path / name).write_bytes(name.encode())
    await asyncio.gather(*(blobs.put(name, tmp_path / name) for name in names))
    for name in names:
        assert await read(blobs, name) == name.encode()


async def test_a_file_can_be_had_on_this_machine(blobs: Blobs, tmp_path: Path) -> None:
    await blobs.put(NAME, source(tmp_path))
    here = await blobs.fetch(NAME, tmp_path / "copy")
    assert here is not None
    assert here.read_bytes() == AUDIO
    await blobs.delete(NAME)
    assert await blobs.fetch(NAME, tmp_path / "copy") is None


@pytest.mark.parametrize(
    "name",
    ["", "x.mp3", "../" + NAME, NAME + "\n", NAME.upper(), NAME[:-3] + "ogg", "/etc/passwd",
     "." * 36 + ".mp3", NAME + ".part"],
)  # fmt: skip
async def test_other_names_are_refused(blobs: Blobs, tmp_path: Path, name: str) -> None:
    assert await blobs.open(name) is None
    with pytest.raises(StorageError, match="is not the name of a recording's file"):
        await blobs.put(name, source(tmp_path))
    with pytest.raises(StorageError, match="is not the name of a recording's file"):
        await blobs.delete(name)


async def test_a_missing_source_is_a_storage_error(blobs: Blobs, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be kept: No such file") as caught:
        await blobs.put(NAME, tmp_path / "none")
    assert not caught.value.full


@pytest.mark.rule("N-4")
async def test_free_space_is_that_of_the_folders_disk(blobs: Blobs, tmp_path: Path) -> None:
    total = os.statvfs(tmp_path)
    assert 0 < await blobs.free_bytes() <= total.f_blocks * total.f_frsize
