"""A small disk of a test's own: a tmpfs, filled and emptied at will. Mounting needs root."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BLOCK = 4096


class SmallDisk:
    """The disk at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    @property
    def free(self) -> int:
        """Bytes."""
        return shutil.disk_usage(self.path).free

    def fill(self, leave: int = 0) -> None:
        """Leave that many bytes free, to a block."""
        size = self.free - leave // BLOCK * BLOCK
        with self._ballast.open("ab") as file:
            file.write(bytes(max(0, size)))

    def empty(self) -> None:
        """Take away what `fill` put there."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(path: Path, kilobytes: int) -> Iterator[SmallDisk]:
    """Mount it, and take it away at the end; what is on it is lost."""
    if os.geteuid():
        pytest.skip("mounting a small disk needs root")
    path.mkdir(parents=True, exist_ok=True)
    options = f"size={kilobytes}k,mode=0777"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)], check=True)
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)
