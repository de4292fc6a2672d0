"""A worker dies with live calls, and another goes on with them (N-6)."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from tests.receiver import Received
from tests.service.audio import FRAME, hear, lost
from tests.service.service import Delivered, Line, true
from tests.service.steps import press, speak
from tests.service.team import TAKEN_OVER_S, Team

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

CALLS = 20
MOST_LOST = 2 * FRAME
"""What a busy machine drops in 20 s now and then, with or without a take-over."""


@pytest.mark.rule("N-6")
async def test_twenty_recorded_calls_of_a_killed_worker_are_complete_and_true(pair: Team) -> None:
    """Not a sample of what the callers said is lost, and nothing is told under two ids."""
    lines = [pair.line() for _ in range(CALLS)]
    for line in lines:
        line.answers(line.record(maxLength=60))
    async with pair.only(0):
        calls = [await line.call([speak(20), press("#")]) for line in lines]
        uuids = [await pair.driven_by(0, line) for line in lines]
    began = [await pair.programs[0].said("recording_began", call_uuid=each) for each in uuids]
    for recording in began:
        await pair.kept(recording["recording_id"], "running")
    killed_at = time.monotonic()
    await pair.programs[0].kill()
    await pair.owned_by("rb-2", CALLS)
    took = time.monotonic() - killed_at
    assert took <= TAKEN_OVER_S
    results = [(await line.next("action", 40), await line.delivered()) for line in lines]
    for call in calls:
        await call.ended()
    await asyncio.to_thread(_judge, results, began)
    for line in lines:
        once(line, "action", "callback")
    await pair.programs[0].start()
    print(f"{CALLS} calls were another worker's {took:.2f} s after the kill")


def _judge(results: list[tuple[Received, Delivered]], began: list[dict[str, Any]]) -> None:
    """Every recording is whole, told by its one id, and its numbers are those of the file."""
    for (action, delivered), recording in zip(results, began, strict=True):
        true(delivered)
        values = delivered.callback
        assert action.params["RecordingID"] == values["RecordingID"] == recording["recording_id"]
        assert values["RecordingEndReason"] == "finishOnKey"
        assert lost(delivered.sound) <= MOST_LOST
        assert hear(delivered.sound).voice_ms >= 19_800


def once(line: Line, *names: str) -> None:
    """Whatever was told twice was the same delivery."""
    for name in names:
        ids = {each.headers["X-Recordbridge-Delivery"] for each in line.requests(name)}
        assert len(ids) == 1, (name, ids)
