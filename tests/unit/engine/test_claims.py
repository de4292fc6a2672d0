"""Calls that are offered to all workers: claimed while there is room."""

from __future__ import annotations

import pytest

from recordbridge import ids
from recordbridge.engine.claims import PLACE_S, Claims

pytestmark = pytest.mark.rule("N-6")


class Worker:
    """Two Asterisks, one limit."""

    def __init__(self, most: int | None) -> None:
        self.now = 0.0
        self.accepting = True
        self.calls: set[str] = set()
        claimed: dict[str, float] = {}
        self.one, self.two = (
            Claims(
                name,
                claimed,
                calls=lambda: self.calls,
                accepting=lambda: self.accepting,
                most=most,
                now=lambda: self.now,
            )
            for name in ("one", "two")
        )


def test_as_many_as_there_is_room_for_on_all_asterisks_together() -> None:
    worker = Worker(2)
    assert worker.one.wanted("a")
    assert worker.two.wanted("a"), "another channel, though it is called the same"
    assert not worker.one.wanted("b")
    worker.calls = {ids.call_uuid("one", "a"), ids.call_uuid("two", "a")}
    assert not worker.one.wanted("b")
    worker.calls.pop()
    assert worker.one.wanted("b")


def test_a_call_that_another_worker_got_takes_no_place() -> None:
    worker = Worker(1)
    assert worker.one.wanted("a")
    worker.one.lost("a")
    assert worker.one.wanted("b")


def test_the_place_of_a_caller_who_never_came_is_free_again() -> None:
    worker = Worker(1)
    assert worker.one.wanted("a")
    worker.now = PLACE_S
    assert not worker.one.wanted("b")
    worker.now += 0.1
    assert worker.one.wanted("b")


def test_without_a_limit_all_are_claimed_unless_we_are_unwell() -> None:
    worker = Worker(None)
    assert all(worker.one.wanted(str(number)) for number in range(1000))
    worker.accepting = False
    assert not worker.one.wanted("a")
