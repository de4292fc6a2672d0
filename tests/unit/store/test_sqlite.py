"""What cannot be opened is told in one plain sentence that names the place."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from recordbridge.errors import StorageError
from recordbridge.store import open_reader, open_store
from recordbridge.store.backend import backend_of
from recordbridge.store.statements import Cursor, Statements


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:///{path}"


async def _refusal(url: str) -> str:
    with pytest.raises(StorageError) as refused:
        async with open_store(url, worker="rb-1"):
            pass
    text = str(refused.value)
    assert text.endswith(".")
    assert "\n" not in text
    return text


async def test_missing_folder(tmp_path: Path) -> None:
    assert f"The folder {tmp_path}/none of the database does not exist." == await _refusal(
        f"sqlite:///{tmp_path}/none/recordbridge.db"
    )


async def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    assert "is a folder" in await _refusal(f"sqlite:///{tmp_path}")


async def test_folder_in_which_nothing_can_be_made() -> None:
    assert "/proc/recordbridge.db" in await _refusal("sqlite:////proc/recordbridge.db")


async def test_folder_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told by the kernel's own answer, because root may write everywhere."""
    monkeypatch.setattr(os, "access", lambda place, _mode: place != tmp_path)
    assert f"no permission on {tmp_path}" in await _refusal(f"sqlite:///{tmp_path}/recordbridge.db")


async def test_file_that_is_no_database(path: Path, url: str) -> None:
    path.write_bytes(b"This is a letter, not a database. " * 100)
    assert f"The database {path} is not a SQLite database" in await _refusal(url)


async def test_damaged_database(path: Path, url: str) -> None:
    async with open_store(url, worker="rb-1"):
        pass
    content = bytearray(path.read_bytes())
    content[100:4096] = b"\xff" * 3996
    path.write_bytes(content)
    assert f"The database {path} is damaged" in await _refusal(url)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///a.db?mode=ro",
        "mysql://host/name",
        "mysql://user:geheim@host/name",
        "nonsense",
    ],
)
def test_other_urls_are_refused_without_showing_a_password(url: str) -> None:
    with pytest.raises(StorageError, match="allowed is sqlite:///PATH") as refused:
        backend_of(url)
    assert "geheim" not in str(refused.value)


async def test_reader_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="does not exist"):
        async with open_reader(f"sqlite:///{tmp_path}/recordbridge.db"):
            pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.rule("M-3")
async def test_writer_runs_wal_and_full_sync(url: str) -> None:
    def pragmas(cursor: Cursor, _sql: Statements) -> object:
        found = []
        for name in ("journal_mode", "synchronous"):
            cursor.execute(f"PRAGMA {name}")
            found.append(cursor.fetchone())
        return found

    async with open_store(url, worker="rb-1") as store:
        assert await store.run(pragmas) == [("wal",), (2,)]


async def test_close_leaves_all_in_the_one_file(path: Path, url: str) -> None:
    async with open_store(url, worker="rb-1") as store:
        await store.secret("url_key", "k")
    assert not path.with_name("recordbridge.db-wal").exists()
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT value FROM secrets").fetchall() == [("k",)]
    connection.close()
