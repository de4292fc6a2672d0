"""Calls that come in, or come back, around a look at all that Asterisk has (N-1, N-3)."""

from __future__ import annotations

import asyncio

import pytest

from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.ports.pbx import Survey
from tests.unit.engine.test_router import CALL, Bench, bench

__all__ = ["bench"]


@pytest.mark.rule("N-3")
async def test_a_call_that_comes_in_during_the_survey_is_not_missed_in_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in no list, for the lists were made before it came."""
    survey = bench.pbx.survey

    async def asked() -> Survey:
        found = await survey()
        await bench.enter()
        return found

    monkeypatch.setattr(bench.pbx, "survey", asked)
    await bench.recovery.reconcile(bench.pbx)
    assert not bench.router.calls[CALL].state.over
    assert bench.told(i.BeginSnoop)


@pytest.mark.rule("N-1")
async def test_a_call_that_was_over_and_is_there_again_goes_on_under_its_version(
    bench: Bench,
) -> None:
    """A new process finds it in Asterisk: it is the same call, not a first one."""
    await bench.enter()
    bench.feed(f.CallDestroyed(at=bench.clock(), cause=16))
    bench.flush()
    await bench.until_released()
    version = bench.store.calls[CALL].version
    bench.pbx.surveyed = Survey(
        up_since=0, ours={"c1"}, channels={"c1": "Up"}, calls={"c1": True}, belongings={}
    )
    await bench.recovery.reconcile(bench.pbx)
    bench.flush()
    await asyncio.sleep(0.05)
    again = bench.router.calls[CALL]
    assert not again.state.over
    assert again.version > version
    assert bench.store.calls[CALL].version == again.version
