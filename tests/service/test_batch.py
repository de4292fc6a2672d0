"""`recordbridge transcribe`, beside a running service and without one (O-4, E-5)."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

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


async def test_through_the_service_and_then_without_one(service: Service) -> None:
    first, second = await recorded(service), await recorded(service)
    ran = await command(service, first)
    assert (ran.code, ran.said) == (0, {"transcribed": [first], "failed": {}}), ran.words
    assert understood(texts(service)[first], PASSWORD)
    ran = await command(service, "--since", "1h")
    assert ran.said == {"transcribed": [second], "failed": {}}, "the first one has its text"
    assert (await command(service, "--since", "1h")).said == {"transcribed": [], "failed": {}}

    nobody = "00000000-0000-0000-0000-000000000000"
    ran = await command(service, nobody, first, "--model", "huge")
    assert ran.code == 1
    assert ran.said["failed"][nobody] == "there is no such recording"
    assert "no model 'huge'" in ran.said["failed"][first]
    assert ran.said["transcribed"] == []

    service_url = service.program.url
    third = await recorded(service)
    await service.program.stop()
    ran = await command(service, "--since", "2020-01-01")
    assert (ran.code, ran.said) == (0, {"transcribed": [third], "failed": {}}), ran.words
    assert understood(texts(service)[third], PASSWORD)
    ran = await command(service, "--since", "1h", "--again")
    assert sorted(ran.said["transcribed"]) == sorted([first, second, third])
    assert (await command(service, nobody)).code == 1
    await service.program.start()
    assert service.program.url == service_url
    assert (await command(service, "--since", "1h")).said["transcribed"] == []


async def test_wrong_usage_is_2_and_a_database_that_is_not_there_3(
    service: Service, tmp_path: Any
) -> None:
    for arguments in ((), ("--since", "yesterday"), ("--since", "1h", "id")):
        ran = await command(service, *arguments)
        assert (ran.code, ran.said) == (2, None)
    written = service.program.file.read_text()
    lost = tmp_path / "lost.yaml"
    lost.write_text(
        written.replace(service.database, "postgresql://127.0.0.1:1/nobody").replace(
            service.program.url.rpartition(":")[2], "1"
        )
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "recordbridge", "transcribe", "-c", str(lost), "--since", "1h"),
        stderr=asyncio.subprocess.PIPE,
    )
    _, told = await process.communicate()
    assert process.returncode == 3, told.decode()
