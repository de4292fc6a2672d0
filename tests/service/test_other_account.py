"""Another account's ids are 404 at every operation of the OpenAPI document (E-6).

The document is asked for the operations, so one that is new is tested without a line here. The same
requests by the owner are the control: none of them is 404.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from tests.receiver import Reply
from tests.service.asking import api, ask
from tests.service.conftest import Change
from tests.service.service import ACCOUNT, TOKEN, Line, Service, document
from tests.service.steps import hang_up, speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

OTHER, OTHER_TOKEN = "MAEXAMPLEACCOUNT0002", "example-token-0002-abcdef"
ELSEWHERE = "/elsewhere"
NEEDED = {"transfer": "aleg_url"}
"""What must be given, a URL; the test fails when an operation is added that needs more."""
LAST = (
    "stopRecording", "deleteTranscription", "deleteRecording", "transfer", "hangUp",
)  # fmt: skip
"""What the owner asks at the end, in this order, because it ends what the others are about."""
AUTH = "auth_id"
WAIT = "<GetDigits timeout='120'/>"


class Operation(NamedTuple):
    name: str
    method: str
    path: str

    @property
    def parts(self) -> set[str]:
        """What the path is about, beside the account."""
        return set(re.findall(r"{(\w+)}", self.path)) - {AUTH}


@pytest.fixture(scope="module")
def change() -> Change:
    def changed(settings: dict[str, Any]) -> None:
        settings["accounts"].append({"auth_id": OTHER, "auth_token": OTHER_TOKEN})

    return changed


async def operations(service: Service) -> list[Operation]:
    _, _, document = await ask("GET", f"{service.program.url}/v1/openapi.json", "")
    found = []
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            body = told.get("requestBody", {}).get("content", {}).get("application/json", {})
            required = set(body.get("schema", {}).get("required", ()))
            name = told["operationId"]
            assert required == ({NEEDED[name]} if name in NEEDED else set()), name
            found.append(Operation(name, method.upper(), path))
    return found


async def ours(service: Service, line: Line) -> dict[str, str]:
    """A call that goes on with a REST recording, and a finished one with text and delivery."""
    service.application.script(ELSEWHERE, Reply(body=document(WAIT)))
    line.answers(line.record(maxLength=2), WAIT)
    await line.call([speak(100), hang_up()])
    told = (await line.next("callback")).params
    (sent,) = line.requests("callback")
    transcription = api(service, f"Transcription/{told['RecordingID']}/")
    assert (await ask("POST", transcription))[0] == 202
    async with asyncio.timeout(60):
        while (await ask("GET", transcription))[2]["status"] != "success":
            await asyncio.sleep(0.1)
    status, _, begun = await ask("POST", api(service, f"Call/{told['CallUUID']}/Record/"))
    assert status == 202
    await service.kept(begun["recording_id"], "running")
    return {
        "call_uuid": told["CallUUID"],
        "recording_id": told["RecordingID"],
        "delivery_id": sent.headers["X-Recordbridge-Delivery"],
    }


async def status_of(
    service: Service,
    operation: Operation,
    ids: Mapping[str, str],
    who: tuple[str, str] = (ACCOUNT, TOKEN),
    account: str = ACCOUNT,
) -> tuple[int, Any]:
    path = operation.path.format_map({AUTH: account, **ids})
    needed = NEEDED.get(operation.name)
    values = {} if needed is None else {needed: service.application.url(ELSEWHERE)}
    options: dict[str, Any] = {} if operation.method == "GET" else {"json": values}
    status, _, said = await ask(operation.method, service.program.url + path, *who, **options)
    return status, said


@pytest.mark.rule("E-6")
async def test_what_is_anothers_is_404_everywhere(service: Service) -> None:
    line = service.line()
    ids = await ours(service, line)
    channel = await service.channel(line)
    known = await operations(service)
    about = [each for each in known if each.parts]
    assert {part for each in about for part in each.parts} == set(ids)
    assert len(about) >= 14
    theirs = (OTHER, OTHER_TOKEN)
    for each in about:
        for call in (ids["call_uuid"], channel):
            told = await status_of(service, each, ids | {"call_uuid": call}, theirs, OTHER)
            assert told[0] == 404, (each, told)
            assert set(told[1]) == {"api_id", "error"}
            assert not any(value in told[1]["error"] for value in ids.values())
    for each in known:
        assert (await status_of(service, each, ids, theirs))[0] == 404, each
        assert (await status_of(service, each, ids, (OTHER, TOKEN)))[0] == 401, each
        assert (await status_of(service, each, ids, (ACCOUNT, OTHER_TOKEN)))[0] == 401, each
        assert (await status_of(service, each, ids, ("", "")))[0] == 401, each
    await nothing_listed(service, known, theirs)
    await owner_may(service, about, ids)


async def nothing_listed(service: Service, known: list[Operation], theirs: tuple[str, str]) -> None:
    """Lists of the other account are empty, and a replay of all it has is a replay of none."""
    lists = [each for each in known if not each.parts]
    assert len(lists) >= 4
    for each in lists:
        status, said = await status_of(service, each, {}, theirs, OTHER)
        assert status in (200, 202), (each, said)
        assert said.get("objects", []) == []
        assert said.get("replayed", 0) == 0


async def owner_may(service: Service, about: list[Operation], ids: dict[str, str]) -> None:
    """The control. The other account's requests have changed nothing of all this."""
    for each in sorted(about, key=lambda each: LAST.index(each.name) if each.name in LAST else -1):
        status, said = await status_of(service, each, ids)
        assert status < 300, (each, said)
        if each.name == "createTranscription":
            async with asyncio.timeout(60):
                while (await ask("GET", api(service, f"Transcription/{ids['recording_id']}/")))[2][
                    "status"
                ] != "success":
                    await asyncio.sleep(0.1)
