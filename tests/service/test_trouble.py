"""What goes wrong at the start: one plain sentence that says what to do, never a traceback.

Where waiting helps the service waits, unready; where it does not, it ends with code 3.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web

from tests.contract.cable import Cable
from tests.receiver import Receiver
from tests.service import service as services
from tests.service.audio import hear
from tests.service.conftest import running
from tests.service.program import Program, free_port
from tests.service.steps import press, speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

FAILED, UNREACHABLE = 1, 3


def configured(rig: Mapping[str, str], folder: Path) -> dict[str, Any]:
    """A configuration whose application nobody calls."""
    return services.settings(rig, folder, Receiver(port=free_port()))


@contextlib.asynccontextmanager
async def started(settings: dict[str, Any], folder: Path) -> AsyncIterator[Program]:
    program = Program(folder, settings)
    try:
        await program.start(ready=False)
        yield program
    finally:
        await program.discard()


def plain(program: Program) -> None:
    """No traceback, in words or in a field."""
    assert not program.words
    assert not any("Traceback" in str(line) for line in program.log)


@pytest.mark.rule("O-2", "N-3")
async def test_an_asterisk_that_comes_later(rig: Mapping[str, str], tmp_path: Path) -> None:
    """The service waits for it, unready but alive, and connects by itself."""
    settings = configured(rig, tmp_path)
    async with Cable(rig["RECORDBRIDGE_ASTERISK_URL"]) as cable:
        await cable.cut()
        settings["asterisk"][0]["url"] = cable.url
        async with started(settings, tmp_path) as program:
            away = await program.said("ari_disconnected", level="warning")
            assert "is Asterisk running" in away["reason"]
            assert await program.readiness() == 503
            await cable.mend()
            await program.said("ari_connected")
            await program.ready()
            await program.stop()
            plain(program)
            told = [line for line in program.log if line["level"] != "info"]
            assert len(told) == 1, "said once, however often it was tried"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "wrong"}, ["or its password", "ari.conf"]),
        ({"username": "nobody"}, ["refused user 'nobody'", "ari.conf"]),
    ],
)
async def test_credentials_that_asterisk_refuses(
    rig: Mapping[str, str], tmp_path: Path, change: dict[str, str], words: list[str]
) -> None:
    settings = configured(rig, tmp_path)
    settings["asterisk"][0] |= change
    async with started(settings, tmp_path) as program:
        away = await program.said("ari_disconnected", level="warning")
        assert all(word in away["reason"] for word in words), away
        assert await program.readiness() == 503
        await program.stop()
        plain(program)


async def test_a_web_server_that_is_no_asterisk(rig: Mapping[str, str], tmp_path: Path) -> None:
    """Something answers on that port, but not ARI."""
    runner = web.AppRunner(web.Application())
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    settings = configured(rig, tmp_path)
    settings["asterisk"][0]["url"] = f"http://127.0.0.1:{port}"
    async with started(settings, tmp_path) as program:
        away = await program.said("ari_disconnected", level="warning")
        assert "there is no ARI at" in away["reason"]
        assert "ari.conf" in away["reason"]
        assert await program.readiness() == 503
        await program.stop()
        plain(program)
    await runner.cleanup()


@pytest.mark.rule("N-6")
async def test_a_name_that_another_client_takes(rig: Mapping[str, str], tmp_path: Path) -> None:
    """It goes unready and does not take the name back: two would do so for ever."""
    settings = configured(rig, tmp_path)
    settings["asterisk"][0]["app"] = "taken"
    login = aiohttp.encode_basic_auth(
        rig["RECORDBRIDGE_ASTERISK_USER"], rig["RECORDBRIDGE_ASTERISK_PASSWORD"]
    )
    url = f"{rig['RECORDBRIDGE_ASTERISK_URL']}/ari/events?app=taken"
    async with started(settings, tmp_path) as program:
        await program.ready()
        async with (
            aiohttp.ClientSession(headers={"Authorization": login}) as http,
            http.ws_connect(url) as other,
        ):
            away = await program.said("ari_disconnected", level="warning", standby=True)
            assert "asterisk[].app" in away["reason"]
            assert await program.readiness() == 503
            with pytest.raises(TimeoutError):
                await other.receive(timeout=1.5)
        await program.stop()
        plain(program)


async def test_a_recording_folder_that_is_not_there(rig: Mapping[str, str], tmp_path: Path) -> None:
    """Told at once; the files come over ARI, whole."""

    def change(settings: dict[str, Any]) -> None:
        settings["asterisk"][0]["recordings"] = str(tmp_path / "nowhere")

    async with running(rig, tmp_path / "service", change) as service:
        told = await service.program.said("recordings_folder_unusable", level="error")
        assert "mount Asterisk's recording folder there" in told["reason"]
        line = service.line()
        line.answers(line.record())
        call = await line.call([speak(0.5), press("#")])
        assert hear((await line.delivered()).sound).voice_ms > 400
        await call.ended()
        await service.nothing_left()
        await service.program.stop()
        plain(service.program)


async def test_a_recording_folder_that_is_another(rig: Mapping[str, str], tmp_path: Path) -> None:
    """The first recording shows it; it is told once, and nothing is lost."""
    (tmp_path / "other").mkdir()

    def change(settings: dict[str, Any]) -> None:
        settings["asterisk"][0]["recordings"] = str(tmp_path / "other")

    async with running(rig, tmp_path / "service", change) as service:
        for _ in range(2):
            line = service.line()
            line.answers(line.record())
            call = await line.call([speak(0.5), press("#")])
            assert hear((await line.delivered()).sound).voice_ms > 400
            await call.ended()
        await service.nothing_left()
        await service.program.stop()
        plain(service.program)
        told = [line for line in service.program.log if line["level"] == "error"]
        assert [line["event"] for line in told] == ["recordings_folder_unusable"]
        assert "asterisk[].recordings" in told[0]["reason"]


@pytest.mark.rule("O-4")
@pytest.mark.parametrize("place", ["database", "storage"])
async def test_a_place_that_cannot_be_written(
    rig: Mapping[str, str], tmp_path: Path, place: str
) -> None:
    """A file stands where the folder should be (permissions do not stop root)."""
    (tmp_path / "file").write_text("")
    blocked = tmp_path / "file" / "folder"
    settings = configured(rig, tmp_path)
    if place == "database":
        settings["database"]["url"] = f"sqlite:///{blocked}/recordbridge.db"
    else:
        settings["storage"]["path"] = str(blocked)
    async with started(settings, tmp_path) as program:
        assert await program.exited() == UNREACHABLE
        told = await program.said("cannot_start", level="error")
        assert str(blocked) in told["reason"]
        plain(program)


@pytest.mark.rule("O-4")
async def test_a_port_that_is_in_use(rig: Mapping[str, str], tmp_path: Path) -> None:
    settings = configured(rig, tmp_path)
    async with Receiver() as other:
        settings["service"]["listen"] = f"127.0.0.1:{other.port}"
        async with started(settings, tmp_path) as program:
            assert await program.exited() == FAILED
            told = await program.said("cannot_start", level="error")
            assert f"service.listen: 127.0.0.1:{other.port}" in told["reason"]
            plain(program)


@pytest.mark.rule("M-3")
async def test_a_second_worker_on_the_same_database(rig: Mapping[str, str], tmp_path: Path) -> None:
    settings = configured(rig, tmp_path)
    settings["asterisk"][0]["app"] = "first"
    async with started(settings, tmp_path) as first:
        await first.ready()
        async with started(settings, tmp_path) as second:
            assert await second.exited() == UNREACHABLE
            told = await second.said("cannot_start", level="error")
            assert "in use by another worker" in told["reason"]
            plain(second)
        await first.stop()


async def check_live(settings: dict[str, Any], folder: Path) -> tuple[int, dict[str, Any]]:
    """`recordbridge check --live --json`: exit code and answer."""
    file = folder / "recordbridge.yaml"
    await asyncio.to_thread(file.write_text, yaml.safe_dump(settings))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "recordbridge", "check", "--live", "--json", "-c", str(file)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert b"Traceback" not in err, err
    assert process.returncode is not None
    return process.returncode, json.loads(out)


@pytest.mark.rule("O-3", "O-4")
async def test_check_live(rig: Mapping[str, str], tmp_path: Path) -> None:
    """0 for a good one, 1 for one to be mended, 3 for one that is not there."""
    good = configured(rig, tmp_path)
    assert await check_live(good, tmp_path) == (0, _answer(tmp_path, True, []))
    wrong = configured(rig, tmp_path)
    wrong["asterisk"][0]["password"] = "wrong"
    code, told = await check_live(wrong, tmp_path)
    assert (code, told["good"], len(told["live"])) == (1, False, 1)
    assert "ari.conf" in told["live"][0]
    absent = configured(rig, tmp_path)
    absent["asterisk"][0]["url"] = f"http://127.0.0.1:{free_port()}"
    code, told = await check_live(absent, tmp_path)
    assert (code, told["good"]) == (UNREACHABLE, False)
    assert "asterisk pbx: nothing accepts connections" in told["live"][0]
    lost = configured(rig, tmp_path)
    lost["asterisk"][0]["recordings"] = str(tmp_path / "nowhere")
    code, told = await check_live(lost, tmp_path)
    assert code == 1
    assert "is not a folder here" in told["live"][0]


def _answer(folder: Path, good: bool, live: list[str]) -> dict[str, Any]:
    file = str(folder / "recordbridge.yaml")
    return {"file": file, "good": good, "mistakes": [], "warnings": [], "live": live}
