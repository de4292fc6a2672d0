"""Lists, deletion, deliveries, repeats over REST, on what real calls left (E-1, E-3, E-5, E-6)."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import plivo.exceptions
import pytest
import pytest_asyncio

from tests.receiver import Reply
from tests.service.asking import api, ask, cli
from tests.service.conftest import Change
from tests.service.sdk import Sdk, sdk
from tests.service.service import ACCOUNT, TOKEN, Line, Service
from tests.service.steps import hang_up, speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

OTHER, OTHER_TOKEN = "MAEXAMPLEACCOUNT0002", "example-token-0002-abcdef"
CALLERS = ("15551230011", "15551230012")


@pytest.fixture(scope="module")
def change() -> Change:
    def changed(settings: dict[str, Any]) -> None:
        settings["accounts"].append({"auth_id": OTHER, "auth_token": ["newest-token", OTHER_TOKEN]})
        settings["webhooks"]["schedule_s"] = [1]

    return changed


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def client(service: Service) -> AsyncIterator[Sdk]:
    async with sdk(service) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def other(service: Service) -> AsyncIterator[Sdk]:
    async with sdk(service, OTHER, OTHER_TOKEN) as other:
        yield other


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def made(service: Service) -> list[dict[str, str]]:
    """Five recordings, oldest first: the callbacks of two calls with two each, and one more."""
    told: list[dict[str, str]] = []
    for caller in (CALLERS[0], CALLERS[1], CALLERS[0]):
        line = service.line()
        plain = line.record(maxLength=2, action=None)
        line.answers(plain, plain) if len(told) < 4 else line.answers(plain)
        call = await service.carrier.call(line.number, [speak(6)], caller=caller)
        told += [(await line.next("callback")).params for _ in range(2 if len(told) < 4 else 1)]
        await call.ended()
    return told


def get(recording_id: str, client: Any) -> Any:
    return client.recordings.get(recording_id)


def listed(objects: Any) -> list[str]:
    return [each.recording_id for each in objects]


@pytest.mark.rule("E-3")
async def test_the_list_by_every_filter(client: Sdk, made: list[dict[str, str]]) -> None:
    ids = [each["RecordingID"] for each in reversed(made)]
    one = [await client(functools.partial(get, each)) for each in ids]
    times = {each.recording_id: each.add_time for each in one}
    window = {"add_time__gte": times[ids[-1]], "add_time__lte": times[ids[0]]}
    everything = await client(lambda c: c.recordings.list(**window))
    assert listed(everything.objects) == ids
    assert everything.meta.total_count == 5

    async def found(**filters: Any) -> list[str]:
        wanted = window | filters
        return listed((await client(lambda c: c.recordings.list(**wanted))).objects)

    assert await found(call_uuid=made[0]["CallUUID"]) == ids[3:]
    assert await found(from_number=CALLERS[1]) == ids[1:3]
    assert await found(from_number="15559999999") == []
    for nowhere in ("conference_name", "conference_uuid", "mpc_name", "mpc_uuid"):
        assert await found(**{nowhere: "conference"}) == []
    assert await found(subaccount="SAEXAMPLESUBACCOUNT1") == []
    assert await found(recording_storage_duration=0) == ids
    assert await found(recording_storage_duration__gte=0, recording_storage_duration__lt=1) == ids
    assert await found(recording_storage_duration__gt=0) == []
    assert await found(recording_storage_duration__lte=0) == ids
    assert await found(to_number=made[4]["To"]) == ids[:1]
    middle = times[ids[2]]
    assert await found(add_time__gt=middle) == ids[:2]
    assert await found(add_time__gte=middle) == ids[:3]
    assert await found(add_time__lt=middle) == ids[3:]
    assert await found(add_time__lte=middle) == ids[2:]
    assert await found(add_time__gte=times[ids[3]], add_time__lt=times[ids[1]]) == ids[2:4]
    assert await found(from_number=CALLERS[0], add_time__gt=middle) == ids[:1]


@pytest.mark.rule("E-3")
async def test_the_pages(client: Sdk, made: list[dict[str, str]]) -> None:
    ids = [each["RecordingID"] for each in reversed(made)]
    mine = {"call_uuid": made[0]["CallUUID"]}
    first = await client(lambda c: c.recordings.list(limit=1, **mine))
    assert (listed(first.objects), first.meta.previous) == (ids[3:4], None)
    where = f"/v1/Account/{ACCOUNT}/Recording/?call_uuid={mine['call_uuid']}&limit=1&offset=1"
    assert first.meta.next == where
    second = await client(lambda c: c.recordings.list(limit=1, offset=1, **mine))
    assert listed(second.objects) == ids[4:]
    assert second.meta.next is None
    assert second.meta.previous == where.replace("offset=1", "offset=0")
    walked = await client(lambda c: [each.recording_id for each in c.recordings])
    assert [each for each in walked if each in ids] == ids
    assert len(walked) == len(set(walked))


@pytest.mark.rule("E-3", "Q-1")
async def test_one_recording_as_the_sdks_parse_it(
    service: Service, client: Sdk, made: list[dict[str, str]]
) -> None:
    told = made[0]
    got = await client(lambda c: c.recordings.get(told["RecordingID"]))
    assert got.recording_duration_ms == f"{told['RecordingDurationMs']}.00000"
    assert got.recording_start_ms == f"{told['RecordingStartMs']}.00000"
    assert got.recording_end_ms == f"{told['RecordingEndMs']}.00000"
    assert (got.rounded_recording_duration, got.recording_storage_duration) == (60, 0)
    assert isinstance(got.recording_storage_rate, float)
    assert (got.recording_type, got.recording_format) == ("normal", "wav")
    assert (got.call_uuid, got.from_number) == (told["CallUUID"], told["From"])
    assert got.conference_name is None
    assert got.resource_uri == f"/v1/Account/{ACCOUNT}/Recording/{told['RecordingID']}/"
    assert 1900 <= (await service.sound(got.recording_url)).ms <= 2000


@pytest.mark.rule("E-3", "E-4")
async def test_a_deleted_recording_is_gone_everywhere(service: Service, client: Sdk) -> None:
    line = service.line()
    line.answers(line.record(maxLength=2, action=None))
    call = await line.call([speak(3)])
    victim = (await line.next("callback")).params
    await call.ended()
    recording_id, url = victim["RecordingID"], victim["RecordUrl"]
    assert (await service.get(url))[0] == 200
    assert await client(lambda c: c.recordings.delete(recording_id)) is None
    status, _, said = await service.get(url)
    assert (status, json.loads(said)["error"]) == (410, "the recording was deleted")
    assert not list(service.program.folder.rglob(f"{recording_id}*"))
    for do in (
        lambda c: c.recordings.get(recording_id),
        lambda c: c.recordings.delete(recording_id),
    ):
        with pytest.raises(plivo.exceptions.ResourceNotFoundError):
            await client(do)
    rest = await client(lambda c: c.recordings.list(call_uuid=victim["CallUUID"]))
    assert (rest.objects, rest.meta.total_count) == ([], 0)


@pytest.mark.rule("E-6")
async def test_what_is_anothers_is_not_there(
    service: Service, client: Sdk, other: Sdk, made: list[dict[str, str]]
) -> None:
    assert (await other(lambda c: c.recordings.list())).objects == []
    line = service.line()
    line.answers("<GetDigits timeout='30'/>")
    call = await line.call([speak(10)])
    call_uuid = (await line.next("answer")).params["CallUUID"]
    await call.answered()
    recording_id = made[0]["RecordingID"]
    for do in (
        lambda c: c.recordings.get(recording_id),
        lambda c: c.recordings.delete(recording_id),
        lambda c: c.calls.record(call_uuid),
        lambda c: c.calls.record_stop(call_uuid),
        lambda c: c.calls.hangup(call_uuid),
        lambda c: c.calls.get(call_uuid),
        lambda c: c.live_calls.get(call_uuid),
        lambda c: c.calls.transfer(call_uuid, legs="aleg", aleg_url="http://127.0.0.1:1/"),
    ):
        with pytest.raises(plivo.exceptions.ResourceNotFoundError):
            await other(do)
    assert (await other(lambda c: c.live_calls.list_ids())).calls == []
    assert not call.is_over
    await call.hang_up()
    await call.ended()
    for auth_id, token in ((ACCOUNT, OTHER_TOKEN), (ACCOUNT, ""), ("MANOBODYNOBODYNOBODY", TOKEN)):
        async with sdk(service, auth_id, token or "x") as stranger:
            with pytest.raises(plivo.exceptions.AuthenticationError):
                await stranger(lambda c: c.recordings.get(recording_id))
    path = f"{service.program.url}/v1/Account/{ACCOUNT}/Recording/"
    status, _, said = await ask("GET", path, OTHER, OTHER_TOKEN)
    assert (status, said["error"]) == (404, "there is no such account")
    status, headers, _ = await ask("GET", path, "", "")
    assert (status, headers["WWW-Authenticate"][:5]) == (401, "Basic")


@pytest.mark.rule("E-5", "H-4", "H-6")
async def test_deliveries_are_listed_and_sent_again(service: Service) -> None:
    line = service.line()
    line.script("ready", Reply(status=500))
    plain = line.record(maxLength=2, action=None, callbackUrl=line.url("ready") + "#rc=0")
    line.answers(plain)
    call = await line.call([speak(3)])
    recording_id = (await line.next("ready")).params["RecordingID"]
    await call.ended()
    url = api(service, "Delivery/")

    async def one() -> Any:
        query = {"recording_id": recording_id}
        _, _, page = await ask("GET", url, params=query)
        assert page["meta"]["total_count"] == 1
        return page["objects"][0]

    async with asyncio.timeout(15):
        while (found := await one())["state"] != "parked":
            await asyncio.sleep(0.1)
    assert (found["kind"], found["recording_id"]) == ("callback", recording_id)
    _, _, got = await ask("GET", service.program.url + found["resource_uri"])
    assert got["attempt_count"] == len(got["attempts"]) == 2
    assert [each["status"] for each in got["attempts"]] == [500, 500]
    assert f"RecordingID={recording_id}" in got["attempts"][0]["sent"]

    line.script("ready", Reply())
    command = ("deliveries", "replay", found["delivery_id"], "--json")
    status, said = await cli(service, *command)
    assert (status, said) == (0, {"replayed": 1, "refused": []})
    async with asyncio.timeout(10):
        while (await one())["state"] != "delivered":
            await asyncio.sleep(0.05)
    status, shown = await cli(service, "deliveries", "show", found["delivery_id"], "--json")
    assert (status, shown["state"], len(shown["attempts"])) == (0, "delivered", 3)
    assert (await cli(service, "recordings", "show", recording_id, "--json"))[0] == 0
    sent = line.requests("ready")
    assert len({each.headers["X-Recordbridge-Delivery"] for each in sent}) == 1
    assert len(sent) == 3

    host = line.url("ready").split("/")[2]
    call_uuid = sent[0].params["CallUUID"]
    for filters, number in (
        ({"call_uuid": call_uuid}, 0),
        ({"recording_id": recording_id, "state": "parked"}, 0),
        ({"call_uuid": call_uuid, "state": "delivered", "host": "app.example.com"}, 0),
        ({"call_uuid": call_uuid, "state": "delivered", "host": host}, 2),
    ):
        status, _, said = await ask("POST", url + "Replay/", json=filters)
        assert (status, said["replayed"]) == (202, number), filters
    async with asyncio.timeout(10):
        while len(line.requests("ready")) < 4 or len(line.requests("hangup")) < 2:
            await asyncio.sleep(0.05)
    _, _, page = await ask("GET", url, params={"call_uuid": call_uuid, "limit": "1"})
    assert page["meta"]["next"].endswith("?call_uuid=" + call_uuid + "&limit=1&offset=1")
    answer = await ask("GET", url, params={"call_uuid": call_uuid, "offset": "2"})
    document = service.program.url + answer[2]["objects"][-1]["resource_uri"]
    assert (await ask("POST", document + "Replay/"))[0] == 409
    _, _, theirs = await ask(
        "GET", url.replace(ACCOUNT, OTHER), OTHER, OTHER_TOKEN, params={"call_uuid": call_uuid}
    )
    assert theirs["objects"] == []


async def talking(line: Line) -> tuple[Any, str]:
    line.answers("<GetDigits timeout='60'/>")
    call = await line.call([speak(20)])
    call_uuid = (await line.next("answer")).params["CallUUID"]
    await call.answered()
    return call, call_uuid


@pytest.mark.rule("E-1")
async def test_an_idempotency_key_begins_one_recording(service: Service) -> None:
    line = service.line()
    call, call_uuid = await talking(line)
    url = api(service, f"Call/{call_uuid}/Record/")
    key = {"Idempotency-Key": "order 17"}
    replies = [await ask("POST", url, json={"time_limit": 30}, headers=dict(key)) for _ in range(2)]
    assert [status for status, _, _ in replies] == [202, 202]
    assert replies[0][2]["recording_id"] == replies[1][2]["recording_id"]
    assert replies[0][2]["api_id"] == replies[1][2]["api_id"]
    status, _, said = await ask("POST", url, json={"time_limit": 31}, headers=dict(key))
    assert (status, said["error"]) == (
        422,
        "Idempotency-Key was used for another request within the last 24 hours",
    )
    await service.program.stop()
    await service.program.start()
    status, _, again = await ask("POST", url, json={"time_limit": 30}, headers=dict(key))
    assert (status, again["recording_id"]) == (202, replies[0][2]["recording_id"])
    first, second = [await ask("POST", url, json={"time_limit": 30}) for _ in range(2)]
    assert first[2]["recording_id"] != second[2]["recording_id"], "two requests, both answered"
    await call.hang_up()
    await call.ended()


@pytest.mark.rule("E-1")
async def test_a_request_whose_connection_broke_is_repeated(service: Service) -> None:
    """The client is gone before the reply; what it sends again is the same request."""
    line = service.line()
    call, call_uuid = await talking(line)
    url = api(service, f"Call/{call_uuid}/Record/")
    body = json.dumps({"time_limit": 30}).encode()
    token = aiohttp.encode_basic_auth(ACCOUNT, TOKEN)
    host = service.program.url.split("/")[2]
    _, writer = await asyncio.open_connection(*host.split(":"))
    path = url.removeprefix(f"http://{host}")
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
    writer.transport.abort()
    async with asyncio.timeout(10):
        query = "SELECT recording_id FROM recordings WHERE call_uuid = ?"
        while not (rows := service.rows(query, call_uuid)):
            await asyncio.sleep(0.01)
    status, _, said = await ask("POST", url, json={"time_limit": 30})
    assert (status, said["recording_id"]) == (202, rows[0]["recording_id"])
    status, _, next_ = await ask("POST", url, json={"time_limit": 30})
    assert next_["recording_id"] != said["recording_id"]
    assert len(service.rows(query, call_uuid)) == 2
    await call.hang_up()
    await call.ended()


@pytest.mark.rule("E-6")
async def test_bad_input_is_400_with_the_field(service: Service) -> None:
    url = api(service, "Recording/")
    for query, sentence in (
        ({"limit": "21"}, 'limit must be a whole number from 1 to 20, not "21"'),
        ({"offset": "-1"}, "offset must be a whole number"),
        ({"add_time__gt": "yesterday"}, "add_time__gt must be a time in UTC such as"),
        ({"colour": "red"}, "'colour' is not known here; allowed: call_uuid, from_number"),
        ([("limit", "1"), ("limit", "2")], "limit may be given once"),
    ):
        status, _, said = await ask("GET", url, params=query)
        assert status == 400, query
        assert said["error"].startswith(sentence), said
        assert said["api_id"]
    record = api(service, "Call/x/Record/")
    for options, sentence in (
        ({"json": [1]}, "the body must be a JSON object, or a form"),
        ({"json": {"time_limit": [1]}}, "time_limit must be a text or a number"),
        ({"json": {"callback_url": "ftp://x/"}}, "callback_url must be an absolute http"),
        ({"data": {"time_limit": "x"}}, "time_limit must be a whole number of seconds"),
        ({"headers": {"Idempotency-Key": "x" * 256}}, "Idempotency-Key must be 1 to 255"),
    ):
        status, _, said = await ask("POST", record, **options)
        assert (status, said["error"][: len(sentence)]) == (400, sentence)
    status, _, said = await ask("POST", record, data=b"x" * 200_000)
    assert status == 413
    assert set(said) == {"api_id", "error"}
    status, headers, _ = await ask("PUT", record)
    assert (status, headers["Allow"]) == (405, "DELETE,POST")


@pytest.mark.rule("E-5")
async def test_the_document_is_served_to_everybody(service: Service) -> None:
    status, headers, document = await ask("GET", f"{service.program.url}/v1/openapi.json", "")
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert document["openapi"] == "3.1.0"


@pytest.mark.rule("E-1", "P-10")
async def test_a_hangup_ends_what_rest_began(service: Service, client: Sdk) -> None:
    line = service.line()
    line.answers("<GetDigits timeout='60'/>")
    call = await line.call([speak(2), hang_up()])
    call_uuid = (await line.next("answer")).params["CallUUID"]
    await client(
        lambda c: c.calls.record(call_uuid, callback_url=line.url("callback"), file_format="wav")
    )
    told = (await line.next("callback")).params
    assert (told["recording_end_reason"], told["HangupCause"]) == ("hangup", "NORMAL_CLEARING")
    assert told["Event"] == "Record"
    await call.ended()
