"""When steps are committed: at once, soon, or at leisure; and who is taken along."""

from __future__ import annotations

import asyncio

import pytest
import uvloop

from recordbridge.engine import commits
from recordbridge.engine.commits import Commits


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commits, "LAG_S", 0.01)
    monkeypatch.setattr(commits, "REPLY_S", 0.005)
    monkeypatch.setattr(commits, "LEISURE_S", 3600)


async def test_what_cannot_wait_takes_all_others_along() -> None:
    done: list[str] = []
    all_ = Commits()
    all_.soon(lambda: done.append("leisure"), hurry=False)
    all_.replied(lambda: done.append("last"))
    all_.soon(lambda: done.append("soon"))
    assert not done
    all_.now(lambda: done.append("now"))
    assert done == ["leisure", "soon", "now", "last"]


async def test_what_hurries_does_not_wait_for_what_does_not() -> None:
    flushed = asyncio.Event()
    all_ = Commits()
    all_.soon(lambda: None, hurry=False)
    all_.soon(flushed.set)
    await asyncio.wait_for(flushed.wait(), 5)


async def test_leisure_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commits, "LEISURE_S", 0.01)
    flushed = asyncio.Event()
    all_ = Commits()
    all_.soon(flushed.set, hurry=False)
    all_.soon(flushed.set, hurry=False)
    await asyncio.wait_for(flushed.wait(), 5)


@pytest.mark.rule("H-3")
async def test_a_reply_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a crash forgets of it is asked for again."""
    monkeypatch.setattr(commits, "LAG_S", 3600)
    flushed = asyncio.Event()
    all_ = Commits()
    all_.soon(lambda: None)
    all_.replied(flushed.set)
    await asyncio.wait_for(flushed.wait(), 5)


def test_a_moment_that_has_passed_already(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process may be put off between reading the clock and setting the timer: uvloop then
    gives a handle without a time.
    """
    monkeypatch.setattr(commits, "REPLY_S", 0)

    async def twice() -> list[str]:
        done: list[str] = []
        all_ = Commits()
        all_.replied(lambda: done.append("first"))
        all_.replied(lambda: done.append("second"))
        await asyncio.sleep(0.01)
        return done

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(twice()) == ["first", "second"]
