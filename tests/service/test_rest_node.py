"""The official Node SDK, unmodified, on a real call: start, stop, list, get, delete (E-1, E-3)."""

from __future__ import annotations

import json

import pytest

from tests.service.node import Node, installed
from tests.service.sdk import example
from tests.service.service import ACCOUNT, TOKEN, Service, signatures
from tests.service.steps import speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

FLOW = """
const [base, authId, authToken, callUuid, callbackUrl] = process.argv.slice(-5);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const refusal = async (asked) => asked.then(() => "", (error) => String(error));

(async () => {
  const sdk = client(authId, authToken, base);
  const started = await sdk.calls.record(callUuid, {
    timeLimit: 30, fileFormat: "wav", callbackUrl, callbackMethod: "POST",
  });
  await sleep(1500);
  await sdk.calls.stopRecording(callUuid);
  let list = [];
  while (!list.length) {
    await sleep(100);
    list = await sdk.recordings.list({ callUuid, limit: 5, offset: 0 });
  }
  const got = await sdk.recordings.get(started.recordingId);
  const at = got.addTime;
  const filters = {
    from: { fromNumber: got.fromNumber }, to: { toNumber: got.toNumber }, equal: { addTime: at },
    notBefore: { addTimeGreaterOrEqual: at }, notAfter: { add_time__lte: at },
    after: { addTimeGreaterThan: at }, before: { addTimeLessThan: at },
    other: { fromNumber: "15559999999" }, conference: { conferenceName: "x" },
    stored: { recordingStorageDuration: 0 }, storedLonger: { recording_storage_duration__gt: 0 },
  };
  const found = {};
  for (const [name, filter] of Object.entries(filters)) {
    const fitting = await sdk.recordings.list({ callUuid, ...filter });
    found[name] = fitting.map((each) => each.recordingId);
  }
  const second = await sdk.calls.record(callUuid, { timeLimit: 2, fileFormat: "wav", callbackUrl });
  while (list.meta.totalCount < 2) {
    await sleep(100);
    list = await sdk.recordings.list({ callUuid, limit: 1, offset: 0 });
  }
  const last = await sdk.recordings.list({ callUuid, limit: 1, offset: 1 });
  const pages = [list, last].map((page) => ({
    ids: page.map((each) => each.recordingId), next: page.meta.next, before: page.meta.previous,
  }));
  const bad = await refusal(sdk.calls.record(callUuid, { timeLimit: "soon" }));
  await sdk.recordings.delete(started.recordingId);
  const after = await refusal(sdk.recordings.get(started.recordingId));
  const of = ({ recordingId, recordingDurationMs, toNumber }) =>
    ({ recordingId, recordingDurationMs, toNumber });
  console.log(JSON.stringify({
    started, second, got: of(got), found, pages, last: last.map(of), bad, after,
  }));
})().catch((error) => { console.error(error); process.exit(1); });
"""


@pytest.fixture(scope="module")
def node() -> Node:
    return installed()


@pytest.mark.rule("E-1", "E-2", "E-3")
async def test_a_recording_from_start_to_deletion(service: Service, node: Node) -> None:
    line = service.line()
    line.answers("<GetDigits timeout='60'/>")
    call = await line.call([speak(20)])
    call_uuid = (await line.next("answer")).params["CallUUID"]
    await call.answered()
    said = await node.run(
        example("js") + FLOW,
        *(service.program.url, ACCOUNT, TOKEN, call_uuid, line.url("callback")),
    )
    found = json.loads(said)
    request = await line.next("callback")
    assert request.signed_with(TOKEN)
    told = request.params
    recording_id = told["recording_id"]
    assert found["started"]["recordingId"] == recording_id
    assert found["started"]["message"] == "call recording started"
    assert found["got"] == {
        "recordingId": recording_id,
        "recordingDurationMs": f"{told['recording_duration_ms']}.00000",
        "toNumber": line.number,
    }
    assert found["last"] == [found["got"]]
    fits = {name for name, ids in found["found"].items() if ids == [recording_id]}
    assert fits == {"from", "to", "equal", "notBefore", "notAfter", "stored"}
    assert [each for name, each in found["found"].items() if name not in fits and each] == []
    second = (await line.next("callback")).params["recording_id"]
    assert second == found["second"]["recordingId"]
    first_page, last_page = found["pages"]
    assert (first_page["ids"], last_page["ids"]) == ([second], [recording_id])
    assert (first_page["before"], last_page["next"]) == (None, None)
    path = f"/v1/Account/{ACCOUNT}/Recording/?call_uuid={call_uuid}&limit=1&offset="
    assert (first_page["next"], last_page["before"]) == (path + "1", path + "0")
    assert signatures(service) >= 3
    assert "time_limit must be a whole number" in found["bad"]
    assert "there is no such recording" in found["after"]
    assert (await service.get(told["record_url"]))[0] == 410
    await call.hang_up()
    await call.ended()
