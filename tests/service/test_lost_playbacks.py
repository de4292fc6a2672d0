"""Asterisk loses a playback: it begins, or not, and nothing ever tells its end (F-6)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from recordbridge.machine.prompts import LOOK_MS
from tests.service.service import Service
from tests.service.sounds import play
from tests.service.steps import silence

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

SLACK_S = 1.5


@pytest.mark.rule("F-6")
async def test_a_sound_whose_file_is_gone_does_not_hold_up_the_call(service: Service) -> None:
    """Deleted while it is played for the first time: the second time is lost."""
    line = service.line()
    line.answers(play(line, "sound", 1.5, loop=2), "<Hangup/>")
    call = await line.call([silence(30)])
    await call.answered()
    await line.next("sound")
    await asyncio.sleep(0.5)
    folder = Path(service.rig["RIG_RECORDINGS"]) / "recordbridge-media"
    for file in folder.glob("*.wav"):
        file.unlink()
    before = asyncio.get_running_loop().time()
    await line.next("hangup")
    lasted = asyncio.get_running_loop().time() - before
    await call.ended()
    assert 1 + LOOK_MS / 1000 - 0.3 <= lasted <= 1 + LOOK_MS / 1000 + SLACK_S
    lost = [each for each in service.program.log if each["event"] == "playback_lost"]
    assert [each["level"] for each in lost] == ["warning"]
