"""One long conversation: whether its two sides stay together, and with the clock.

At each second of the file a side has a delay: when that sample was spoken, minus where it stands.
A frame of 20 ms that Asterisk inserted or dropped moves it by a step; so does a sender who comes
late. What the delay changes in half a minute beside whole frames, in the median, is drift: a
difference between clocks. The carrier pauses for a moment each time it begins its signal anew: the
wire has the pause as well as the file, so it moves nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tests.fidelity import conversations, wire
from tests.fidelity.background import EXACT, START, WORST
from tests.fidelity.conversations import Talked
from tests.fidelity.figures import Figure, within
from tests.fidelity.sides import FRAME_MS, Side, offsets
from tests.fidelity.signal import RATE, Following, Samples
from tests.fidelity.tap import Packet, Tap
from tests.fidelity.truth import MS, SAMPLES_PER_MS, Spoken
from tests.fidelity.wire import SAMPLE_NS, Stream

AROUND = 25
"""Frames on each side of a break whose delays tell how big its step is."""
SPAN_S = 30
STEADY = within(-1, 1)
"""Per minute."""


WORDS = """
Both play their known signals over and over. Drift is how the time at which a sample was spoken
changes against its place in the file; whole frames that Asterisk inserted or dropped are counted
and taken out of it (the median of what remains over every half minute).
"""


class Heard(NamedTuple):
    """What was delivered, what the tap heard, and how many packets it missed."""

    talked: Talked
    packets: list[Packet]
    dropped: int


def listen(tap: Tap, rig: Mapping[str, str], folder: Path, minutes: float) -> Heard:
    """Place the call under the tap."""
    print(f"One conversation of {minutes:g} minutes", flush=True)
    placed = iter([conversations.long(minutes)])
    with tap:
        (talked,) = asyncio.run(conversations.talk(rig, folder / "long", placed, 1))
    return Heard(talked, tap.packets, tap.dropped)


@dataclass(frozen=True)
class Drift:
    """What became of a side."""

    inserted: int
    """Frames of silence that Asterisk put in."""
    dropped: int
    """Frames that it left out."""
    per_minute: float
    """ms, without whole frames."""
    whole: float
    """The delay's change from the first ten seconds to the last ten, ms, with them."""


def drift(side: Side) -> Drift:
    """How a side's delay changes over the file."""
    steps = [_step(side, index) for index in range(len(side.runs) - 1)]
    raw = [_delay(side, at) for run in side.runs for at in range(run.at, run.end, RATE)]
    apart = min(SPAN_S, len(raw) // 2)
    changes = np.subtract(raw[apart:], raw[:-apart])
    rest = changes - FRAME_MS * np.round(changes / FRAME_MS)
    slope = float(np.median(rest)) * 60 / apart
    whole = float(np.median(raw[-10:]) - np.median(raw[:10]))
    return Drift(sum(-s for s in steps if s < 0), sum(s for s in steps if s > 0), slope, whole)


def _step(side: Side, index: int) -> int:
    """By how many whole frames the delay changes from a run to the next."""
    before, after = side.runs[index], side.runs[index + 1]
    frame = FRAME_MS * SAMPLES_PER_MS
    one = range(max(before.at, before.end - AROUND * frame), before.end, frame)
    other = range(after.at, min(after.end, after.at + AROUND * frame), frame)
    delays = [float(np.median([_delay(side, at) for at in places])) for places in (one, other)]
    return round((delays[1] - delays[0]) / FRAME_MS)


def _delay(side: Side, at: int) -> float:
    """Of the sample at a place that a run covers, ms; only differences of it mean something."""
    spoken = side.time(at)
    assert spoken is not None
    return (spoken - at * SAMPLE_NS) / MS


def side_of(stream: Stream, sound: Samples) -> Side:
    """A long side: what the tap heard is looked for in it, near where it should be."""
    spoken = Spoken(stream.speech)
    return Side(spoken, Following(spoken.reference.samples).runs(sound))


def judge(heard: Heard, seen: wire.Seen) -> list[Figure]:
    """All figures of the one recording."""
    conversation, callback, sound = heard.talked
    call, leg = seen.calls[conversation.caller], seen.legs[conversation.caller]
    caller, far = side_of(call.to_pbx, sound[:, 0]), side_of(leg.to_pbx, sound[:, 1])
    start = caller.spoken.time(caller.first) - caller.runs[0].at * SAMPLE_NS
    duration = int(callback["RecordingDurationMs"]) - int(len(sound) / SAMPLES_PER_MS + 0.5)
    minutes = len(sound) / RATE / 60
    apart = tuple(offsets(caller, far, RATE))
    found = [
        Figure("S-7", "minutes in the file", (minutes,)),
        Figure("S-7", "far side later, in each second", apart, WORST),
        Figure("Q-1", "RecordingDurationMs, error", (duration,), EXACT),
        Figure(
            "Q-1",
            "RecordingStartMs, error",
            (int(callback["RecordingStartMs"]) - start / MS,),
            START,
        ),
    ]
    for name, side in (("caller", caller), ("callee", far)):
        told = drift(side)
        found += [
            Figure("S-7", f"{name}: drift per minute", (told.per_minute,), STEADY),
            Figure("S-7", f"{name}: drift in all, with inserted frames", (told.whole,)),
            Figure("S-7", f"{name}: frames of silence inserted", (float(told.inserted),)),
            Figure("S-7", f"{name}: frames dropped", (float(told.dropped),)),
        ]
    return [*found, Figure("", "packets that the tap missed", (heard.dropped,), within(0, 0))]
