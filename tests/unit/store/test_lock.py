"""M-3: SQLite serves one worker; a second refuses to start."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from recordbridge.errors import StorageError
from recordbridge.store import open_reader, open_store
from recordbridge.store.lock import sole_worker

HOLD = """
import sys
from pathlib import Path
from recordbridge.store.lock import sole_worker
with sole_worker(Path(sys.argv[1]), "rb-other"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.mark.rule("M-3")
async def test_second_worker_is_told_the_file_and_the_pid(path: Path, url: str) -> None:
    async with open_store(url, worker="rb-1"):
        with pytest.raises(StorageError) as refused:
            async with open_store(url, worker="rb-2"):
                pass
    assert str(refused.value) == (
        f"The database {path} is in use by another worker (pid {os.getpid()}, worker rb-1); "
        "SQLite serves only one."
    )


@pytest.mark.rule("N-4")
def test_no_room_for_the_lock_is_told_in_a_sentence(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_arguments: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", no_room)
    with pytest.raises(StorageError, match="cannot be written") as refused, sole_worker(path, "a"):
        pass
    assert refused.value.full


async def test_reader_does_not_need_the_lock(url: str) -> None:
    async with open_store(url, worker="rb-1"), open_reader(url) as reader:
        assert await reader.calls() == []


async def test_lock_is_free_again_after_close_and_after_a_failed_open(url: str) -> None:
    for _ in range(2):
        async with open_store(url, worker="rb-1"):
            pass


@pytest.mark.rule("M-3")
def test_lock_dies_with_its_process(path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with (
            pytest.raises(StorageError, match=f"pid {holder.pid}, worker rb-other"),
            sole_worker(path, "rb-1"),
        ):
            pass
        holder.kill()
        holder.wait()
        with sole_worker(path, "rb-1"):
            pass
