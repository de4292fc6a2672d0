"""The figures for people: a table, a section of docs/measurements.md, a picture.

Each section stands between two comments, so that other programs can own other sections of the
same file. The picture is an SVG of one strip of dots a figure; it needs no library.
"""

from __future__ import annotations

import dataclasses
import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.fidelity.figures import STATISTICS, Figure

_WIDTH, _ROW, _LEFT, _RIGHT = 1180, 34, 420, 110
_COLOURS = {True: "#1a7f37", False: "#cf222e"}


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


def picture(figures: Sequence[Figure]) -> str:
    """An SVG: a strip a figure, a dot a value, the limits that hold for every value in red."""
    shown = [figure for figure in figures if figure.values]
    strips = [_strip(figure, 40 + index * _ROW) for index, figure in enumerate(shown)]
    size = f'width="{_WIDTH}" height="{60 + len(shown) * _ROW}"'
    font = 'font-family="sans-serif" font-size="12"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>',
            f'<rect {size} fill="white"/>',
            '<text x="12" y="20" font-size="15">Recordings against the wire, ms</text>',
            *strips,
            "</svg>\n",
        ]
    )


def _strip(figure: Figure, top: int) -> str:
    everywhere = [limit for limit in figure.limits if limit.statistic in ("min", "max", "p99")]
    bounds = [edge for limit in everywhere for edge in (limit.least, limit.most)]
    least, most = min([*figure.values, *bounds]), max([*figure.values, *bounds])
    room = (most - least) or 1.0

    def x(value: float) -> float:
        return _LEFT + (value - least) / room * (_WIDTH - _LEFT - _RIGHT)

    middle = top + _ROW / 2
    name = html.escape(f"{figure.rule}  {figure.name}")
    colour = _COLOURS[not figure.broken()]
    parts = [
        f'<text x="12" y="{middle + 4}">{name}</text>',
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{middle}" y2="{middle}" stroke="#d0d7de"/>',
        f'<text x="{_WIDTH - _RIGHT + 8}" y="{middle + 4}">{least:.1f} to {most:.1f}</text>',
    ]
    parts += [
        f'<line x1="{x(edge):.1f}" x2="{x(edge):.1f}" y1="{top + 4}" y2="{top + _ROW - 4}"'
        ' stroke="#cf222e"/>'
        for edge in sorted(set(bounds))
    ]
    parts += [
        f'<circle cx="{x(value):.1f}" cy="{middle + index % 5 * 3 - 6:.1f}" r="2.5"'
        f' fill="{colour}" fill-opacity="0.5"/>'
        for index, value in enumerate(figure.values)
    ]
    return "\n".join(parts)
