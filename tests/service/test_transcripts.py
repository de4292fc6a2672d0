"""What callers say becomes text that the application is told, over real calls (T-1, M-5, N-1)."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from recordbridge.speech import models
from tests.hearing.words import CONFERENCE, PASSWORD, understood
from tests.service.carrier import Call
from tests.service.conftest import running
from tests.service.service import Service
from tests.service.steps import Step, hang_up

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

PATIENCE_S = 90
"""The first text includes the start of the engine, on a machine that may be busy."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def listening(
    rig: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """A service with a price and a model's folder, that its tests may kill."""
    model = models.find("tiny.en")

    def change(configured: dict[str, Any]) -> None:
        configured["transcription"] = {"rate_per_minute": "0.005", "model": str(model)}

    async with running(rig, tmp_path_factory.mktemp("listening"), change) as service:
        yield service
        await service.nothing_left(files=False)
        await service.program.stop()


def say(prompt: str) -> Step:
    """One of Asterisk's own prompts."""

    async def step(call: Call) -> None:
        await call.play(prompt, 20, [])

    return step


@pytest.mark.rule("T-1", "D-12", "D-14", "D-31", "D-32", "A-20", "M-5", "Q-4")
async def test_what_the_caller_says_is_told_after_action_and_callback(listening: Service) -> None:
    """Both sides of a stereo recording by name; Play is what the caller hears."""
    line = listening.line()
    line.answers(
        line.record(
            recordSession="true",
            transcriptionUrl=line.url("text"),
            transcriptionReportType="full",
            fileFormat="mp3",
        ),
        '<Wait length="6"/>',
        "<Play>sound:conf-waitforleader</Play>",
    )
    call = await line.call([say("agent-pass")])
    await call.ended()
    callback = await line.next("callback")
    text = await line.next("text", PATIENCE_S)
    said = text.params
    assert said["error"] == ""
    lines = said["transcription"].splitlines()
    assert all(re.match(r"\[00:00:\d\d\] (Caller|Callee): \S", each) for each in lines), lines
    sides = {name: _said_by(name, lines) for name in ("Caller", "Callee")}
    assert understood(sides["Caller"], PASSWORD)
    assert understood(sides["Callee"], CONFERENCE)
    assert said["transcription_rate"] == said["transcription_charge"] == "0.00500"
    assert said["duration"] == callback.params["RecordingDuration"]
    assert said["recording_id"] == callback.params["RecordingID"]
    assert callback.at <= text.at
    assert said["HangupCause"], "F-3: of the call as it is when it is told"


@pytest.mark.rule("N-1", "H-3", "M-5")
async def test_engine_and_service_are_killed_and_the_text_comes_once(listening: Service) -> None:
    line = listening.line()
    line.answers(line.record(transcriptionUrl=line.url("text")))
    call = await line.call([say("agent-pass"), hang_up()])
    await call.ended()
    recording_id = (await line.next("callback")).params["RecordingID"]
    await _kill(await engine_process())
    await listening.program.kill()
    (row,) = _rows(listening, recording_id)
    await listening.program.start()
    text = await line.next("text", PATIENCE_S)
    assert understood(text.params["transcription"], PASSWORD)
    assert text.params["error"] == ""
    (row,) = _rows(listening, recording_id)
    assert (row["state"], row["text"]) == ("done", text.params["transcription"])
    sent = {each.headers["X-Recordbridge-Delivery"] for each in line.requests("text")}
    assert len(sent) == 1


@pytest.mark.rule("T-1", "A-13")
async def test_the_type_alone_keeps_the_text_and_sends_nothing(listening: Service) -> None:
    line = listening.line()
    line.answers(line.record(transcriptionType="auto"))
    call = await line.call([say("agent-pass"), hang_up()])
    await call.ended()
    recording_id = (await line.next("callback")).params["RecordingID"]
    async with asyncio.timeout(PATIENCE_S):
        while _rows(listening, recording_id)[0]["state"] == "waiting":
            await asyncio.sleep(0.1)
    (row,) = _rows(listening, recording_id)
    assert understood(row["text"], PASSWORD)
    sent = listening.rows("SELECT kind FROM requests WHERE recording_id = ?", recording_id)
    assert "transcription" not in {each["kind"] for each in sent}


def _said_by(name: str, lines: list[str]) -> str:
    parted = (each.partition(f"{name}: ") for each in lines)
    return " ".join(said for _, found, said in parted if found)


def _rows(service: Service, recording_id: str) -> Any:
    return service.rows("SELECT * FROM transcripts WHERE recording_id = ?", recording_id)


async def engine_process() -> int:
    """The process of the engine, once it runs: a child of the service, our child."""
    async with asyncio.timeout(PATIENCE_S):
        while not (found := [pid for pid in _processes() if _is_engine(pid)]):
            await asyncio.sleep(0.02)
    return found[0]


def _processes() -> list[int]:
    return [int(each.name) for each in Path("/proc").iterdir() if each.name.isdecimal()]


def _is_engine(pid: int) -> bool:
    """Ours: its parent's parent is this process."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        return (
            b"recordbridge.speech.whisper_process" in command
            and _parent(_parent(pid)) == os.getpid()
        )
    except (FileNotFoundError, ProcessLookupError):
        return False


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


async def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
