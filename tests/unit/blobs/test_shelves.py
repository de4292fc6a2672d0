"""Where Asterisk finds our sounds: the shared folder first, else our web door."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from recordbridge.blobs.eviction import Eviction
from recordbridge.blobs.shelves import SUBFOLDER, FirstShelf, SharedShelf, WebShelf
from recordbridge.errors import StorageError

NOW = 1_790_000_000_000
DIGEST = "c" * 64


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / f"{DIGEST}.wav"
    path.write_bytes(b"a sound")
    path.chmod(0o600)
    return path


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "recording"
    folder.mkdir()
    return folder


async def test_the_shared_folder(sound: Path, recordings: Path) -> None:
    """Asterisk may run as another user, so the copy is for everybody to read."""
    shelf = SharedShelf(recordings, lambda: NOW)
    assert await shelf.place(sound) == f"recording:{SUBFOLDER}/{DIGEST}"
    copy = recordings / SUBFOLDER / sound.name
    assert copy.read_bytes() == b"a sound"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o644
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o755
    assert [path.name for path in copy.parent.iterdir()] == [sound.name]


async def test_a_sound_that_is_there_is_not_copied_again(sound: Path, recordings: Path) -> None:
    now = NOW
    shelf = SharedShelf(recordings, lambda: now)
    await shelf.place(sound)
    copy = recordings / SUBFOLDER / sound.name
    before = copy.stat().st_ino
    sound.unlink()
    now += 60_000
    await shelf.place(sound)
    assert (copy.stat().st_ino, copy.stat().st_mtime) == (before, now / 1000)


async def test_the_folder_does_not_grow_for_ever(sound: Path, recordings: Path) -> None:
    now = NOW
    shelf = SharedShelf(recordings, lambda: now, Eviction(10, least_age_ms=1000, most_age_ms=9000))
    await shelf.place(sound)
    now += 2000
    other = sound.rename(sound.with_name(f"{'d' * 64}.wav"))
    await shelf.place(other)
    assert [path.name for path in (recordings / SUBFOLDER).iterdir()] == [other.name]


async def test_our_web_door(sound: Path) -> None:
    """Longer than the path of Asterisk's own cache file, or Asterisk would not find it."""
    media = await WebShelf(lambda: "http://127.0.0.1:8080/").place(sound)
    assert media == f"sound:http://127.0.0.1:8080/media/{DIGEST}.wav"
    assert len(media) > 80


async def test_the_first_that_takes_it(sound: Path, recordings: Path) -> None:
    web = WebShelf(lambda: "http://h")
    good = FirstShelf([SharedShelf(recordings, lambda: NOW), web])
    assert (await good.place(sound)).startswith("recording:")
    missing = FirstShelf([SharedShelf(recordings / "none", lambda: NOW), web])
    assert (await missing.place(sound)).startswith("sound:http://h/media/")


async def test_none_takes_it(sound: Path, recordings: Path) -> None:
    shelf = FirstShelf([SharedShelf(recordings / "none", lambda: NOW)])
    with pytest.raises(StorageError, match="cannot be written: No such file"):
        await shelf.place(sound)
