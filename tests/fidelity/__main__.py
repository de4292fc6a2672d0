"""`make fidelity`: place the calls, judge the recordings, print the table, 1 on a broken limit.

Two services run one after the other: as shipped, where Asterisk's recorder sees the silence, and
with a threshold of its own, where TALK_DETECT does. The tap listens all the time.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import os
import platform
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests import rigged
from tests.fidelity import cases, figures, report, truth, wire
from tests.fidelity.calls import Delivered, deliver
from tests.fidelity.figures import Figure, within
from tests.fidelity.tap import Packet, Tap, TapError

MARKED, INBAND, SILENT = 54, 10, 10
AT_ONCE, SILENT_AT_ONCE = 5, 8
RTP_PORTS = 2600
NEEDED = {"RIG_RTP_BASE", "RIG_PBX_SIP", "RIG_CARRIER_SIP", "RIG_RECORDINGS", "RIG_RELEASE"}
OWN_THRESHOLD = 300
DOCUMENT = rigged.ROOT / "docs" / "measurements.md"
FOLDER = rigged.ROOT / "var" / "fidelity"
PICTURE, CALLS = FOLDER / "fidelity.svg", FOLDER / "calls.jsonl"


class Heard(NamedTuple):
    """What was delivered, what the tap heard, and how many packets it missed."""

    marked: list[Delivered]
    silent: list[tuple[str, int, list[Delivered]]]
    """Way of seeing silence, its threshold, recordings."""
    packets: list[Packet]
    dropped: int


def _listen(rig: Mapping[str, str], folder: Path, marked: int, silent: int) -> Heard:
    """Place all calls under the tap."""
    first = int(rig["RIG_RTP_BASE"])
    sip = (int(rig["RIG_PBX_SIP"]), int(rig["RIG_CARRIER_SIP"]))
    own = {"silence_threshold": OWN_THRESHOLD}
    ways: tuple[tuple[str, int, dict[str, int]], ...] = (
        ("recorder", 128, {}),
        ("TALK_DETECT", OWN_THRESHOLD, own),
    )
    with Tap(first, first + RTP_PORTS - 1, *sip) as tap:
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


def judge(heard: Heard, calls: Mapping[str, wire.Wire]) -> list[Figure]:
    """All figures."""
    marked = [(d.case, truth.marked(d, calls[d.case.caller])) for d in heard.marked]
    report.write_calls(CALLS, marked)
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


def _words(rig: Mapping[str, str], count: int) -> str:
    today = dt.datetime.now(dt.UTC).date()  # noqa: TID251 - the day of the measurement
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    return f"""\
## Fidelity: recordings against the wire

`make fidelity`, {today}: {count} real SIP/RTP calls, Asterisk of Debian {rig["RIG_RELEASE"]},
{machine}. Milliseconds, except counts. A tap on the loopback has every packet with the kernel's
time. A sample's true time is the arrival of its packet, minus 20 ms (a packet is sent when it has
been spoken), plus its offset in the packet. The picture is `var/fidelity/fidelity.svg`.
"""


def main(arguments: Sequence[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make fidelity", description=__doc__)
    parser.add_argument("--calls", type=int, default=MARKED, help="with the known signal")
    parser.add_argument("--silent", type=int, default=SILENT, help="of each kind that falls silent")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name, rigged.running(Path(name) / "rig") as rig:
        if missing := NEEDED - rig.keys():
            print(f"fidelity: no {', '.join(sorted(missing))}: run rig env first.", file=sys.stderr)
            return 2
        try:
            heard = _listen(rig, Path(name), given.calls, given.silent)
        except TapError as error:
            print(f"fidelity: {error}", file=sys.stderr)
            return 2
        FOLDER.mkdir(parents=True, exist_ok=True)
        calls = wire.calls(heard.packets, int(rig["RIG_PBX_SIP"]), int(rig["RIG_CARRIER_SIP"]))
        found = judge(heard, calls)
        lines = report.table(found)
        words = _words(rig, len(calls))
    print("\n".join(lines))
    report.write_section(DOCUMENT, "\n".join([words, *lines]))
    PICTURE.write_text(report.picture(found), encoding="utf-8")
    print(f"Written: {DOCUMENT}, {PICTURE}, {CALLS}")
    return 1 if any(figure.broken() for figure in found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
