"""Plain recordings: calls with the known signal, and calls that fall silent.

Two services run one after the other: as shipped, where Asterisk's recorder sees the silence, and
with a threshold of its own, where TALK_DETECT does. The tap listens all the time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.fidelity import cases, figures, report, truth, wire
from tests.fidelity.calls import Delivered, deliver
from tests.fidelity.figures import Figure, within
from tests.fidelity.tap import Packet, Tap

INBAND = 10
AT_ONCE, SILENT_AT_ONCE = 5, 8
OWN_THRESHOLD = 300


class Heard(NamedTuple):
    """What was delivered, what the tap heard, and how many packets it missed."""

    marked: list[Delivered]
    silent: list[tuple[str, int, list[Delivered]]]
    """Way of seeing silence, its threshold, recordings."""
    packets: list[Packet]
    dropped: int


def listen(tap: Tap, rig: Mapping[str, str], folder: Path, marked: int, silent: int) -> Heard:
    """Place all calls under the tap."""
    own = {"silence_threshold": OWN_THRESHOLD}
    ways: tuple[tuple[str, int, dict[str, int]], ...] = (
        ("recorder", 128, {}),
        ("TALK_DETECT", OWN_THRESHOLD, own),
    )
    with tap:
        print(f"{marked + INBAND} callers play the known signal, {AT_ONCE} at once", flush=True)
        placed = [*cases.marked(marked), *cases.inband(INBAND)]
        told = asyncio.run(deliver(rig, folder / "marked", placed, AT_ONCE, {}))
        quiet = []
        for way, threshold, recording in ways:
            placed = list(cases.silent(silent))
            print(f"{len(placed)} callers fall silent, judged by {way}", flush=True)
            delivered = deliver(rig, folder / way, placed, SILENT_AT_ONCE, recording)
            quiet.append((way, threshold, asyncio.run(delivered)))
    return Heard(told, quiet, tap.packets, tap.dropped)


def judge(heard: Heard, calls: Mapping[str, wire.Wire], file: Path) -> list[Figure]:
    """All figures; each call's go into the file."""
    marked = [(d.case, truth.marked(d, calls[d.case.caller])) for d in heard.marked]
    report.write_calls(
        file,
        (
            ({"number": case.number, "ending": case.ending, "inband": case.inband}, result)
            for case, result in marked
        ),
    )
    found = figures.of_marked(marked)
    everything = list(heard.marked)
    for way, threshold, recordings in heard.silent:
        silent = [
            (d.case.note, truth.silent(d, calls[d.case.caller], threshold)) for d in recordings
        ]
        found += figures.of_silent(way, silent)
        everything += recordings
    wrong = sum(d.callback["RecordingEndReason"] != d.case.ending for d in everything)
    return [
        *found,
        Figure("P-4", "recordings that ended for another reason", (wrong,), within(0, 0)),
        Figure("", "packets that the tap missed", (heard.dropped,), within(0, 0)),
    ]
