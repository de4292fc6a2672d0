"""A recording of two parties against the wires of both.

The truth about a sample is that of `truth`: the arrival of its packet at the pbx, minus 20 ms, plus
its offset. Two samples at one place of a file should have been spoken at one time; how much later
the far side's was is the offset.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.fidelity.conversations import MAX_S, Talked
from tests.fidelity.mixed import parts
from tests.fidelity.signal import FRAME, Run, Samples, breaks, foreign, known
from tests.fidelity.truth import MS, SAMPLES_PER_MS, Spoken, TruthError
from tests.fidelity.wire import SAMPLE_NS, Wire

SECONDS = 16
"""No conversation but the long one lasts as long as that: so much of the signals is looked for."""
FRAME_MS = 20
SECOND = 50
"""Frames."""


@dataclass(frozen=True)
class Side:
    """One party: what it sent, and where that stands in the file."""

    spoken: Spoken
    runs: list[Run]

    @property
    def first(self) -> int:
        """The first sample of its signal that is in the file."""
        return self.runs[0].of

    @property
    def last(self) -> int:
        return self.runs[-1].of + self.runs[-1].length - 1

    def time(self, at: int) -> int | None:
        """When what stands at that place was spoken, epoch ns."""
        for run in self.runs:
            if run.at <= at < run.end:
                return self.spoken.time(run.of + at - run.at)
        return None

    def head_loss(self, answered: int) -> float:
        """What it sent after the answer and before its first sample in the file, ms."""
        return max(0, self.first - self.spoken.first(answered)) / SAMPLES_PER_MS

    def tail_loss(self, ended: int) -> float:
        """What it sent before the end, after its last sample in the file, ms."""
        return max(0, self.spoken.last(ended) - self.last) / SAMPLES_PER_MS


@dataclass(frozen=True)
class Judged:
    """What a recording of two parties came to, in ms where nothing else is said."""

    start_error: float
    duration_error: int
    inserted: float
    """Frames of 20 ms, on both sides together."""
    lost: float
    foreign: int
    """Samples on the caller's side that the caller did not speak; of a mix, that neither did."""
    head_caller: float
    head_far: float
    offset: float
    """The median of the file's offsets."""
    offset_worst: float
    """The second of the file whose median offset is farthest from 0."""
    late: float
    """How much later than 20 ms after the one before it a packet came, at most, on either wire."""
    excess: float | None = None
    """The file's length minus maxLength."""
    tail_caller: float | None = None
    tail_far: float | None = None


def judge(talked: Talked, call: Wire, leg: Wire) -> Judged:
    """Judge a recording by the wires of its caller and its callee."""
    conversation, callback, sound = talked
    caller, far, strange = _sides(sound, call, leg)
    if not caller.runs or not far.runs:
        side = "far side" if caller.runs else "caller"
        raise TruthError(f"the {side} is not in the recording of {conversation}")
    start = caller.spoken.time(caller.first) - caller.runs[0].at * SAMPLE_NS
    assert call.answered is not None
    assert leg.answered is not None
    answered = max(call.answered, leg.answered) if conversation.mode.from_dial else call.answered
    apart = offsets(caller, far, FRAME)
    found = [breaks(side.runs) for side in (caller, far)]
    limited = conversation.ending == "maxLength"
    exact = int(len(sound) / SAMPLES_PER_MS + 0.5)
    return Judged(
        start_error=int(callback["RecordingStartMs"]) - start / MS,
        duration_error=int(callback["RecordingDurationMs"]) - exact,
        inserted=sum(each.inserted for each in found) / FRAME,
        lost=sum(each.lost for each in found) / FRAME,
        foreign=strange,
        head_caller=caller.head_loss(answered),
        head_far=far.head_loss(leg.answered),
        offset=float(np.median(apart)),
        offset_worst=max(_by_the_second(apart), key=abs),
        late=max(_late(wire, leg.answered) for wire in (call, leg)),
        excess=len(sound) / SAMPLES_PER_MS - MAX_S * 1000 if limited else None,
        tail_caller=None if limited else caller.tail_loss(_end(talked, call, leg)),
        tail_far=None if limited else far.tail_loss(min(_ends(call, leg))),
    )


def _by_the_second(apart: list[float]) -> list[float]:
    """Medians: one packet that came late says nothing about when its sound was spoken."""
    firsts = range(0, max(1, len(apart) - SECOND // 2), SECOND)
    return [float(np.median(apart[first : first + SECOND])) for first in firsts]


def _late(wire: Wire, since: int) -> float:
    """Of a wire, from the callee's answer on: whether sender and machine kept their time."""
    came = [packet.at for packet in wire.to_pbx.speech if packet.at > since]
    return max((float(gap) for gap in np.diff(came) / MS - FRAME_MS), default=0.0)


def _ends(call: Wire, leg: Wire) -> list[int]:
    return [each.ended for each in (call, leg) if each.ended is not None]


def _end(talked: Talked, call: Wire, leg: Wire) -> int:
    """When the caller's side ends: with its call, or already with the Dial."""
    if talked.conversation.mode.with_dial:
        return min(_ends(call, leg))
    assert call.ended is not None
    return call.ended


def _sides(sound: Samples, call: Wire, leg: Wire) -> tuple[Side, Side, int]:
    """Caller, far side, and what is foreign."""
    one, other = known("markers", SECONDS), known("markers-b", SECONDS)
    caller, far = Spoken(call.to_pbx.speech, one), Spoken(leg.to_pbx.speech, other)
    if sound.ndim == 1:
        mixed = parts(sound, one, other)
        return Side(caller, mixed.one), Side(far, mixed.other), mixed.foreign
    left, right = sound[:, 0], sound[:, 1]
    runs = one.runs(left)
    return Side(caller, runs), Side(far, other.runs(right)), foreign(left, runs)


def offsets(caller: Side, far: Side, step: int) -> list[float]:
    """How much later the far side's sample was spoken, ms, every so many samples of the file."""
    found = []
    for at in range(far.runs[0].at, far.runs[-1].end, step):
        one, other = caller.time(at), far.time(at)
        if one is not None and other is not None:
            found.append((other - one) / MS)
    if not found:
        raise TruthError("the two sides are nowhere in the file at once")
    return found
