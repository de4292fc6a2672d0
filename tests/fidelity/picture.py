"""The figures as a picture: a strip a figure, a dot a value, limits in red; as SVG and as PNG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from tests.fidelity.figures import Figure

FORMATS = ("svg", "png")
GOOD, BROKEN, LINE = "#1a7f37", "#cf222e", "#d0d7de"
_WIDTH, _ROW, _TITLE = 12.0, 0.34, 0.5
_DOTS_HIGH = 5
"""Dots of one value would cover each other: so many heights in turn."""


def draw(figures: Sequence[Figure], files: Sequence[Path]) -> None:
    """Write the picture into each file, in the format that its ending names."""
    shown = [figure for figure in figures if figure.values]
    height = _TITLE + len(shown) * _ROW
    drawing = Drawing(figsize=(_WIDTH, height))
    drawing.suptitle("Recordings against the wire, ms", x=0.01, ha="left", y=1 - 0.15 / height)
    if shown:
        strips = drawing.subplots(len(shown), squeeze=False)
        drawing.subplots_adjust(left=0.38, right=0.88, top=1 - _TITLE / height, bottom=0, hspace=0)
        for figure, (axes,) in zip(shown, strips, strict=True):
            _strip(axes, figure)
    for file in files:
        drawing.savefig(file, dpi=100, metadata=None)


def _strip(axes: Axes, figure: Figure) -> None:
    everywhere = [limit for limit in figure.limits if limit.statistic in ("min", "max", "p99")]
    bounds = sorted({edge for limit in everywhere for edge in (limit.least, limit.most)})
    least, most = min([*figure.values, *bounds]), max([*figure.values, *bounds])
    room = (most - least) or 1.0
    axes.axis("off")
    axes.set(xlim=(least - room / 50, least + room * 1.02), ylim=(-_DOTS_HIGH, _DOTS_HIGH))
    axes.axhline(0, color=LINE, linewidth=0.8, zorder=0)
    for edge in bounds:
        axes.axvline(edge, color=BROKEN, linewidth=1)
    heights = [index % _DOTS_HIGH - _DOTS_HIGH // 2 for index in range(len(figure.values))]
    colour = BROKEN if figure.broken() else GOOD
    axes.scatter(figure.values, heights, s=9, color=colour, alpha=0.5, linewidths=0)
    beside: dict[str, Any] = {"transform": axes.transAxes, "va": "center", "fontsize": 8}
    axes.text(-0.72, 0.5, f"{figure.rule}  {figure.name}", **beside)
    axes.text(1.01, 0.5, f"{least:.1f} to {most:.1f}", **beside)
