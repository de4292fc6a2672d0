"""Background recordings: conversations of every mode, and their figures and limits."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from tests.fidelity import conversations, report, sides, wire
from tests.fidelity.conversations import MODES, Mode, Talked
from tests.fidelity.figures import Figure, Limit, within
from tests.fidelity.sides import Judged
from tests.fidelity.tap import Packet, Tap

AT_ONCE = 8
LOST = (Limit("p95", 0, 60),)
"""S-9, and as much at the end."""
CALM_MS = 10
"""Both wires' packets came at most so much later than they should: a machine that keeps time.
The rig's carrier and the machine decide that, not the service."""
APART = (Limit("p5", -20, 20), Limit("p95", -20, 20))
WORST = (Limit("p5", -60, 60), Limit("p95", -60, 60))
"""S-7: 20 ms on a machine that keeps Asterisk's timers, 60 ms at worst. A machine that stalls for
100 ms now and then takes single files beyond that: Asterisk itself then has no right time."""
FULL = within(-20, 0)
EXACT, START = within(0, 0), within(-50, 50)


KEPT = (Limit("p95", 0, 0),)
BEGUN = (Limit("median", 0, 1),)
"""A mix lacks a frame of the caller's where the far side begins."""
NOBODYS = (Limit("median", 0, 0), Limit("p95", 0, 160))
"""Asterisk may cut into a frame where it leaves one out."""


WORDS = f"""
The caller plays a known signal from its answer on, the callee another one. "Far side later" is how
much later on the wire the callee's sample was spoken than the caller's at the same place of the
file: of the medians of each second (one late packet says nothing), the worst. "Calm" are the calls
in which no packet came to the pbx more than {CALM_MS} ms late. Silence that Asterisk inserts on one
side moves it by a frame against the other from there on, and at the end as much is missing of it.
In a mix, Asterisk gives the far side a frame later, and leaves out a frame of the caller's when the
far side begins.
"""


class Make(Protocol):
    """Makes a figure of a mode."""

    def __call__(
        self,
        rule: str,
        name: str,
        values: Iterable[float | None],
        limits: tuple[Limit, ...] = (),
        /,
    ) -> Figure: ...


class Heard(NamedTuple):
    """What was delivered, what the tap heard, and how many packets it missed."""

    talked: list[Talked]
    packets: list[Packet]
    dropped: int


def listen(
    tap: Tap, rig: Mapping[str, str], folder: Path, each: int, modes: Sequence[Mode] = MODES
) -> Heard:
    """Place the conversations under the tap."""
    placed = conversations.conversations(each, modes)
    print(f"{each} conversations in each of {len(modes)} modes, {AT_ONCE} at once", flush=True)
    with tap:
        talked = asyncio.run(conversations.talk(rig, folder / "background", placed, AT_ONCE))
    return Heard(talked, tap.packets, tap.dropped)


def judge(heard: Heard, seen: wire.Seen, file: Path) -> list[Figure]:
    """The figures of each mode; each call's go into the file."""
    judged = [(talked, _judged(talked, seen)) for talked in heard.talked]
    report.write_calls(file, ((_told(talked), result) for talked, result in judged))
    wrong = sum(
        talked.callback["RecordingEndReason"] != talked.conversation.reason
        for talked in heard.talked
    )
    found = [
        figure
        for mode in MODES
        if (results := [result for talked, result in judged if talked.conversation.mode == mode])
        for figure in figures(mode, results)
    ]
    return [
        *found,
        Figure("S-2", "recordings that ended for another reason", (wrong,), within(0, 0)),
        Figure("", "packets that the tap missed", (heard.dropped,), within(0, 0)),
    ]


def _judged(talked: Talked, seen: wire.Seen) -> Judged:
    caller = talked.conversation.caller
    return sides.judge(talked, seen.calls[caller], seen.legs[caller])


def _told(talked: Talked) -> dict[str, object]:
    conversation = talked.conversation
    return {
        "mode": conversation.mode.name,
        "ending": conversation.ending,
        "caller": conversation.caller,
    }


def figures(mode: Mode, results: Sequence[Judged]) -> list[Figure]:
    """Of the recordings of one mode."""
    calm = [each for each in results if each.late <= CALM_MS]
    mixed = mode.channels == "mono"

    def figure(
        rule: str, name: str, values: Iterable[float | None], limits: tuple[Limit, ...] = ()
    ) -> Figure:
        given = tuple(float(value) for value in values if value is not None)
        return Figure(rule, f"{mode.name}: {name}", given, limits if given else ())

    return [
        figure("S-9", "callee, lost after its answer", (r.head_far for r in results), LOST),
        figure("S-9", "caller, lost after the answer", (r.head_caller for r in results), LOST),
        figure("S-2", "callee, lost before the end, calm", (r.tail_far for r in calm), LOST),
        figure("S-2", "caller, lost before the end, calm", (r.tail_caller for r in calm), LOST),
        figure("S-2", "callee, lost before the end, all", (r.tail_far for r in results)),
        figure("S-2", "caller, lost before the end, all", (r.tail_caller for r in results)),
        figure("Q-1", "RecordingDurationMs, error", (r.duration_error for r in results), EXACT),
        figure("Q-1", "RecordingStartMs, error", (r.start_error for r in results), START),
        figure("P-6", "file longer than maxLength, calm", (r.excess for r in calm), FULL),
        *_sides(figure, calm, results, mixed=mixed),
        figure("S-7", "frames of silence inserted, calm", (r.inserted for r in calm)),
        figure("S-7", "frames of silence inserted, all", (r.inserted for r in results)),
        figure("S-7", "frames lost", (r.lost for r in results), BEGUN if mixed else KEPT),
        figure(
            "S-7",
            "samples that nobody spoke",
            (r.foreign for r in calm),
            NOBODYS if mixed else EXACT,
        ),
    ]


def _sides(
    figure: Make, calm: Sequence[Judged], all_: Sequence[Judged], *, mixed: bool
) -> list[Figure]:
    """How far apart the sides are; of a mix it is only told."""
    apart, worst = ((), ()) if mixed else (APART, WORST)
    return [
        figure("S-7", "far side later, calm", (r.offset_worst for r in calm), apart),
        figure("S-7", "far side later, all", (r.offset_worst for r in all_), worst),
    ]
