"""A delivered recording against the wire.

The truth about a sample: it lies in an RTP packet of 20 ms, which its sender completes and sends
when its last sample has been spoken. So a sample's time is the arrival of its packet, minus
20 ms, plus its offset in the packet. (By the other convention, arrival plus offset, every sample
was spoken 20 ms later, and a start error comes out 20 ms smaller.)
What Asterisk sends is timed by the arrival of its packet at the caller.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests.fidelity.calls import Delivered
from tests.fidelity.cases import TIMEOUT_S, Case
from tests.fidelity.signal import Reference, Run, breaks, foreign, known
from tests.fidelity.wire import FRAME_NS, SAMPLE_NS, Rtp, Wire

MS = 1_000_000
SAMPLES_PER_MS = 8


class TruthError(Exception):
    """What should be in a recording or on the wire is not there at all."""


class Spoken:
    """What a caller sent: which sample of the reference was on the wire when."""

    def __init__(self, packets: Sequence[Rtp], reference: Reference | None = None) -> None:
        """Without a reference, what was sent is the reference itself."""
        self._packets = packets
        self._came = [packet.at for packet in packets]
        self._starts = np.cumsum([0] + [len(packet.payload) for packet in packets])
        sound = np.concatenate([packet.samples for packet in packets])
        self.reference = reference or Reference(sound)
        self._runs = reference.runs(sound) if reference else [Run(0, 0, len(sound))]

    def time(self, of: int) -> int:
        """When the sample with that index in the reference was spoken, epoch ns."""
        for run in self._runs:
            if run.of <= of < run.of + run.length:
                return self._time_at(run.at + of - run.of)
        raise TruthError(f"sample {of} of the reference was never on the wire")

    def end(self) -> int:
        """When the caller had spoken all of the reference that he spoke, epoch ns."""
        run = self._runs[-1]
        return self._time_at(run.end)

    def first(self, after: int) -> int:
        """The first sample of the reference in a packet that came after that time."""
        at = int(self._starts[bisect_right(self._came, after)])
        run = next(run for run in self._runs if run.end > at)
        return run.of + max(0, at - run.at)

    def last(self, before: int) -> int:
        """The last sample of the reference in a packet that came up to that time."""
        at = int(self._starts[bisect_right(self._came, before)]) - 1
        run = next(run for run in reversed(self._runs) if run.at <= at)
        return run.of + min(run.length - 1, at - run.at)

    def _time_at(self, at: int) -> int:
        index = int(np.searchsorted(self._starts, at, side="right")) - 1
        offset = at - int(self._starts[index])
        return self._came[index] - FRAME_NS + offset * SAMPLE_NS


@dataclass(frozen=True)
class Marked:
    """What a recording of the known signal came to, in ms where nothing else is said."""

    start_error: float
    """Reported start minus the truth about the file's first sample."""
    duration_error: float
    excess: float
    """The file's length minus maxLength."""
    inserted: float
    lost: float
    foreign: int
    """Samples that are neither signal nor silence."""
    head_loss: float | None = None
    """Without a beep: sent after the answer, before the file's first sample of the signal."""
    beep_gap: float | None = None
    """From the beep's last packet to the file's first sample."""
    key_error: float | None = None
    """The file's end minus the key's first packet."""
    runs: tuple[Run, ...] = ()
    tail_loss: float | None = None
    """Sent before the BYE, after the file's last sample of the signal."""


def marked(delivered: Delivered, wire: Wire) -> Marked:
    """Judge a recording of the known signal."""
    case, callback, sound = delivered
    assert wire.answered is not None
    spoken = Spoken(wire.to_pbx.speech, known())
    runs = known().runs(sound)
    if not runs:
        raise TruthError(f"nothing of the signal is in the recording of {case}")
    start = spoken.time(runs[0].of) - runs[0].at * SAMPLE_NS
    last = runs[-1].of + runs[-1].length - 1
    end = spoken.time(last) + (len(sound) - runs[-1].end + 1) * SAMPLE_NS
    broken = breaks(runs)
    head = key = gap = tail = None
    if case.beep:
        gap = (start - _beep_end(wire)) / MS
    else:
        head = max(0, runs[0].of - spoken.first(wire.answered)) / SAMPLES_PER_MS
    if case.ending == "finishOnKey":
        key = (end - _key_began(case, wire, spoken)) / MS
    if case.ending == "hangup" and wire.ended is not None:
        tail = (spoken.last(wire.ended) - last) / SAMPLES_PER_MS
    return Marked(
        int(callback["RecordingStartMs"]) - start / MS,
        _duration_error(delivered),
        len(sound) / SAMPLES_PER_MS - case.max_length_s * 1000,
        broken.inserted / SAMPLES_PER_MS,
        broken.lost / SAMPLES_PER_MS,
        foreign(sound, runs),
        head,
        gap,
        key,
        tuple(runs),
        tail,
    )


def _key_began(case: Case, wire: Wire, spoken: Spoken) -> int:
    """An event's first packet; of a tone the first sample, right after the signal."""
    if not case.inband:
        return wire.to_pbx.keys[0].at
    return spoken.end()


def _duration_error(delivered: Delivered) -> int:
    exact = int(len(delivered.sound) / SAMPLES_PER_MS + 0.5)
    return int(delivered.callback["RecordingDurationMs"]) - exact


def _beep_end(wire: Wire) -> int:
    """The last packet of the beep, which is all that these callers hear."""
    heard = wire.from_pbx.loud(128)
    if not heard:
        raise TruthError(f"caller {wire.caller} heard no beep")
    return heard[-1].at


@dataclass(frozen=True)
class Silent:
    """What a recording that silence ended came to, in ms."""

    silence_error: float
    """Reported stop minus the last loud packet (without one: the answer) minus timeout."""
    duration_error: float
    head_loss: float | None = None
    """As in Marked; of those who spoke."""
    speech_lost: float | None = None
    """Speech on the wire that is not in the file, wherever."""
    tail: float = 0.0
    """What the file has after the last loud packet; all of it when nobody spoke."""


def silent(delivered: Delivered, wire: Wire, threshold: int) -> Silent:
    """Judge a recording that silence of that threshold ended."""
    _, callback, sound = delivered
    assert wire.answered is not None
    loud = wire.to_pbx.loud(threshold)
    quiet_since = loud[-1].at if loud else wire.answered
    error = int(callback["RecordingStoppedMs"]) - quiet_since / MS - TIMEOUT_S * 1000
    duration_error = _duration_error(delivered)
    if not loud:
        return Silent(error, duration_error, tail=len(sound) / SAMPLES_PER_MS)
    spoken = Spoken(wire.to_pbx.speech)
    runs = spoken.reference.runs(sound)
    if not runs:
        raise TruthError(f"nothing of the speech is in the recording of {delivered.case}")
    head = max(0, runs[0].of - spoken.first(wire.answered))
    last = spoken.last(quiet_since)
    kept = runs[-1].of + runs[-1].length - 1
    lost = head + breaks(runs).lost + max(0, last - kept)
    tail = len(sound) - runs[-1].end + max(0, kept - last)
    parts = (head, lost, tail)
    return Silent(error, duration_error, *(samples / SAMPLES_PER_MS for samples in parts))
