"""The operator's settings of silence: another threshold, and tails that are kept (P-5, P-6)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.service.audio import RATE, find, hear
from tests.service.conftest import judge, running
from tests.service.service import Service, true
from tests.service.steps import Step, mute, silence, softly, speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

SOFTLY = 20
"""Divides the known signal's mean of some 7000 to 350: over 128, under 500."""


async def recorded(service: Service, script: list[Step], **attributes: object) -> Any:
    line = service.line()
    line.answers(line.record(**attributes))
    call = await line.call(script)
    delivered = await line.delivered()
    await call.ended()
    true(delivered)
    return delivered, call


@pytest.mark.rule("P-5", "P-6")
async def test_what_is_softer_than_the_threshold_is_silence(
    rig: Mapping[str, str], tmp_path: Path
) -> None:
    """At 500 a soft voice is silence, with RTP and without; at the 128 of old it is talk."""

    def loud(settings: dict[str, Any]) -> None:
        settings["recording"] = {"silence_threshold": 500}

    soft = [speak(1), softly(SOFTLY), speak(6, 10)]
    async with running(rig, tmp_path / "500", loud) as service:
        delivered, call = await recorded(service, soft, timeout=2, maxLength=5)
        assert delivered.callback["RecordingEndReason"] == "silence"
        assert hear(delivered.sound).voice_ms >= 900
        assert 1000 - 60 <= delivered.sound.ms <= 1000 + 200 + 100
        stopped = int(delivered.callback["RecordingStoppedMs"]) - call.spoke_at[0]
        assert 3000 - 100 <= stopped <= 3000 + 700
        delivered, call = await recorded(service, [speak(1), mute(0)], timeout=2)
        assert delivered.callback["RecordingEndReason"] == "silence"
        stopped = int(delivered.callback["RecordingStoppedMs"]) - call.spoke_at[0]
        assert 3000 - 100 <= stopped <= 3000 + 700
        delivered, _ = await recorded(service, [mute(0)], timeout=2)
        assert delivered.sound.ms <= 200
        await service.nothing_left()
        await service.program.stop()
        judge(service.program)


@pytest.mark.rule("P-6")
async def test_the_silence_can_be_kept(rig: Mapping[str, str], tmp_path: Path) -> None:
    """trim_silence false: the two seconds that ended it are in the file; talk restarts them."""

    def keep(settings: dict[str, Any]) -> None:
        settings["recording"] = {"trim_silence": False}

    async with running(rig, tmp_path / "kept", keep) as service:
        script = [speak(0.5), silence(1), speak(0.5, 10), silence(30)]
        delivered, _ = await recorded(service, script, timeout=2)
        assert delivered.callback["RecordingEndReason"] == "silence"
        assert 1900 <= delivered.sound.silent_tail_ms() <= 2700
        assert find(delivered.sound, 0, 2000).of < RATE
        soft = [softly(SOFTLY), speak(4)]
        delivered, _ = await recorded(service, soft, timeout=2, maxLength=3)
        assert delivered.callback["RecordingEndReason"] == "maxLength"
        await service.nothing_left()
        await service.program.stop()
        judge(service.program)
