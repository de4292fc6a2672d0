"""What a wish for transcription comes to while there is no engine: T-1, T-3, D-31, D-32."""

from __future__ import annotations

from typing import Any

import pytest
from plivo.utils.signature_v3 import validate_v3_signature

from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine import transcription
from recordbridge.plivo import parameters, signatures, urls
from recordbridge.plivo.elements import Wait
from recordbridge.plivo.retry import Target
from tests.unit.machine.drive import ACTION, Drive, voicemail

TEXT = Target(url="https://app.example.com/text")


def asked(**fields: Any) -> Drive:
    """A call whose recording, with a transcription asked for, is about to be measured."""
    wish = {"transcribe": True, "transcription": TEXT, "redirect": False} | fields
    drive = Drive(voicemail(**wish), Wait(length_s=60), answered=True)
    drive.record(ms=3000)
    drive.feed(f.KeyPressed(at=drive.now, key="#"))
    drive.close()
    return drive


@pytest.mark.rule("T-3")
@pytest.mark.rule("D-31")
@pytest.mark.rule("D-32")
def test_without_an_engine_the_request_reports_the_error() -> None:
    drive = asked()
    assert not drive.requests("transcription")
    drive.store(frames=20_000)
    (request,) = drive.requests("transcription")
    assert request.target == TEXT
    assert request.durable
    assert not request.wants_document
    assert request.recording_id == drive.recording.recording_id
    assert {name: value for name, value in request.parameters.items() if name.islower()} == {
        "transcription": "",
        "transcription_charge": "0.00000",
        "transcription_rate": "0.00000",
        "duration": "3",  # 2.5 seconds, halves up
        "call_uuid": drive.state.call_uuid,
        "recording_id": drive.recording.recording_id,
        "error": "Transcription is not available: no engine is installed on this server",
    }
    assert request.parameters["CallUUID"] == drive.state.call_uuid, "F-3"
    assert request.parameters["Event"] == "Record"


@pytest.mark.rule("T-1")
def test_the_type_alone_sends_nothing() -> None:
    drive = asked(transcription=None)
    drive.store()
    assert not drive.requests("transcription")
    assert drive.requests("callback")


@pytest.mark.rule("T-3")
@pytest.mark.parametrize(
    ("fields", "before"),
    [({}, "callback"), ({"callback": None}, "action"), ({"callback": None, "action": None}, None)],
)
def test_it_comes_after_all_other_requests_of_the_recording(
    fields: dict[str, Any], before: str | None
) -> None:
    drive = asked(**fields)
    drive.store()
    (request,) = drive.requests("transcription")
    assert request.after == (drive.requests(before)[0].request_id if before else None)
    assert drive.of(i.Request)[-1] is request


@pytest.mark.rule("T-3")
@pytest.mark.rule("Q-2")
def test_what_could_not_be_saved_is_reported_once_with_the_reason() -> None:
    drive = asked()
    drive.feed(f.FileFailed(recording_id=drive.recording.recording_id, reason="disk full"))
    (request,) = drive.requests("transcription")
    assert request.parameters["error"] == transcription.NOTHING
    assert request.parameters["duration"] == "0"
    drive.hang_up()
    assert len(drive.requests("transcription")) == 1


def test_a_rescued_file_sends_nothing_more() -> None:
    drive = asked()
    drive.wait(10_001)
    (request,) = drive.requests("transcription")
    assert request.parameters["error"] == transcription.NOTHING
    drive.store()
    assert len(drive.requests("transcription")) == 1


@pytest.mark.rule("T-3")
def test_a_background_recording_reports_it_too() -> None:
    drive = Drive(
        voicemail(record_session=True, transcription=TEXT, stereo=False, action=ACTION),
        Wait(length_s=60),
        answered=True,
    )
    drive.record(ms=2000)
    drive.hang_up()
    drive.store()
    assert len(drive.requests("transcription")) == 1
    assert drive.of(i.Release)


@pytest.mark.rule("T-1")
@pytest.mark.rule("D-13")
@pytest.mark.rule("D-32")
@pytest.mark.parametrize(
    ("duration_ms", "size", "words"),
    [
        (500, 10, transcription.TOO_SHORT),
        (501, 10, ""),
        (14_399_999, 10, ""),
        (14_400_000, 10, "Recording duration too long for transcription"),
        (60_000, 1_999_999_999, ""),
        (60_000, 2_000_000_000, "Recording file size too large for transcription"),
        (14_400_000, 2_000_000_000, "Recording duration too long for transcription"),
        (0, None, transcription.NOTHING),
    ],
)
def test_the_limits_duration_first(duration_ms: int, size: int | None, words: str) -> None:
    assert transcription.refusal(duration_ms, size) == words
    assert transcription.error(duration_ms, size) == (words or transcription.UNAVAILABLE)


@pytest.mark.rule("D-13")
@pytest.mark.rule("D-32")
@pytest.mark.parametrize(
    ("frames", "size", "words"),
    [
        (14_400 * 8000, 100, transcription.TOO_LONG),
        (14_400 * 8000 - 8, 2_000_000_000, transcription.TOO_LARGE),
        (4000, 100, transcription.TOO_SHORT),
        (4008, 100, transcription.UNAVAILABLE),
    ],
)
def test_they_are_judged_by_what_was_delivered(frames: int, size: int, words: str) -> None:
    drive = asked()
    which = drive.recording.recording_id
    drive.feed(f.AudioMeasured(recording_id=which, frames=frames, rate=8000))
    drive.feed(f.FileReady(recording_id=which, size=size, digest="d"))
    assert drive.requests("transcription")[0].parameters["error"] == words


@pytest.mark.rule("D-32")
@pytest.mark.rule("H-2")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_empty_fields_do_not_break_the_signature(method: str) -> None:
    said = parameters.transcription(
        text="hello", duration_ms=900, call_uuid="c", recording_id="r", error=""
    )
    assert said["error"] == ""
    url = urls.with_query(TEXT.url, said) if method == "GET" else TEXT.url
    made = signatures.headers(method, url, said, ("token",), "12345")
    assert validate_v3_signature(
        method,
        url,
        made["X-Plivo-Signature-V3-Nonce"],
        "token",
        made["X-Plivo-Signature-V3"],
        {} if method == "GET" else said,
    )
