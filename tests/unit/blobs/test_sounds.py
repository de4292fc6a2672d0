"""Prepared sounds on disk: found by key, whole or not at all, evicted only when not needed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from recordbridge.blobs.eviction import Eviction
from recordbridge.blobs.sounds import SoundFolder
from recordbridge.errors import StorageError
from recordbridge.ports.sounds import Kept, Validators

NOW = 1_790_000_000_000
KEY, OTHER = "a" * 64, "b" * 64


class World:
    """A folder whose clock the test moves."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now = NOW
        self.folder = self.opened()

    def opened(self) -> SoundFolder:
        eviction = Eviction(most_bytes=1000, least_age_ms=1000, most_age_ms=100_000)
        return SoundFolder(self.root, lambda: self.now, eviction)

    async def keep(self, data: bytes, key: str = KEY) -> Path:
        with self.folder.scratch() as paths:
            path = next(paths)
            path.write_bytes(data)
            return await self.folder.keep(key, path, self.now + 5000, Validators("e", "l"))

    def names(self) -> set[str]:
        return {path.name for path in self.root.iterdir()}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = World(tmp_path / "sounds")
    yield world
    world.folder.close()


def name(data: bytes) -> str:
    return f"{hashlib.sha256(data).hexdigest()}.wav"


async def test_what_is_kept_is_found(world: World) -> None:
    path = await world.keep(b"one")
    assert (path.name, path.read_bytes()) == (name(b"one"), b"one")
    kept = Kept(path.stem, NOW + 5000, Validators("e", "l"))
    assert await world.folder.find(KEY) == (kept, path)
    assert await world.folder.find(OTHER) is None
    assert world.folder.path(path.stem) == path


async def test_it_outlives_the_service(world: World) -> None:
    path = await world.keep(b"one")
    world.folder.close()
    (world.root / "left.part").write_bytes(b"half")
    world.folder = world.opened()
    found = await world.folder.find(KEY)
    assert found is not None
    assert found[1] == path
    assert not (world.root / "left.part").exists()


async def test_equal_sounds_are_one_file(world: World) -> None:
    assert await world.keep(b"same") == await world.keep(b"same", OTHER)
    assert world.names() == {name(b"same"), f"{KEY}.json", f"{OTHER}.json"}


async def test_it_is_right_for_longer(world: World) -> None:
    await world.keep(b"one")
    found = await world.folder.find(KEY)
    assert found is not None
    await world.folder.renew(KEY, found[0].until(NOW + 9000))
    again = await world.folder.find(KEY)
    assert again is not None
    assert again[0].fresh_until == NOW + 9000


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"digest": 1}'])
async def test_a_damaged_note_is_none(world: World, damage: bytes) -> None:
    await world.keep(b"one")
    (world.root / f"{KEY}.json").write_bytes(damage)
    assert await world.folder.find(KEY) is None


async def test_a_note_without_its_sound_is_none(world: World) -> None:
    (await world.keep(b"one")).unlink()
    assert await world.folder.find(KEY) is None


async def test_a_note_cannot_name_another_file(world: World) -> None:
    await world.keep(b"one")
    (world.root.parent / "secret.wav").write_bytes(b"secret")
    (world.root / f"{KEY}.json").write_bytes(b'{"digest": "../secret", "fresh_until": 1}')
    assert await world.folder.find(KEY) is None
    assert world.folder.path("../secret") is None


async def test_a_clock_that_was_wrong_makes_nothing_fresh_for_ever(world: World) -> None:
    world.now += 400 * 86_400_000
    await world.keep(b"one")
    world.now = NOW
    found = await world.folder.find(KEY)
    assert found is not None
    assert found[0].fresh_until == 0


async def test_the_longest_unused_go_first(world: World) -> None:
    for number in range(4):
        await world.keep(bytes([number]) * 300, f"{number}" * 64)
        world.now += 2000
    left = {number for number in range(4) if name(bytes([number]) * 300) in world.names()}
    assert left == {2, 3}


async def test_what_was_asked_for_lately_stays(world: World) -> None:
    """A folder that is too large is better than silence for a caller."""
    await world.keep(b"a" * 900)
    world.now += 2000
    await world.folder.find(KEY)
    await world.keep(b"b" * 900, OTHER)
    assert {name(b"a" * 900), name(b"b" * 900)} <= world.names()


async def test_what_nobody_wants_goes_even_when_there_is_room(world: World) -> None:
    await world.keep(b"old")
    world.now += 100_001
    await world.keep(b"new" * 30, OTHER)
    assert world.names() == {name(b"new" * 30), f"{OTHER}.json"}


async def test_other_files_are_left_alone(world: World) -> None:
    stranger = world.root / "README"
    stranger.write_bytes(bytes(5000))
    os.utime(stranger, (0, 0))
    await world.keep(b"one")
    assert stranger.exists()


async def test_what_is_in_the_making_does_not_stay(world: World) -> None:
    with pytest.raises(ZeroDivisionError), world.folder.scratch() as paths:  # noqa: PT012 - the block is what is tested: it ends by an error in the middle of its work
        next(paths).write_bytes(b"half")
        next(paths)
        raise ZeroDivisionError
    assert world.names() == set()


async def test_what_cannot_be_written_is_a_storage_error(world: World, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="the sound cannot be kept: No such file"):
        await world.folder.keep(KEY, tmp_path / "none", 0, Validators())


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be used"):
        SoundFolder(tmp_path / "file" / "sounds", lambda: 0, Eviction())
