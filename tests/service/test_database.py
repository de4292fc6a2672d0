"""Calls on PostgreSQL, which is killed and started again under them (M-3, N-5)."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.postgres import Server, running
from tests.receiver import Receiver, Reply, Reset
from tests.service import service as services
from tests.service.audio import hear
from tests.service.conftest import running as service_running
from tests.service.program import Program, free_port
from tests.service.service import Line, Service, true
from tests.service.steps import press, speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

AWAY = {"database_away"}
"""What may be said as an error: the tests bring it about."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """With fsync, as people have it."""
    with running(fsync=True) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stored(
    rig: Mapping[str, str], server: Server, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """A service on PostgreSQL that must have gone without an error of any other kind."""
    url = server.fresh()

    def on_postgres(settings: dict[str, Any]) -> None:
        settings["database"] = {"url": url}
        settings["webhooks"]["schedule_s"] = [5, 5, 5, 5]

    folder = tmp_path_factory.mktemp("stored")
    async with service_running(rig, folder, on_postgres) as service:
        yield service
        await service.nothing_left(files=False)  # kill may come before a copy is deleted
        await service.program.stop()
        errors = {line["event"] for line in service.program.log if line["level"] == "error"}
        assert errors <= AWAY, service.program.told()
        assert not service.program.words


async def _delivered(line: Line, voice_ms: int) -> dict[str, str]:
    """Both requests came once, and the file has what was said; the callback's values."""
    action = (await line.next("action")).params
    delivered = await line.delivered()
    true(delivered)
    assert action["RecordingID"] == delivered.callback["RecordingID"]
    assert abs(hear(delivered.sound).voice_ms - voice_ms) <= 200
    assert len(line.requests("action")) == len(line.requests("callback")) == 1
    return delivered.callback


@pytest.mark.rule("M-3")
async def test_a_call_is_kept_whole(stored: Service) -> None:
    line = stored.line()
    line.answers(line.record())
    call = await line.call([speak(1), press("#")])
    callback = await _delivered(line, 1000)
    await call.ended()
    await line.next("hangup")
    found = stored.rows(
        "SELECT r.status, r.digits, c.open FROM recordings r JOIN calls c USING (call_uuid)"
        " WHERE recording_id = ?",
        callback["RecordingID"],
    )
    assert [(row["status"], row["digits"]) for row in found] == [("ready", "#")]


@pytest.mark.rule("M-3", "N-1")
async def test_kill_in_the_middle_of_a_recording_loses_nothing(stored: Service) -> None:
    """The next start need not wait for the lock of the one before."""
    line = stored.line()
    line.answers(line.record(maxLength=4))
    since = len(stored.program.log)
    call = await line.call([speak(8)])
    began = await stored.program.said("recording_began", since=since)
    await stored.kept(began["recording_id"], "running")
    await stored.program.kill()
    await stored.program.start()
    assert (await _delivered(line, 4000))["RecordingID"] == began["recording_id"]
    await call.ended()


@pytest.mark.rule("N-5", "P-4")
async def test_a_database_killed_under_running_calls_loses_nothing(
    stored: Service, server: Server
) -> None:
    """Recordings end at their key while it is away; nobody hears of it before it is committed."""
    lines = [stored.line() for _ in range(3)]
    since = len(stored.program.log)
    for line in lines:
        line.answers(line.record())
    calls = [await line.call([speak(3), press("#")]) for line in lines]
    for line in lines:
        await line.next("answer")
    for call_uuid in {line.requests("answer")[0].params["CallUUID"] for line in lines}:
        await stored.program.said("recording_began", since=since, call_uuid=call_uuid)
    await asyncio.to_thread(server.kill)
    await stored.program.said("database_away", since=since)
    for line in lines:
        call_uuid = line.requests("answer")[0].params["CallUUID"]
        await stored.program.said("recording_ended", since=since, call_uuid=call_uuid)
    assert not any(line.requests("action") for line in lines)
    await asyncio.to_thread(server.start)
    await stored.program.said("database_back", since=since)
    for line, call in zip(lines, calls, strict=True):
        callback = await _delivered(line, 3000)
        assert callback["RecordingEndReason"] == "finishOnKey"
        await call.ended()
        await line.next("hangup")


@pytest.mark.rule("N-5", "N-8")
async def test_no_new_call_is_taken_while_the_database_is_away(
    stored: Service, server: Server
) -> None:
    """Unready within five seconds; the dialplan offers the call again, until it is taken."""
    line = stored.line()
    line.answers(line.record())
    since = len(stored.program.log)
    await asyncio.to_thread(server.kill)
    await stored.program.said("database_away", since=since)
    async with asyncio.timeout(6):
        while await stored.program.readiness() != 503:
            await asyncio.sleep(0.05)
    call = await line.call([speak(1), press("#")])
    await stored.program.said("call_refused", since=since)
    await asyncio.to_thread(server.start)
    await stored.program.said("database_back", since=since)
    await _delivered(line, 1000)
    await call.ended()
    assert await stored.program.readiness() == 200


@pytest.mark.rule("N-6", "H-3")
async def test_what_a_killed_worker_had_to_send_is_sent_by_another(
    stored: Service, rig: Mapping[str, str], tmp_path: Path
) -> None:
    """As the same delivery, when its lease is over."""
    line = stored.line()
    line.answers(line.record(action=None, callbackUrl=line.url("callback") + "#rc=0"))
    line.script("callback", Reset())
    settings = services.settings(rig, tmp_path, stored.application)
    settings["service"]["worker"] = "rb-2"
    settings["asterisk"][0]["app"] = "recordbridge-2"
    settings["database"]["url"] = stored.database
    other = Program(tmp_path, settings)
    try:
        await other.start()
        call = await line.call([speak(0.5), press("#")])
        refused = await line.next("callback")
        await call.ended()
        async with asyncio.timeout(4):
            query = "SELECT 1 FROM calls WHERE open AND call_uuid = ?"
            while stored.rows(query, refused.params["CallUUID"]):
                await asyncio.sleep(0.02)
        await stored.program.kill()
        line.script("callback", Reply())
        again = await line.next("callback")
        name = "X-Recordbridge-Delivery"
        assert again.headers[name] == refused.headers[name]
        assert again.params["RecordingID"] == refused.params["RecordingID"]
        await other.said("requests_adopted")
        await stored.program.start()
        await other.stop()
    finally:
        await other.discard()


@pytest.mark.rule("O-4")
async def test_a_database_that_refuses_us_is_told_and_is_3(
    rig: Mapping[str, str], server: Server, tmp_path: Path
) -> None:
    """At the start in one sentence; the check tells the same beforehand."""
    settings = services.settings(rig, tmp_path, Receiver(port=free_port()))
    settings["database"] = {"url": server.url("nowhere")}
    program = Program(tmp_path, settings)
    await program.start(ready=False)
    assert await program.exited() == 3
    told = await program.said("cannot_start")
    assert "create it (createuser, createdb) or correct database.url" in told["reason"]
    assert not program.words
    check = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "recordbridge", "check", "--live", "-c", str(program.file)),
        stderr=asyncio.subprocess.PIPE,
    )
    _, words = await check.communicate()
    assert check.returncode == 3
    assert f"database: {told['reason']}\n" == words.decode()
