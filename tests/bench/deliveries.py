"""`make deliveries`: the outbox under an outage, beside endpoints that never answer, and its price.

Three figures: how long a backlog takes at a fast receiver; when the first attempt of a callback
arrives while a tenth of all endpoints never answer; and how many callbacks a second are sent with
durability, against the same loop without it. The receiver is a process of its own on this machine.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TextIO, TypeVar, cast

import uvloop

from recordbridge.telemetry import logs
from tests.bench import measurements
from tests.bench.drain import drain
from tests.bench.outbox import durable_rate, offer, plain_rate
from tests.bench.receiving import receiving

DRAIN_S = 180
FIRST_MS = 500
SHARE = 0.45
ENDPOINTS, DEAD = 50, 5
ROUNDS = 3

_Any = TypeVar("_Any")


def _with_folder(do: Callable[[Path], _Any]) -> _Any:
    with tempfile.TemporaryDirectory() as folder:
        return do(Path(folder))


def backlog(deliveries: int) -> tuple[bool, str]:
    """H-4: drains in time, all of it, nothing twice, in bounded memory."""
    with receiving() as receiver:
        found = _with_folder(lambda folder: drain(folder, receiver, deliveries))
    good = found.seconds <= DRAIN_S * deliveries / 100_000
    good = good and not (found.undelivered or found.twice)
    return good, (
        f"A backlog of {found.deliveries} drained in {found.seconds:.1f} s"
        f" ({found.deliveries / found.seconds:.0f} a second; limit {DRAIN_S} s for 100,000);"
        f" {found.undelivered} not delivered, {found.twice} twice; the service's memory"
        f" {found.rss_mb:.0f} MB at most, its CPU {found.cpu_s * 1000 / found.deliveries:.2f} ms"
        " per delivery."
    )


def first_attempts(rate: float, seconds: float) -> tuple[bool, str]:
    """H-4: a slow lane never delays another."""
    with receiving(fast=ENDPOINTS - DEAD, dead=DEAD) as receiver:
        urls = [f"http://127.0.0.1:{port}/callback" for port in (*receiver.fast, *receiver.dead)]
        taken = _with_folder(lambda folder: uvloop.run(offer(folder, urls, rate, seconds)))
        _, first = receiver.ledger()
    expected = len(taken) * (ENDPOINTS - DEAD) // ENDPOINTS
    delays = sorted((first[each] - taken[each]) * 1000 for each in first)
    p99 = delays[int(len(delays) * 0.99)]
    return p99 <= FIRST_MS and len(first) >= expected, (
        f"{len(taken)} callbacks at {rate:g} a second to {ENDPOINTS} endpoints, {DEAD} of which"
        f" never answer: first attempts at the others after {statistics.median(delays):.1f} ms"
        f" (median), {p99:.1f} ms (p99, limit {FIRST_MS}), {delays[-1]:.1f} ms at most;"
        f" {len(first)} of {expected} arrived."
    )


def price(number: int) -> tuple[bool, str]:
    """X-6: the median of some rounds, both loops in turn."""
    shares, rates = [], []
    with receiving() as receiver:
        url = f"http://127.0.0.1:{receiver.fast[0]}/callback"
        for _ in range(ROUNDS):
            plain = uvloop.run(plain_rate(url, number))
            durable = _with_folder(lambda folder: uvloop.run(durable_rate(folder, url, number)))
            shares.append(durable / plain)
            rates.append((durable, plain))
    share = statistics.median(shares)
    told = ", ".join(f"{durable:.0f} against {plain:.0f}" for durable, plain in rates)
    return share >= SHARE, (
        f"Durable callbacks a second against the same loop without durability: {told};"
        f" share {share:.2f} (median; limit {SHARE})."
    )


def main() -> int:
    """The command line; 1 when a limit is broken."""
    parser = argparse.ArgumentParser(prog="make deliveries", description=__doc__)
    parser.add_argument("--backlog", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=100)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--callbacks", type=int, default=5000)
    given = parser.parse_args()
    with tempfile.TemporaryFile("w") as stream:
        # A line for each attempt, as the service writes it, is part of the price.
        logs.configure("json", "info", stream=cast(TextIO, stream))
        return _all(given)


def _all(given: argparse.Namespace) -> int:
    results = []
    figures: tuple[Callable[[], tuple[bool, str]], ...] = (
        lambda: price(given.callbacks),
        lambda: first_attempts(given.rate, given.seconds),
        lambda: backlog(given.backlog),
    )
    for figure in figures:
        good, text = figure()
        results.append((good, f"- {'' if good else 'MISSED: '}{text}"))
        print(results[-1][1], flush=True)
    text = "\n".join(line for _, line in results)
    measurements.keep(
        "deliveries", "Deliveries: outages and dead endpoints", "make deliveries", text
    )
    return 0 if all(good for good, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
