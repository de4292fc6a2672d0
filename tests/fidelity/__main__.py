"""`make fidelity`: place the calls, judge the recordings, print the tables, 1 on a broken limit.

Three parts, each with a section of its own in docs/measurements.md: plain recordings, the modes of
recording in the background, and one long call (`--long MINUTES`; not by itself).
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import shlex
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from asterisk.rigging.ports import RTP_PER_RIG
from tests import rigged
from tests.fidelity import background, drift, picture, plain, report, wire
from tests.fidelity.conversations import MODES
from tests.fidelity.figures import Figure
from tests.fidelity.tap import Packet, Tap, TapError

MARKED, SILENT, EACH = 54, 10, 20
PARTS = ("plain", "background", "long")
NEEDED = {"RIG_RTP_BASE", "RIG_PBX_SIP", "RIG_CARRIER_SIP", "RIG_RECORDINGS", "RIG_RELEASE"}
DOCUMENT = rigged.ROOT / "docs" / "measurements.md"
FOLDER = rigged.ROOT / "var" / "fidelity"


class Part(NamedTuple):
    """What one part has found."""

    name: str
    """Of its section and, with `-` for spaces, of its files."""
    title: str
    calls: int
    figures: list[Figure]
    words: str = ""
    """What must be known to read its table."""

    def file(self, ending: str) -> Path:
        """Its picture, for instance."""
        return FOLDER / f"{self.name.replace(' ', '-')}.{ending}"


class Place(NamedTuple):
    """Where it is measured."""

    rig: Mapping[str, str]
    folder: Path

    def tap(self) -> Tap:
        """A tap on this rig."""
        first = int(self.rig["RIG_RTP_BASE"])
        return Tap(first, first + RTP_PER_RIG - 1, *self._sip())

    def seen(self, packets: Sequence[Packet]) -> wire.Seen:
        """The calls in what it heard."""
        return wire.seen(packets, *self._sip())

    def _sip(self) -> tuple[int, int]:
        return int(self.rig["RIG_PBX_SIP"]), int(self.rig["RIG_CARRIER_SIP"])


def _plain(place: Place, given: argparse.Namespace) -> Part:
    heard = plain.listen(place.tap(), place.rig, place.folder, given.calls, given.silent)
    seen = place.seen(heard.packets)
    found = plain.judge(heard, seen.calls, FOLDER / "calls.jsonl")
    return Part("fidelity", "Fidelity: recordings against the wire", len(seen.calls), found)


def _background(place: Place, given: argparse.Namespace) -> Part:
    modes = [mode for mode in MODES if mode.short in (given.mode or [mode.short])]
    heard = background.listen(place.tap(), place.rig, place.folder, given.each, modes)
    seen = place.seen(heard.packets)
    which = "" if len(modes) == len(MODES) else " ".join(["", *(mode.short for mode in modes)])
    file = FOLDER / f"conversations{which.replace(' ', '-')}.jsonl"
    found = background.judge(heard, seen, file)
    title = "Fidelity: recordings of two parties against the wires of both"
    return Part(f"fidelity background{which}", title, len(seen.calls), found, background.WORDS)


def _long(place: Place, given: argparse.Namespace) -> Part:
    heard = drift.listen(place.tap(), place.rig, place.folder, given.long)
    seen = place.seen(heard.packets)
    title = "Fidelity: one long call"
    found = drift.judge(heard, seen)
    return Part("fidelity long", title, len(seen.calls), found, drift.WORDS)


def _parts(place: Place, given: argparse.Namespace) -> Iterator[Part]:
    wanted = given.only or PARTS
    if "plain" in wanted:
        yield _plain(place, given)
    if "background" in wanted:
        yield _background(place, given)
    if "long" in wanted and given.long:
        yield _long(place, given)


def _told(part: Part, rig: Mapping[str, str], arguments: Sequence[str]) -> bool:
    """Print and write a part; whether all its limits hold."""
    lines = report.table(part.figures)
    print("\n".join(lines))
    report.write_section(DOCUMENT, part.name, "\n".join([_words(part, rig, arguments), *lines]))
    pictures = [part.file(ending) for ending in picture.FORMATS]
    picture.draw(part.figures, pictures)
    print(f"Written: {', '.join(map(str, (DOCUMENT, *pictures)))}", flush=True)
    return not any(figure.broken() for figure in part.figures)


def _words(part: Part, rig: Mapping[str, str], arguments: Sequence[str]) -> str:
    today = dt.datetime.now(dt.UTC).date()  # noqa: TID251 - the day of the measurement
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    seen = part.file("svg").relative_to(rigged.ROOT)
    load, nice = os.getloadavg()[1], os.getpriority(os.PRIO_PROCESS, 0)
    command = f"make fidelity FIDELITY='{shlex.join(arguments)}'" if arguments else "make fidelity"
    return f"""\
## {part.title}

`{command}`, {today}: {part.calls} real SIP/RTP calls, Asterisk of Debian
{rig["RIG_RELEASE"]}, {machine}, load average {load:.1f} (other work included), nice {nice}.
Milliseconds, except counts. A tap on the loopback has every packet with the kernel's time. A
sample's true time is the arrival of its packet, minus 20 ms (a packet is sent when it has been
spoken), plus its offset in the packet. The picture is `{seen}`, or `.png`.
{part.words}"""


def _given(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make fidelity", description=__doc__)
    parser.add_argument("--calls", type=int, default=MARKED, help="plain, with the known signal")
    parser.add_argument("--silent", type=int, default=SILENT, help="of each kind that falls silent")
    parser.add_argument("--each", type=int, default=EACH, help="of each mode in the background")
    parser.add_argument("--long", type=float, default=0, help="minutes of one long call")
    parser.add_argument(
        "--mode",
        action="append",
        choices=[mode.short for mode in MODES],
        help="these modes in the background, with a section of their own in the document",
    )
    parser.add_argument("--only", action="append", choices=PARTS, help="these parts")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """The command line."""
    given = _given(arguments)
    with tempfile.TemporaryDirectory() as name, rigged.running(Path(name) / "rig") as rig:
        if missing := NEEDED - rig.keys():
            print(f"fidelity: no {', '.join(sorted(missing))}: run rig env first.", file=sys.stderr)
            return 2
        FOLDER.mkdir(parents=True, exist_ok=True)
        try:
            place = Place(rig, Path(name))
            good = [_told(part, rig, arguments) for part in _parts(place, given)]
        except TapError as error:
            print(f"fidelity: {error}", file=sys.stderr)
            return 2
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
