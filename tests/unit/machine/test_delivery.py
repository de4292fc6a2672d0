"""What follows an attempt: the fragment's burst, the schedule, the end (H-1, H-3, H-4)."""

from __future__ import annotations

from typing import Any

import pytest

from recordbridge.machine.delivery import Progress, Verdict, judge
from recordbridge.plivo.retry import Retry

SCHEDULE = (5, 60, 300)
NOW = 1_700_000_000_000


def after(failure: str = "", **given: Any) -> Verdict:
    """The verdict on an attempt, in the middle of the jitter."""
    known: dict[str, Any] = {
        "retry": Retry(),
        "progress": Progress(attempts=1, first_at=NOW),
        "status": 0,
        "retry_after_s": None,
        "durable": True,
        "schedule_s": SCHEDULE,
        "chance": 0.5,
        "now": NOW + 10,
    }
    known |= given
    return judge(known.pop("retry"), known.pop("progress"), failure=failure, **known)


@pytest.mark.rule("H-3")
def test_success_is_2xx_and_final() -> None:
    assert after() == Verdict(state="delivered", settled=True)


@pytest.mark.rule("H-1")
@pytest.mark.parametrize(
    ("failure", "on", "again"),
    [
        ("ct", ("ct", "rt"), True),
        ("rt", ("ct", "rt"), True),
        ("5xx", ("ct", "rt"), False),
        ("4xx", ("ct", "rt"), False),
        ("5xx", ("5xx",), True),
        ("4xx", ("4xx",), True),
        ("4xx", ("all",), True),
        ("other", ("all",), True),
        ("guard", ("ct", "rt"), False),
    ],
)
def test_the_fragment_says_which_failures_are_tried_again(
    failure: str, on: tuple[str, ...], again: bool
) -> None:
    verdict = after(failure, retry=Retry(on=on))
    assert verdict.settled is not again
    assert verdict.step == (0 if again else 1)


@pytest.mark.rule("H-1")
def test_the_fragment_gives_so_many_attempts_and_no_more() -> None:
    retry = Retry(retries=2)
    burst = [
        after("ct", retry=retry, progress=Progress(attempts=n, first_at=NOW)).settled
        for n in (1, 2, 3)
    ]
    assert burst == [False, False, True]


@pytest.mark.rule("H-1")
def test_the_total_time_ends_the_burst() -> None:
    progress = Progress(attempts=1, first_at=NOW - 54_700)
    assert after("ct", retry=Retry(retries=5), progress=progress).settled


@pytest.mark.rule("H-4")
def test_durable_requests_go_on_by_the_schedule_until_it_is_used_up() -> None:
    waits = []
    progress = Progress(attempts=2, first_at=NOW)
    while (verdict := after("ct", progress=progress, now=NOW)).due_at is not None:
        waits.append(verdict.due_at - NOW)
        progress = Progress(attempts=progress.attempts + 1, first_at=NOW, step=verdict.step)
    assert waits == [5_000, 60_000, 300_000]
    assert verdict.state == "parked"


@pytest.mark.rule("H-4")
@pytest.mark.parametrize(("chance", "wait"), [(0.0, 4_000), (0.5, 5_000), (0.999_999, 6_000)])
def test_jitter_is_a_fifth_either_way(chance: float, wait: int) -> None:
    verdict = after("5xx", chance=chance, now=NOW)
    assert verdict.due_at is not None
    assert abs(verdict.due_at - NOW - wait) <= 1


@pytest.mark.rule("H-4")
@pytest.mark.parametrize(("asked", "wait"), [(1, 5_000), (90, 90_000), (10**9, 86_400_000)])
def test_retry_after_is_honoured_between_the_step_and_a_day(asked: int, wait: int) -> None:
    assert after("5xx", retry_after_s=asked, now=NOW).due_at == NOW + wait


@pytest.mark.rule("H-4")
def test_410_ends_it() -> None:
    assert after("4xx", status=410).state == "gone"


@pytest.mark.rule("H-3")
def test_a_document_request_ends_with_its_fragment() -> None:
    assert after("5xx", durable=False) == Verdict(state="parked", settled=True)
