"""`recordbridge transcribe`, beside a running service and without one (O-4, E-5)."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from recordbridge.app.batch import Wish, batch
from recordbridge.settings import load
from tests.hearing.words import PASSWORD, understood
from tests.service.conftest import running
from tests.service.service import Service
from tests.service.steps import hang_up
from tests.service.test_transcripts import PATIENCE_S, say

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.rule("O-4"),
]


NOBODY = "00000000-0000-0000-0000-000000000000"


class Ran(NamedTuple):
    """How the command ended; `said` is its JSON, `words` what it told people."""

    code: int
    said: Any
    words: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(
    rig: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """One that its tests may stop."""
    async with running(rig, tmp_path_factory.mktemp("batch")) as service:
        yield service


async def command(service: Service, *arguments: str) -> Ran:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "recordbridge", "transcribe", "-c", str(service.program.file)),
        *("--json", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(2 * PATIENCE_S):
        out, told = await process.communicate()
    assert process.returncode is not None
    return Ran(process.returncode, json.loads(out) if out else None, told.decode())


async def recorded(service: Service) -> str:
    line = service.line()
    line.answers(line.record())
    call = await line.call([say("agent-pass"), hang_up()])
    await call.ended()
    return (await line.next("callback")).params["RecordingID"]


def texts(service: Service) -> dict[str, str]:
    rows = service.rows("SELECT recording_id, text FROM transcripts WHERE state = 'done'")
    return {row["recording_id"]: row["text"] for row in rows}


async def quickly(service: Service, *recordings: str, **wish: Any) -> dict[str, str]:
    """The same without the start of a program: the error of each."""
    settings = await asyncio.to_thread(load, service.program.file)
    async with asyncio.timeout(2 * PATIENCE_S):
        return await batch(settings, Wish(recordings, **wish), lambda _done, _all: None)


async def test_through_the_service_and_then_without_one(service: Service) -> None:
    first, second = await asyncio.gather(recorded(service), recorded(service))
    ran = await command(service, first)
    assert (ran.code, ran.said) == (0, {"transcribed": [first], "failed": {}}), ran.words
    assert understood(texts(service)[first], PASSWORD)
    assert await quickly(service, since=0) == {second: ""}, "the first one has its text"
    assert await quickly(service, since=0) == {}
    failed = await quickly(service, NOBODY, first, model="huge")
    assert failed[NOBODY] == "there is no such recording"
    assert "no model 'huge'" in failed[first]

    third = await recorded(service)
    await service.program.stop()
    ran = await command(service, "--since", "2020-01-01")
    assert (ran.code, ran.said) == (0, {"transcribed": [third], "failed": {}}), ran.words
    assert understood(texts(service)[third], PASSWORD)
    done = await quickly(service, since=0, again=True)
    assert done == dict.fromkeys((first, second, third), "")
    ran = await command(service, NOBODY)
    assert (ran.code, ran.said["failed"]) == (1, {NOBODY: "there is no such recording"})
    await service.program.start()
    assert await quickly(service, since=0) == {}
