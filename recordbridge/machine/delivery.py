"""What happens to a request after an attempt: again, later, settled, given up (H-1, H-3, H-4).

First the fragment's own attempts, within its total time; then, for durable requests, the
schedule. `settled` is the moment others may stop waiting for it (Q-4): it was answered, or the
fragment is used up.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from recordbridge.instant import Instant
from recordbridge.plivo.retry import Retry

GONE = 410
MOST_RETRY_AFTER_S = 86_400
BURST_MS = (500, 1_000, 2_000, 2_000, 2_000)
"""Pauses between the fragment's own attempts."""
JITTER = 0.2


class Progress(msgspec.Struct, frozen=True):
    """Where a request stands. `attempts` and `first_at` are those of the fragment's burst."""

    attempts: int = 0
    first_at: Instant = 0
    step: int = 0
    """Steps of the schedule that have been used; 0 while the burst lasts."""


class Verdict(msgspec.Struct, frozen=True):
    """What to do next; `due_at` only while `waiting`."""

    state: Literal["waiting", "delivered", "parked", "gone"]
    settled: bool
    due_at: Instant | None = None
    step: int = 0


def judge(
    retry: Retry,
    progress: Progress,
    *,
    failure: str,
    status: int,
    retry_after_s: int | None,
    durable: bool,
    schedule_s: tuple[int, ...],
    chance: float,
    now: Instant,
    stale: bool = False,
) -> Verdict:
    """After an attempt (counted in `progress`). `chance` in [0, 1) is the jitter's.

    One on a connection that was `stale` is repeated at once and counts for nothing.
    """
    if stale:
        return Verdict(state="waiting", settled=False, due_at=now, step=progress.step)
    if not failure:
        return Verdict(state="delivered", settled=True, step=progress.step)
    if status == GONE:
        return Verdict(state="gone", settled=True, step=progress.step)
    pause = _burst_pause(retry, progress, failure, now)
    if pause is not None:
        return Verdict(state="waiting", settled=False, due_at=now + pause)
    if not durable or progress.step >= len(schedule_s):
        return Verdict(state="parked", settled=True, step=progress.step)
    wait = schedule_s[progress.step] * (1 + JITTER * (2 * chance - 1))
    if retry_after_s is not None:
        wait = max(wait, min(retry_after_s, MOST_RETRY_AFTER_S))
    return Verdict(
        state="waiting", settled=True, due_at=now + round(wait * 1000), step=progress.step + 1
    )


def _burst_pause(retry: Retry, progress: Progress, failure: str, now: Instant) -> int | None:
    """How long until the fragment's next attempt, None when it has none left."""
    if progress.step or progress.attempts > retry.retries:
        return None
    if "all" not in retry.on and failure not in retry.on:
        return None
    pause = BURST_MS[min(progress.attempts, len(BURST_MS)) - 1]
    if now + pause >= progress.first_at + retry.total_ms:
        return None
    return pause
