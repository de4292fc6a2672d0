"""Finished files in a local folder; implements `ports.audio.Blobs` (M-2).

A name either leads to the whole file, safe on the disk, or to nothing: the data is synced
before the name appears and the folder after it.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import shutil
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, Literal, TypeVar

from recordbridge.blobs import layout
from recordbridge.errors import StorageError
from recordbridge.ports.audio import Keep, Stored

_TEMPORARY = ".part"
_CHUNK = 1 << 18
_READ = 1 << 16
"""At once for the digest: a larger piece would be memory fresh from the system each time."""

Result = TypeVar("Result")


class LocalFile:
    """An open file of the folder; implements `ports.audio.Opened`. A deleted one stays readable."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = os.fstat(file.fileno()).st_size

    async def read(self, start: int, length: int) -> AsyncGenerator[bytes]:
        """See the port."""
        end = start + length
        while start < end:
            size = min(_CHUNK, end - start)
            chunk = await asyncio.to_thread(os.pread, self._file.fileno(), size, start)
            if not chunk:
                raise StorageError("the file became shorter")
            yield chunk
            start += len(chunk)

    async def close(self) -> None:
        """See the port."""
        self._file.close()


class LocalBlobs:
    """The files under `root`, which is made if missing; opened by one service at a time.

    Construction removes what an interrupted `put` left and raises StorageError when the folder
    cannot be used. `workers` files are kept at once. Close it at the end.
    """

    def __init__(self, root: Path, workers: int = 2) -> None:
        self._root = root
        try:
            root.mkdir(parents=True, exist_ok=True)
            _make_folders(root)
            for leftover in root.glob(f"*/*{_TEMPORARY}"):
                leftover.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError.of(error, f"the folder {root} cannot be used") from error
        self._pool = ThreadPoolExecutor(workers, "blobs")

    async def put(self, name: str, source: Path) -> Stored:
        """See `ports.audio.Blobs.put`: moves the source, or copies it from another disk."""
        target = self._place(name)
        return await self._run(f"{name} cannot be kept", lambda: _keep(source, target))

    def keeper(self, name: str) -> Keep:
        """See `ports.audio.Blobs.keeper`."""
        target = self._place(name)

        def keep(source: Path) -> Stored:
            try:
                return _keep(source, target)
            except OSError as error:
                raise StorageError.of(error, f"{name} cannot be kept") from error

        return keep

    def path(self, name: str) -> Path | None:
        """Where the file is; None when it is not there or the name is not one of ours."""
        if not layout.is_ours(name):
            return None
        place = self._place(name)
        return place if place.is_file() else None

    async def open(self, name: str) -> LocalFile | None:
        """See the port."""
        if not layout.is_ours(name):
            return None
        place = self._place(name)
        try:
            return LocalFile(await asyncio.to_thread(place.open, "rb", 0))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError.of(error, f"{name} cannot be read") from error

    async def link(self, name: str, method: Literal["GET", "HEAD"]) -> None:
        """A folder has no URLs."""

    async def fetch(self, name: str, into: Path) -> Path | None:  # noqa: ARG002 - needs no copy
        """See the port: the file itself."""
        return self.path(name)

    async def names(self) -> list[str]:
        """All files, those that were written first first."""
        return await self._run("the folder cannot be listed", lambda: _names(self._root))

    async def delete(self, name: str) -> None:
        """Delete the file; a missing one is fine."""
        target = self._place(name)
        await self._run(f"{name} cannot be deleted", lambda: _discard(target))

    async def free_bytes(self) -> int:
        """Bytes that an ordinary user may still write on the disk of the folder."""
        usage = await self._run("the disk cannot be asked", lambda: shutil.disk_usage(self._root))
        return usage.free

    def close(self) -> None:
        """Wait for what is being written and end the threads."""
        self._pool.shutdown()

    def _place(self, name: str) -> Path:
        return self._root / layout.key(name)

    async def _run(self, what: str, work: Callable[[], Result]) -> Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except OSError as error:
            raise StorageError.of(error, what) from error


def _make_folders(root: Path) -> None:
    """All at the start, so that hardly a file waits until its folder is safe on the disk."""
    for number in range(256):
        (root / f"{number:02x}").mkdir(exist_ok=True)
    _sync_folder(root)


def _names(root: Path) -> list[str]:
    found = []
    for number in range(256):
        with os.scandir(root / f"{number:02x}") as entries:
            found += [(e.stat().st_mtime_ns, e.name) for e in entries if layout.is_ours(e.name)]
    return [name for _, name in sorted(found)]


def _keep(source: Path, target: Path) -> Stored:
    """Every recording's last step, so it asks the system for no more than it must."""
    try:
        descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        source = target  # a repeat after a failure behind the rename
        descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size, digest = _digest(descriptor)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    _move(source, target)
    _sync_folder(target.parent)
    return Stored(size, digest)


def _digest(descriptor: int) -> tuple[int, str]:
    """The file's size and SHA-256."""
    digest, size = hashlib.sha256(), 0
    while chunk := os.read(descriptor, _READ):
        digest.update(chunk)
        size += len(chunk)
    return size, digest.hexdigest()


def _move(source: Path, target: Path) -> None:
    try:
        os.rename(source, target)  # noqa: PTH104 - Path makes another Path of it
    except FileNotFoundError:
        if target.parent.is_dir():
            raise
        target.parent.mkdir(exist_ok=True)  # somebody removed it
        _sync_folder(target.parent.parent)
        _move(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(source, target)


def _copy(source: Path, target: Path) -> None:
    """From another file system: whole and synced under a temporary name, then renamed."""
    temporary = target.with_name(target.name + _TEMPORARY)
    try:
        with source.open("rb") as reader, temporary.open("wb") as writer:
            shutil.copyfileobj(reader, writer, 1 << 20)
            writer.flush()
            os.fsync(writer.fileno())
        temporary.rename(target)
    finally:
        temporary.unlink(missing_ok=True)
    source.unlink()


def _discard(target: Path) -> None:
    target.unlink(missing_ok=True)
    if target.parent.is_dir():
        _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
