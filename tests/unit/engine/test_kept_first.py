"""What is kept before Asterisk is told: a call, and why a recording ends (N-1)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from recordbridge.engine.applications import Application
from recordbridge.errors import StorageError
from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine.state import Profile
from recordbridge.plivo.elements import Document, GetDigits, Record
from tests.unit.engine.test_router import Bench, bench

__all__ = ["bench"]


@pytest.mark.rule("N-1")
async def test_a_recording_is_ended_when_its_reason_is_kept(bench: Bench) -> None:
    """Nobody could find out again which key it was."""
    await bench.enter()
    bench.run_recording()
    bench.store.hold()
    bench.feed(f.KeyPressed(at=bench.clock(), key="#"))
    await asyncio.sleep(0.1)
    assert not bench.told(i.EndCapture)
    bench.store.release()
    await asyncio.sleep(0)
    assert bench.told(i.EndCapture)


@pytest.mark.rule("N-5")
async def test_with_the_database_away_a_recording_is_ended_all_the_same(bench: Bench) -> None:
    await bench.enter()
    bench.run_recording()
    bench.store.broken = StorageError("away")
    bench.store.hold()
    bench.feed(f.KeyPressed(at=bench.clock(), key="#"))
    assert bench.told(i.EndCapture)
    bench.store.broken = None


@pytest.mark.rule("N-1")
async def test_nothing_is_asked_of_asterisk_for_a_call_that_is_not_kept_yet(bench: Bench) -> None:
    bench.store.hold()
    await bench.enter()
    assert not bench.pbx.done
    bench.store.release()
    await asyncio.sleep(0)
    assert bench.told(i.BeginSnoop)


@pytest.mark.rule("N-1")
@pytest.mark.parametrize("away", [False, True])
async def test_what_is_said_is_recorded_for_a_recording_that_is_kept(
    tmp_path: Path, away: bool
) -> None:
    """After a crash nobody would know of it. With the database away it is begun all the same."""
    flow = Document(elements=(GetDigits(num_digits=1), Record(play_beep=False)))
    profile = Profile(account="M", application="voicemail")
    bench = Bench(tmp_path, Application(profile=profile, flow=flow))
    await bench.enter()
    if away:
        bench.store.broken = StorageError("away")
    bench.store.hold()
    bench.feed(f.CallAnswered(at=bench.clock()))
    bench.feed(f.KeyPressed(at=bench.clock(), key="1"))
    bench.feed(f.SnoopEntered(snoop_id=bench.snoop))
    await asyncio.sleep(0.1)
    assert bool(bench.told(i.BeginCapture)) == away
    bench.store.broken = None
    bench.store.release()
    await asyncio.sleep(0)
    assert len(bench.told(i.BeginCapture)) == 1
    await bench.close()
