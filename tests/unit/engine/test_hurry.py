"""Who takes the CPU is told whenever a call waits for us, and only then."""

from __future__ import annotations

from pathlib import Path

import pytest

from recordbridge.engine.applications import Application
from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine.state import Profile
from recordbridge.plivo.elements import Document, Record
from tests.unit.engine.test_router import Bench

FLOW = Document(elements=(Record(play_beep=False, file_format="wav", finish_on_key="#"),))


@pytest.mark.rule("M-5")
async def test_a_step_that_leads_to_something_is_told_before_it_is_done(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Application(profile=Profile(account="M", application="one"), flow=FLOW))
    told: list[int] = []
    bench.router.hurry = lambda: told.append(len(bench.told(i.EndCapture)))
    await bench.enter()
    assert told
    bench.run_recording()
    told.clear()
    bench.feed(f.KeyPressed(at=bench.clock(), key="5"))
    assert not told, "it ends nothing"
    bench.feed(f.KeyPressed(at=bench.clock(), key="#"))
    assert told[0] == 0, "before it is ended"
    await bench.close()
