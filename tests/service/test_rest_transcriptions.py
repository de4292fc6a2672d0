"""Transcriptions over REST with the official Python SDK: read, made again, deleted (E-5, T-1)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import plivo.exceptions
import pytest
import pytest_asyncio

from recordbridge.speech import models
from tests.hearing.words import PASSWORD, understood
from tests.service.conftest import judge, running
from tests.service.sdk import Sdk, sdk
from tests.service.service import ACCOUNT, TOKEN, Line, Service
from tests.service.steps import hang_up
from tests.service.test_transcripts import PATIENCE_S, say

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.rule("E-5"),
]

OTHERS = ("MAEXAMPLEACCOUNT0002", "example-token-0002-abcdef")
OTHER_MODEL = "other.en"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(
    rig: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """With another account, and another model: the same one under a name in the cache."""
    home = tmp_path_factory.mktemp("cache")
    place = home / f"hub/models--Systran--faster-whisper-{OTHER_MODEL}/snapshots"
    place.mkdir(parents=True)
    packaged = models.find("tiny.en")
    assert packaged is not None
    (place / "1").symlink_to(packaged)

    def change(configured: dict[str, Any]) -> None:
        configured["accounts"].append(dict(zip(("auth_id", "auth_token"), OTHERS, strict=True)))
        configured["transcription"] = {"rate_per_minute": "0.25"}

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HF_HOME", str(home))
        async with running(rig, tmp_path_factory.mktemp("service"), change) as service:
            yield service
            await service.nothing_left()
            await service.program.stop()
            judge(service.program)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(service: Service) -> AsyncIterator[Sdk]:
    async with sdk(service) as client:
        yield client


async def recorded(service: Service, **attributes: object) -> tuple[Line, str]:
    line = service.line()
    line.answers(line.record(**attributes), '<Wait length="20"/>')
    call = await line.call([say("agent-pass"), hang_up()])
    await call.ended()
    return line, (await line.next("callback")).params["RecordingID"]


async def settled(client: Sdk, recording_id: str) -> Any:
    """The transcription, once it is no longer in progress."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = await client(lambda c: c.transcriptions.get_transcription(recording_id))
            if found["status"] != "in-progress":
                return found
            await asyncio.sleep(0.1)


async def test_read_by_kind_made_again_by_another_model_and_deleted(
    service: Service, client: Sdk
) -> None:
    line, recording_id = await recorded(
        service, transcriptionUrl=line_url(service, "text"), recordSession="true"
    )
    found = await settled(client, recording_id)
    assert (found["status"], found["error"], found["recording_id"]) == ("success", "", recording_id)
    assert understood(found["transcription"], PASSWORD)
    assert (found["cost"], found["rate"], found["engine"]) == (0.25, 0.25, "faster-whisper tiny.en")
    assert found["resource_uri"] == f"/v1/Account/{ACCOUNT}/Transcription/{recording_id}/"
    lines = await client(lambda c: c.transcriptions.get_transcription(recording_id, "diarized"))
    assert lines["transcription"].startswith("[00:00:0")
    raw = await client(lambda c: c.transcriptions.get_transcription(recording_id, "raw"))
    assert {each["speaker"] for each in raw["transcription"]} == {"Caller"}
    assert isinstance(found["recording_duration_ms"], int)

    url = f"{line.url('again')}?x=1"
    begun = await client(lambda c: c.transcriptions.create_transcription(recording_id, url))
    assert (begun["message"], begun["transcription_id"]) == (
        "transcription in progress",
        recording_id,
    )
    told = (await line.next("again", PATIENCE_S)).params
    assert understood(told["transcription"], PASSWORD)
    assert (told["recording_id"], told["error"]) == (recording_id, "")

    status, said = await ask(service, "POST", recording_id, {"model": OTHER_MODEL})
    assert status == 202, said
    again = await settled(client, recording_id)
    assert again["engine"] == f"faster-whisper {OTHER_MODEL}"
    assert understood(again["transcription"], PASSWORD)

    await client(lambda c: c.transcriptions.delete_transcription(recording_id))
    with pytest.raises(plivo.exceptions.ResourceNotFoundError):
        await client(lambda c: c.transcriptions.get_transcription(recording_id))
    kept = service.rows("SELECT text, spoken FROM transcripts WHERE recording_id = ?", recording_id)
    assert [(row["text"], bytes(row["spoken"])) for row in kept] == [("", b"[]")]
    assert (await ask(service, "DELETE", recording_id))[0] == 404
    assert (await ask(service, "POST", recording_id))[0] == 202, "it can be made anew"
    assert understood((await settled(client, recording_id))["transcription"], PASSWORD)


def line_url(service: Service, name: str) -> str:
    return service.application.url(f"/nobody/{name}")


async def test_a_recording_that_nobody_wanted_transcribed(service: Service, client: Sdk) -> None:
    _, recording_id = await recorded(service)
    assert (await ask(service, "GET", recording_id))[0] == 404
    await client(lambda c: c.transcriptions.create_transcription(recording_id))
    status, _ = await ask(service, "DELETE", recording_id)
    assert status in (204, 409), "409 while it is under way"
    found = await settled(client, recording_id)
    assert understood(found["transcription"], PASSWORD)
    await client(lambda c: c.recordings.delete(recording_id))
    assert (await ask(service, "GET", recording_id))[0] == 404
    assert (await ask(service, "POST", recording_id))[0] == 404


@pytest.mark.rule("E-6")
async def test_it_is_the_account_s_alone(service: Service, client: Sdk) -> None:
    _, recording_id = await recorded(service, transcriptionType="auto")
    await settled(client, recording_id)
    for method in ("GET", "POST", "DELETE"):
        status, said = await ask(service, method, recording_id, account=OTHERS)
        assert (status, said["error"]) == (404, "there is no such recording")
    assert (await settled(client, recording_id))["status"] == "success"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"model": "huge"}, "no model 'huge' on this machine"),
        ({"model": "/etc"}, "a model is asked for by its name"),
        ({"transcription_callback_url": "ftp://x"}, "transcription_callback_url must be"),
    ],
)
async def test_what_cannot_be_is_told(service: Service, body: dict[str, str], why: str) -> None:
    _, recording_id = await recorded(service)
    status, said = await ask(service, "POST", recording_id, body)
    assert status == 400
    assert why in said["error"]


async def ask(
    service: Service,
    method: str,
    recording_id: str,
    body: dict[str, str] | None = None,
    account: tuple[str, str] = (ACCOUNT, TOKEN),
) -> tuple[int, Any]:
    url = f"{service.program.url}/v1/Account/{account[0]}/Transcription/{recording_id}/"
    token = aiohttp.encode_basic_auth(*account)
    async with (
        aiohttp.ClientSession(headers={"Authorization": token}) as http,
        http.request(method, url, json=body) as response,
    ):
        data = await response.read()
        return response.status, json.loads(data) if data else None
