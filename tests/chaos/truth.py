"""Which part of what was spoken is in a recording, to the sample.

The known signals go over the wire without loss and do not repeat: a frame of a recording is found
in them by its very bytes, and then as far as every sample is the same.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from asterisk.rigging import markers
from tests.chaos.caller import Entry
from tests.chaos.scenes import Take
from tests.fidelity.signal import FRAME, QUIET, RATE, Run
from tests.service.audio import Samples, Sound

STEP = 40
"""A frame in which something is missing is passed over in such steps."""
UNWRITTEN_MS = 2_150
"""N-2: what Asterisk had not written when it was killed."""
SURE_MS = 150
"""By so much instants of the carrier's events may be off."""
BEGINS_MS = {"answer": 0, "after": 500, "beep": SURE_MS, "connected": SURE_MS, "asked": 600}
"""How much later than that a recording may begin on a busy machine."""
AGAIN_MS = 600
"""How much later than the end of an outage what it has held up may begin."""


@cache
def _known(name: str) -> tuple[Samples, bytes]:
    samples = np.array(markers.samples(name), np.int16)
    return samples, samples.tobytes()


def runs(sound: Samples, name: str) -> list[Run]:
    """All stretches of that signal in the sound, in order."""
    signal, data = _known(name)
    found: list[Run] = []
    at = 0
    while at + FRAME <= len(sound):
        piece = sound[at : at + FRAME]
        of, odd = (-1, 0) if np.abs(piece).max() < QUIET else divmod(data.find(piece.tobytes()), 2)
        if of < 0 or odd:
            at += STEP
            continue
        back = min(at - (found[-1].end if found else 0), of)
        before = _same(sound[at - back : at][::-1], signal[of - back : of][::-1])
        after = _same(sound[at:], signal[of:])
        found.append(Run(at - before, of - before, before + after))
        at += after
    return found


def _same(one: Samples, other: Samples) -> int:
    most = min(len(one), len(other))
    different = np.flatnonzero(one[:most] != other[:most])
    return int(different[0]) if different.size else most


class Span(NamedTuple):
    """A part of a known signal, in samples."""

    first: int
    end: int


def part(entry: Entry, take: Take, far: list[Run], asked_at: int | None) -> Span | None:
    """What of the caller's speech must be in it; None when nothing need be."""
    spoke = entry.spoke_at
    if spoke is None or entry.answered_at is None or entry.ended_at is None:
        return None
    begins = _begins(entry, take, far, asked_at)
    if begins is None:
        return None
    ends = min(entry.ended_at, spoke + round(entry.scene.speaks_s * 1000))
    ends = min(ends, begins + round(take.longest_s * 1000))
    if take.begins == "connected" and far:
        ends = min(ends, _heard_at(entry, far[-1].end))
    if entry.pbx_died_at is not None:
        ends = min(ends, entry.pbx_died_at - UNWRITTEN_MS)
    if take.begins != "answer":
        begins = _held_up(entry, begins, begins + BEGINS_MS[take.begins])
    first, end = (round(max(0, each - spoke) * RATE / 1000) for each in (begins, ends - SURE_MS))
    return Span(first, end) if end > first else None


def _begins(entry: Entry, take: Take, far: list[Run], asked_at: int | None) -> int | None:
    if take.begins in ("answer", "after"):
        return entry.answered_at
    if take.begins == "asked":
        return asked_at
    if take.begins == "beep":
        return entry.beeped_until()
    return _heard_at(entry, far[0].at) if far else None


def _heard_at(entry: Entry, sample: int) -> int:
    assert entry.listened_at is not None
    return entry.listened_at + sample * 1000 // RATE


def callee(entry: Entry) -> list[Run]:
    """What the caller heard of the callee."""
    if entry.heard is None or not entry.scene.dials:
        return []
    return runs(entry.heard.samples, "markers-b")


def _held_up(entry: Entry, since: int, until: int) -> int:
    """When it has to begin at the latest that begins between these when nothing is in the way."""
    for began, over in sorted(entry.outages):
        if began <= until and over >= since:
            until = max(until, over + AGAIN_MS)
    return until


def missing_ms(sound: Sound, name: str, wanted: Span) -> int:
    """How much of that part of the signal is not in the sound."""
    there, end = 0, wanted.first
    for of, length in sorted((run.of, run.length) for run in runs(sound.samples, name)):
        first, last = max(of, end), min(of + length, wanted.end)
        if last > first:
            there += last - first
            end = last
    return (wanted.end - wanted.first - there) * 1000 // RATE


def far_part(entry: Entry, far: list[Run]) -> Span | None:
    """What of the callee's speech must be in a recording: all that the caller heard."""
    if not far:
        return None
    first, end = far[0].of, far[-1].of + far[-1].length
    if entry.pbx_died_at is not None:
        late_ms = _heard_at(entry, far[-1].end) - (entry.pbx_died_at - UNWRITTEN_MS)
        end -= max(0, late_ms) * RATE // 1000
    margin = SURE_MS * RATE // 1000
    return Span(first + margin, end - margin) if end - first > 2 * margin else None
