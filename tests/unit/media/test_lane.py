"""The lane: in turn, off the loop, and nobody waits for ever when it closes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from recordbridge.media.lane import Lane


@pytest.fixture
def lane() -> Iterator[Lane]:
    lane = Lane("lane of a test")
    yield lane
    lane.close()


async def test_pieces_are_done_in_turn_in_its_own_thread(lane: Lane) -> None:
    order: list[int] = []

    def piece(number: int) -> str:
        order.append(number)
        return threading.current_thread().name

    names = await asyncio.gather(*(lane.do(partial(piece, number)) for number in range(20)))
    assert order == list(range(20))
    assert set(names) == {"lane of a test"}


async def test_an_error_is_for_whoever_waits(lane: Lane) -> None:
    def broken() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await lane.do(broken)
    assert await lane.do(lambda: "goes on") == "goes on"


async def test_closing_waits_for_the_piece_at_work_and_cancels_the_rest(lane: Lane) -> None:
    begun, done = threading.Event(), []

    def long() -> None:
        begun.set()
        lane._closing.wait()
        done.append("long")

    at_work, waiting = lane.do(long), lane.do(lambda: done.append("never"))
    await asyncio.to_thread(begun.wait)
    lane.close()
    await at_work
    assert waiting.cancelled()
    assert done == ["long"]
    assert lane.do(lambda: None).cancelled()


async def test_whoever_has_left_is_not_told(lane: Lane) -> None:
    go_on = threading.Event()
    left = lane.do(go_on.wait)
    left.cancel()
    go_on.set()
    assert await lane.do(lambda: 1) == 1
    assert left.cancelled()
