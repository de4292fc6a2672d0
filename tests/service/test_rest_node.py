"""The official Node SDK, unmodified, on a real call: start, stop, list, get, delete (E-1, E-3)."""

from __future__ import annotations

import json

import pytest

from tests.service.node import Node, installed
from tests.service.sdk import example
from tests.service.service import ACCOUNT, TOKEN, Service
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
  const bad = await refusal(sdk.calls.record(callUuid, { timeLimit: "soon" }));
  await sdk.recordings.delete(started.recordingId);
  const after = await refusal(sdk.recordings.get(started.recordingId));
  const of = ({ recordingId, recordingDurationMs, toNumber }) =>
    ({ recordingId, recordingDurationMs, toNumber });
  console.log(JSON.stringify({ started, list: list.map(of), got: of(got), bad, after }));
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
    assert found["list"] == [found["got"]]
    assert "time_limit must be a whole number" in found["bad"]
    assert "there is no such recording" in found["after"]
    assert (await service.get(told["record_url"]))[0] == 410
    await call.hang_up()
    await call.ended()
