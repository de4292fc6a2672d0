"""The figures for people: a table, a section of docs/measurements.md.

Each section stands between two comments, so that other programs can own other sections of the
same file.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.fidelity.figures import STATISTICS, Figure


def table(figures: Sequence[Figure]) -> list[str]:
    """Markdown lines; numbers are ms or what the figure's name says."""
    rows = [("Rule", "Figure", "n", *STATISTICS, "limits", ""), ("---",) * (len(STATISTICS) + 5)]
    for figure in figures:
        told = [f"{of(figure.values):.1f}" if figure.values else "-" for of in STATISTICS.values()]
        count = str(len(figure.values))
        rows.append((figure.rule, figure.name, count, *told, _limits(figure), _verdict(figure)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]


def _limits(figure: Figure) -> str:
    """`-50 to 50` for every value, else each statistic's own."""
    bounds = {(limit.least, limit.most) for limit in figure.limits}
    if {limit.statistic for limit in figure.limits} == {"min", "max"} and len(bounds) == 1:
        least, most = bounds.pop()
        return f"{least:g}" if least == most else f"{least:g} to {most:g}"
    return ", ".join(f"{limit.statistic} {limit.most:g}" for limit in figure.limits)


def _verdict(figure: Figure) -> str:
    broken = figure.broken()
    return "FAIL: " + ", ".join(broken) if broken else "ok" if figure.limits else ""


def write_section(file: Path, name: str, text: str) -> None:
    """Put the text into the section of that name; the rest of the file is others'."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    section = f"{begin}\n{text}\n{end}"
    old = file.read_text(encoding="utf-8") if file.exists() else "# Measurements\n"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    new, count = pattern.subn(lambda _: section, old)
    file.write_text(new if count else f"{old.rstrip()}\n\n{section}\n", encoding="utf-8")


def write_calls(file: Path, results: Iterable[tuple[Mapping[str, object], Any]]) -> None:
    """A JSON line for each recording of known signals, to look for what broke a limit.

    Each is what to tell of the call, and what was judged (a dataclass).
    """
    lines = [json.dumps(dict(told) | dataclasses.asdict(result)) for told, result in results]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
