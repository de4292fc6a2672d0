"""The commands that measure judge: a figure that breaks its limit is an exit code of 1 (X-3, X-6).

How fast this machine is cannot be said in a test that runs beside others; the figures are in
docs/measurements.md.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

from tests.bench import bench, deliveries, measurements

CALLS = 3


def measured(ratio: float, *, failed: int = 0) -> bench.Bench:
    """A run of which the service cost that many times what the bare loop did."""
    nothing: Any = None
    running = bench.Bench(nothing, nothing, nothing, nothing, calls=CALLS, rate=1.0)
    for number, turns in running.turns.items():
        cost = 1.0 if number == bench.BARE else ratio
        turns.cpu += [cost, cost * 1.1, cost]
        turns.asterisk += [1.0, 1.0, 1.0]
    running.turns[bench.BARE].cpu[1] = 1.1
    running.turns[bench.FULL].failed = failed
    return running


@pytest.mark.rule("X-3")
@pytest.mark.parametrize(
    ("ratio", "failed", "code"),
    [(bench.MOST, 0, 0), (bench.MOST - 1, 0, 0), (bench.MOST + 0.01, 0, 1), (1.0, 1, 1)],
)
def test_a_service_that_costs_too_much_breaks_the_bench(
    monkeypatch: pytest.MonkeyPatch, ratio: float, failed: int, code: int
) -> None:
    async def done(*_: object) -> bench.Bench:
        return measured(ratio, failed=failed)

    told: list[str] = []
    monkeypatch.setattr(bench, "_measure", done)
    monkeypatch.setattr(measurements, "keep", lambda *words: told.extend(words))
    monkeypatch.setattr(sys, "argv", ["bench"])
    assert bench.main() == code
    assert f"{ratio:.2f}" in told[-1]


@pytest.mark.rule("X-6")
@pytest.mark.parametrize(("share", "good"), [(0.45, True), (0.5, True), (0.44, False)])
def test_durability_that_costs_too_much_breaks_the_command(
    monkeypatch: pytest.MonkeyPatch, share: float, good: bool
) -> None:
    async def plain(*_: object) -> float:
        return 1000.0

    async def durable(*_: object) -> float:
        return 1000.0 * share

    monkeypatch.setattr(deliveries, "plain_rate", plain)
    monkeypatch.setattr(deliveries, "durable_rate", durable)
    assert deliveries.price(CALLS) == (good, told := deliveries.price(CALLS)[1])
    assert f"share {share:.2f}" in told
    assert f"limit {deliveries.SHARE}" in told
    assert deliveries.SHARE == 0.45


@pytest.mark.rule("X-6", "H-3")
def test_a_small_run_of_both_loops_measures_something() -> None:
    """Real requests, a real database with fsync: no limit, but all of it arrives."""
    _, told = deliveries.price(60)
    assert "share" in told
