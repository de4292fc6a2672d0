"""The task of a link: one that breaks is told, one that is ended is not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import pytest
from structlog.testing import capture_logs

from recordbridge.app.service import tell_broken

Link = Callable[[], Coroutine[None, None, None]]


async def broken() -> None:
    raise TypeError("look() takes no such argument")


async def standing_by() -> None:
    pass


@pytest.mark.parametrize(("link", "told"), [(broken, ["link_broke"]), (standing_by, [])])
async def test_only_a_broken_link_is_told(link: Link, told: list[str]) -> None:
    with capture_logs() as lines:
        task = asyncio.create_task(link(), name="ari pbx")
        task.add_done_callback(tell_broken)
        await asyncio.wait([task])
        await asyncio.sleep(0)
    assert [line["event"] for line in lines] == told
    assert all(line["link"] == "ari pbx" for line in lines)


async def test_a_cancelled_link_is_not_told() -> None:
    with capture_logs() as lines:
        task = asyncio.create_task(asyncio.sleep(60, None))
        task.add_done_callback(tell_broken)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(0)
    assert not lines
