"""Two workers share calls, doors and files (N-6)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest

from tests.receiver import Reply
from tests.service.audio import hear
from tests.service.conftest import Change
from tests.service.service import ACCOUNT, TOKEN, document
from tests.service.steps import mute, speak
from tests.service.team import Team
from tests.service.test_takeover import once

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

ROOM = 2


@pytest.fixture(scope="module")
def change() -> Change:
    def small(settings: dict[str, Any]) -> None:
        settings["service"]["max_calls"] = ROOM
        settings["asterisk"][0]["account"] = ACCOUNT

    return small


async def ask(
    pair: Team, worker: int, method: str, path: str, **values: object
) -> tuple[int, dict[str, Any]]:
    """A request to that worker's own door."""
    token = aiohttp.encode_basic_auth(ACCOUNT, TOKEN)
    url = f"{pair.programs[worker].url}/v1/Account/{ACCOUNT}/{path}"
    async with (
        aiohttp.ClientSession(headers={"Authorization": token}) as http,
        http.request(method, url, json=values or None) as reply,
    ):
        return reply.status, json.loads(await reply.read() or b"{}")


@pytest.mark.rule("N-6", "N-8")
async def test_each_worker_claims_while_it_has_room(pair: Team) -> None:
    """Twice as many calls as one has room for: each takes half; one more goes to the fallback."""
    lines = [pair.line() for _ in range(2 * ROOM + 1)]
    for line in lines:
        line.answers("<Wait length='60'/>")
    calls = [await line.call([mute(60)]) for line in lines[:-1]]
    owners = [pair.owner((await line.next("answer")).params["CallUUID"]) for line in lines[:-1]]
    assert sorted(owners) == ["rb-1"] * ROOM + ["rb-2"] * ROOM
    refused = await lines[-1].call([mute(60)])
    assert (await refused.ended()).cause == 34, "the dialplan's own fallback: congestion"
    assert not lines[-1].requests("answer")
    for call in calls:
        await call.hang_up()
        await call.ended()
    for line in lines[:-1]:
        await line.next("hangup")


@pytest.mark.rule("N-6", "E-1", "E-2", "E-5")
async def test_rest_through_the_wrong_worker_is_done_by_the_right_one(pair: Team) -> None:
    """Start, pause, resume, stop, transfer and hang up, all asked of the other worker."""
    line = pair.line()
    line.answers("<Play>sound:beep</Play>", "<Wait length='60'/>")
    line.script("next", Reply(body=document("<Wait length='60'/>")))
    async with pair.only(0):
        call = await line.call([speak(30)])
        uuid = await pair.driven_by(0, line)
    await call.answered()
    record = f"Call/{uuid}/Record/"
    status, begun = await ask(
        pair, 1, "POST", record, file_format="wav", callback_url=line.url("callback")
    )
    assert (status, begun["message"]) == (202, "call recording started")
    await asyncio.sleep(1)
    for path in ("Pause", "Resume"):
        status, switched = await ask(pair, 1, "POST", f"{record}{path}/")
        assert (status, switched["recording_ids"]) == (202, [begun["recording_id"]]), switched
    await asyncio.sleep(1)
    assert (await ask(pair, 1, "DELETE", record))[0] == 204
    told = (await line.next("callback")).params
    assert told["recording_id"] == begun["recording_id"]
    for worker in (0, 1):
        url = told["record_url"].split("/", 3)[3]
        sound = await pair.sound(f"{pair.programs[worker].url}/{url}")
        assert hear(sound).voice_ms > 900, "any worker serves any file"
    assert (await ask(pair, 1, "POST", f"Call/{uuid}/", aleg_url=line.url("next")))[0] == 202
    await line.next("next")
    assert (await ask(pair, 1, "DELETE", f"Call/{uuid}/"))[0] == 204
    await call.ended()
    assert (await line.next("hangup")).params["HangupSource"] == "API Request"
    assert (await ask(pair, 1, "DELETE", f"Call/{uuid}/"))[0] == 404
    once(line, "callback", "hangup")


@pytest.mark.rule("N-6", "E-5")
async def test_a_command_that_is_not_answered_stands_and_is_done_by_whoever_gets_the_call(
    pair: Team,
) -> None:
    """202 after two seconds: the owner is frozen; the one who takes the call over hangs it up."""
    line = pair.line()
    line.answers("<Wait length='60'/>")
    async with pair.only(0):
        call = await line.call([mute(60)])
        uuid = await pair.driven_by(0, line)
    await pair.programs[0].said("document_arrived", call_uuid=uuid)
    pair.programs[0].freeze()
    began = asyncio.get_running_loop().time()
    status, told = await ask(pair, 1, "DELETE", f"Call/{uuid}/")
    assert (status, "will do what was asked for" in told["message"]) == (202, True)
    assert 1.9 <= asyncio.get_running_loop().time() - began <= 3
    await call.ended()
    assert (await line.next("hangup")).params["HangupSource"] == "API Request"
    since = len(pair.programs[0].log)
    pair.programs[0].freeze(frozen=False)
    await pair.programs[0].said("lease_was_over", since=since)
    await pair.programs[0].ready()
    once(line, "hangup")


@pytest.mark.rule("N-6", "E-1")
async def test_a_channel_of_the_dialplan_belongs_to_whoever_recorded_it_first(pair: Team) -> None:
    call = await pair.carrier.call("9196", [speak(20)])
    await call.answered()
    found = await pair.pbx("GET", "channels")
    (channel,) = (each["id"] for each in found if each["dialplan"]["exten"] == "9196")
    line = pair.line()
    path = f"Call/{channel}/Record/"
    for worker in (0, 1):
        values = {"file_format": "wav", "callback_url": line.url("callback")}
        status, told = await ask(pair, worker, "POST", path, **values, time_limit=2 + worker)
        assert status == 202, told
    for _ in range(2):
        told = (await line.next("callback")).params
        heard = hear(await pair.sound(told["record_url"]))
        assert heard.voice_ms + heard.strange_ms > 1500, "both directions, and the number echoes"
    assert {row["owner"] for row in pair.rows("SELECT owner FROM calls WHERE open")} == {"rb-1"}
    await call.hang_up()
    await call.ended()


@pytest.mark.rule("N-6")
async def test_a_worker_whose_application_is_taken_goes_unready_and_stays_away(
    pair: Team, rig: Mapping[str, str]
) -> None:
    user, password, url = (
        rig[f"RECORDBRIDGE_ASTERISK_{name}"] for name in ("USER", "PASSWORD", "URL")
    )
    token = aiohttp.encode_basic_auth(user, password)
    address = f"{url}/ari/events?app=recordbridge-1"
    async with (
        aiohttp.ClientSession(headers={"Authorization": token}) as http,
        http.ws_connect(address),
    ):
        told = await pair.programs[0].said("ari_disconnected", standby=True)
        assert "another client connected under our application name" in told["reason"]
        assert await pair.programs[0].readiness() == 503
        line = pair.line()
        line.answers("<Hangup/>")
        call = await line.call([mute(5)])
        assert pair.owner((await line.next("answer")).params["CallUUID"]) == "rb-2"
        await call.ended()
    await pair.programs[0].stop()
    await pair.programs[0].start()
