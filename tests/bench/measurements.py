"""docs/measurements.md, docs/reliability.md: who measures rewrites its own section, no other."""

from __future__ import annotations

import os
import platform
import re
import time
from pathlib import Path

_DOCS = Path(__file__).resolve().parents[2] / "docs"
FILE, RELIABILITY = _DOCS / "measurements.md", _DOCS / "reliability.md"


def keep(name: str, title: str, command: str, text: str, file: Path = FILE) -> None:
    """Put the result between the markers of `name`, which are added at the end if missing."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    section = f"{begin}\n## {title}\n\n{_about(command)}\n\n{text}\n{end}"
    before = file.read_text() if file.exists() else "# Measurements\n"
    found = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if found.search(before):
        file.write_text(found.sub(lambda _: section, before))
    else:
        file.write_text(f"{before.rstrip()}\n\n{section}\n")


def _about(command: str) -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    busy = os.getloadavg()[0]
    today = time.strftime("%Y-%m-%d")
    return (
        f"`{command}`, {today}, {os.cpu_count()} cores, {memory:.0f} GB,"
        f" Python {platform.python_version()}, Asterisk 22; load average {busy:.1f}."
    )
