"""What waits for a commit is not overtaken by its own end (commit and act)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from recordbridge.engine.applications import Application
from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine.state import Profile
from recordbridge.plivo.elements import Callee, Dial, Document, Element, GetDigits, Play
from tests.unit.engine.test_router import Bench

DIAL = Dial(callees=(Callee(address="1"), Callee(address="2")))
DIGITS = GetDigits(prompts=(Play(source="sound:hello-world"),))


@pytest.fixture
async def bench(tmp_path: Path, element: Element) -> AsyncIterator[Bench]:
    profile = Profile(account="M", application="one")
    made = Bench(tmp_path, Application(profile=profile, flow=Document(elements=(element,))))
    made.store.hold()
    await made.enter()
    yield made
    await made.close()


def order(bench: Bench, *kinds: type[i.Pbx]) -> list[str]:
    return [type(intent).__name__ for intent in bench.pbx.done if isinstance(intent, kinds)]


@pytest.mark.rule("F-4")
@pytest.mark.parametrize("element", [DIAL])
async def test_a_leg_that_is_not_dialled_yet_is_hung_up_after_it_is(bench: Bench) -> None:
    """The caller is gone before the commit: nothing may ring that nobody ends."""
    bench.feed(f.HangupRequested(at=bench.clock()))
    await asyncio.sleep(0)
    assert order(bench, i.BeginLeg, i.EndLeg) == []
    bench.store.release()
    async with asyncio.timeout(5):
        while len(order(bench, i.EndLeg)) < 2:
            await asyncio.sleep(0.005)
    assert order(bench, i.BeginLeg, i.EndLeg) == ["BeginLeg", "BeginLeg", "EndLeg", "EndLeg"]


@pytest.mark.rule("F-2")
@pytest.mark.parametrize("element", [DIGITS])
async def test_a_prompt_is_not_stopped_before_it_is_begun(bench: Bench) -> None:
    bench.feed(f.KeyPressed(at=bench.clock(), key="1"))
    bench.store.release()
    async with asyncio.timeout(5):
        while not order(bench, i.EndPlayback):
            await asyncio.sleep(0.005)
    assert order(bench, i.BeginPlayback, i.EndPlayback) == ["BeginPlayback", "EndPlayback"]


@pytest.mark.rule("F-4")
@pytest.mark.parametrize("element", [DIAL])
async def test_a_leg_that_was_dialled_is_hung_up_without_waiting(bench: Bench) -> None:
    """Its end can be repeated, so no commit stands before it."""
    bench.store.release()
    async with asyncio.timeout(5):
        while len(order(bench, i.BeginLeg)) < 2:
            await asyncio.sleep(0.005)
    bench.store.hold()
    bench.feed(f.HangupRequested(at=bench.clock()))
    assert order(bench, i.EndLeg) == ["EndLeg", "EndLeg"]
    bench.store.release()
