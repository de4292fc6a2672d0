"""What a wish for transcription comes to without an engine, over real calls (T-1, T-3)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.service.conftest import Change
from tests.service.service import Service
from tests.service.steps import press, silence, speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

FIELDS = {
    *("transcription", "transcription_charge", "transcription_rate"),
    *("duration", "call_uuid", "recording_id", "error"),
}


@pytest.fixture(scope="module")
def change() -> Change:
    """There is no such model on the machine."""

    def changed(configured: dict[str, Any]) -> None:
        configured["transcription"] = {"model": "./no-model"}

    return changed


@pytest.mark.rule("T-3", "A-13", "A-14", "A-15", "D-14", "D-31", "D-32")
@pytest.mark.parametrize("method", [None, "POST", "GET"])
@pytest.mark.parametrize("kind", [None, "auto", "hybrid"])
async def test_the_document_is_accepted_and_the_request_reports_the_error(
    service: Service, method: str | None, kind: str | None
) -> None:
    """After action and callback, with all its fields; a type that is gone is taken as auto."""
    line = service.line()
    wish = {
        "transcriptionUrl": line.url("text"),
        "transcriptionType": kind,
        "transcriptionMethod": method,
    }
    line.answers(line.record(maxLength=2, **wish))
    call = await line.call([speak(4)])
    action, callback, text = [await line.next(each) for each in ("action", "callback", "text")]
    await call.ended()
    assert text.method == (method or "POST")
    said = text.params
    assert set(said) >= FIELDS
    assert said["recording_id"] == callback.params["RecordingID"] == action.params["RecordingID"]
    assert said["call_uuid"] == said["CallUUID"] == callback.params["CallUUID"]
    assert said["duration"] == callback.params["RecordingDuration"] == "2"
    assert said["transcription"] == ""
    assert (said["transcription_charge"], said["transcription_rate"]) == ("0.00000", "0.00000")
    assert said["error"].startswith("Transcription is not available")
    assert action.at <= callback.at <= text.at


@pytest.mark.rule("T-1", "D-13", "D-32")
async def test_a_recording_that_is_too_short_says_so(service: Service) -> None:
    line = service.line()
    line.answers(line.record(finishOnKey="#", transcriptionUrl=line.url("text")))
    call = await line.call([silence(0.3), press("#"), silence(30)])
    said = (await line.next("text")).params
    assert int((await line.next("callback")).params["RecordingDurationMs"]) <= 500
    assert said["error"] == "Recording duration too short for transcription"
    await call.ended()


@pytest.mark.rule("T-1")
async def test_the_type_alone_sends_nothing(service: Service) -> None:
    line = service.line()
    line.answers(line.record(maxLength=2, transcriptionType="auto"))
    call = await line.call([speak(4)])
    await line.next("callback")
    await line.next("hangup")
    await call.ended()
    kinds = {row["kind"] for row in service.rows("SELECT kind FROM requests")}
    sent = service.rows(
        "SELECT kind FROM requests JOIN calls USING (call_uuid) WHERE dialled = ?", line.number
    )
    assert kinds >= {"answer", "action", "callback", "hangup"}
    assert "transcription" not in {row["kind"] for row in sent}
