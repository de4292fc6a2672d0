"""The transcription engine stands still while a call waits, over real calls (M-5)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.hearing.words import PASSWORD, understood
from tests.service.conftest import running
from tests.service.steps import hang_up
from tests.service.test_low_disk import metric
from tests.service.test_transcripts import PATIENCE_S, engine_process, say

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

STOOD = "recordbridge_transcription_stood_still_seconds_total"


@pytest.mark.rule("M-5", "T-1")
async def test_the_engine_stands_still_for_calls_and_hears_all_the_same(
    rig: Mapping[str, str], tmp_path: Path
) -> None:
    """Calls come while the engine starts and hears; before, there is nothing that could stand."""
    async with running(rig, tmp_path) as service:
        line = service.line()
        line.answers(line.record(transcriptionUrl=line.url("text")))
        call = await line.call([say("agent-pass"), hang_up()])
        assert await metric(service, STOOD) == 0
        await call.ended()
        recording_id = (await line.next("callback")).params["RecordingID"]
        await engine_process()
        async with asyncio.timeout(PATIENCE_S):
            while await metric(service, STOOD) == 0:
                call = await line.call([hang_up()])
                await call.ended()
        text = await line.next("text", PATIENCE_S)
        while text.params["recording_id"] != recording_id:  # short ones overtake
            text = await line.next("text", PATIENCE_S)
        assert understood(text.params["transcription"], PASSWORD)
        await service.nothing_left(files=False)
        await service.program.stop()
