"""A server that speaks the OpenAI-compatible API transcribes what callers said (M-5, T-1, H-3)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from tests.hearing import Hearing
from tests.hearing.server import KEY, MODEL, refused
from tests.hearing.words import PASSWORD, understood
from tests.service.conftest import judge, running
from tests.service.service import Line, Service
from tests.service.steps import hang_up
from tests.service.test_transcripts import PATIENCE_S, say

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.rule("M-5"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[Hearing]:
    async with Hearing() as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(
    rig: Mapping[str, str], server: Hearing, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """Its engine is that server."""

    def change(configured: dict[str, Any]) -> None:
        configured["transcription"] = {
            "engine": "openai",
            "url": server.url,
            "model": MODEL,
            "api_key": KEY,
        }

    async with running(rig, tmp_path_factory.mktemp("service"), change) as service:
        yield service
        await service.nothing_left()
        await service.program.stop()
        judge(service.program)


async def recorded(service: Service) -> tuple[Line, str]:
    line = service.line()
    line.answers(line.record(transcriptionUrl=line.url("text"), fileFormat="mp3"))
    call = await line.call([say("agent-pass"), hang_up()])
    await call.ended()
    return line, (await line.next("callback")).params["RecordingID"]


@pytest.mark.rule("T-1")
async def test_the_server_hears_what_was_recorded(service: Service, server: Hearing) -> None:
    line, recording_id = await recorded(service)
    told = (await line.next("text", PATIENCE_S)).params
    assert (told["error"], told["recording_id"]) == ("", recording_id)
    assert understood(told["transcription"], PASSWORD)
    assert 3 < server.asked[-1].seconds < 10
    (row,) = service.rows("SELECT engine FROM transcripts WHERE recording_id = ?", recording_id)
    assert row["engine"] == f"openai {MODEL}"


@pytest.mark.rule("H-3", "N-1")
async def test_a_server_that_takes_no_key_for_now_is_asked_again(
    service: Service, server: Hearing
) -> None:
    """The recording waits until the operator has mended it, and is told once; the key is nowhere
    in the log.
    """
    server.replies = [refused(401, "Incorrect API key provided")]
    line, recording_id = await recorded(service)
    told = await service.program.said("transcription_delayed", recording_id=recording_id)
    assert "401: Incorrect API key provided" in told["reason"]
    text = (await line.next("text", PATIENCE_S)).params
    assert text["error"] == ""
    assert understood(text["transcription"], PASSWORD)
    sent = {each.headers["X-Recordbridge-Delivery"] for each in line.requests("text")}
    assert len(sent) == 1
    assert KEY not in str(service.program.log)


async def test_what_the_server_refuses_is_told(service: Service, server: Hearing) -> None:
    server.replies = [refused(415, "this is no sound")]
    line, _ = await recorded(service)
    text = (await line.next("text", PATIENCE_S)).params
    assert text["error"] == "The transcription engine refused this recording"
    assert text["transcription"] == ""
