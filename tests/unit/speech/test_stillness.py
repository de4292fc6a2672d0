"""When an engine stands still: at once, while calls wait, and for at most MOST of a second."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from recordbridge.speech.stillness import CREDIT_S, HOLD_S, Stillness

pytestmark = pytest.mark.rule("M-5")

STEP_S = 0.001
MOST = 0.6


class Timer(asyncio.TimerHandle):
    def __init__(self, when: float, callback: Callable[[], Any]) -> None:
        self.at, self.callback, self.called_off = when, callback, False

    def cancel(self) -> None:
        self.called_off = True


class Timeline:
    """A loop whose time passes when it is told to; and what became of an engine in it."""

    def __init__(self, late_s: float = 0.0) -> None:
        self.now, self.late_s = 100.0, late_s
        self.timers: list[Timer] = []
        self.spans: list[tuple[float, float]] = []
        """In which it stood still."""
        self.stopped_at: float | None = None
        self.told_s = 0.0
        self.stillness = Stillness(self.stop, self.go, self)

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], Any], /) -> asyncio.TimerHandle:
        self.timers.append(timer := Timer(when, callback))
        return timer

    def stop(self) -> None:
        assert self.stopped_at is None, "stopped once"
        self.stopped_at = self.now

    def go(self, stood_s: float) -> None:
        self.told_s += stood_s
        assert self.stopped_at is not None, "goes on once"
        self.spans.append((self.stopped_at, self.now))
        self.stopped_at = None

    def passes(self, seconds: float, each: Callable[[], None] = lambda: None) -> None:
        """In steps of a millisecond, in each of which `each` is done."""
        for _ in range(round(seconds / STEP_S)):
            self.now += STEP_S
            due = [timer for timer in self.timers if timer.at + self.late_s <= self.now]
            for timer in due:
                self.timers.remove(timer)
                if not timer.called_off:
                    timer.callback()
            each()

    def stood(self, since: float, until: float) -> float:
        return sum(max(0.0, min(b, until) - max(a, since)) for a, b in self.spans)

    def most_of_a_second(self) -> float:
        begins = [a for a, _ in self.spans] + [b - 1 for _, b in self.spans]
        return max(self.stood(begin, begin + 1) for begin in begins)


def test_it_stands_still_from_the_step_of_a_call_until_some_milliseconds_after_the_last() -> None:
    timeline = Timeline()
    timeline.stillness.hold()
    assert timeline.stopped_at == timeline.now, "at once"
    timeline.passes(HOLD_S / 2)
    timeline.stillness.hold()
    last = timeline.now
    timeline.passes(1)
    ((_, until),) = timeline.spans
    assert until == pytest.approx(last + HOLD_S, abs=2 * STEP_S)
    assert timeline.told_s == pytest.approx(HOLD_S * 1.5, abs=2 * STEP_S)
    assert not timeline.timers


@pytest.mark.parametrize("late_s", [0.0, 0.02])
def test_whatever_calls_there_are_it_runs_for_a_part_of_any_second(late_s: float) -> None:
    """And for half of a long time. A busy loop, whose timers are late, too."""
    timeline = Timeline(late_s)
    begun = timeline.now
    timeline.passes(20, timeline.stillness.hold)
    assert timeline.most_of_a_second() <= MOST + late_s + 3 * STEP_S
    share = timeline.stood(begun, timeline.now) / 20
    assert share == pytest.approx(0.5, abs=0.02)
    assert timeline.told_s == pytest.approx(timeline.stood(begun, timeline.now), abs=0.5)


def test_calls_at_any_moments_never_exceed_the_bound_nor_leave_it_standing() -> None:
    chance = random.Random(7)
    for rate in (1, 5, 20, 80, 300):
        timeline = Timeline()

        def perhaps(timeline: Timeline = timeline, rate: int = rate) -> None:
            if chance.random() < rate * STEP_S:
                timeline.stillness.hold()

        timeline.passes(10, perhaps)
        timeline.passes(CREDIT_S + STEP_S)
        assert timeline.stopped_at is None
        assert timeline.most_of_a_second() <= MOST + 3 * STEP_S


def test_at_its_end_it_runs_and_no_timer_is_left() -> None:
    timeline = Timeline()
    timeline.stillness.hold()
    timeline.passes(HOLD_S / 2)
    timeline.stillness.end()
    assert timeline.stopped_at is None
    timeline.passes(1)
    assert len(timeline.spans) == 1


def test_one_that_runs_is_not_told_to_go_on() -> None:
    timeline = Timeline()
    timeline.stillness.end()
    assert timeline.spans == []
