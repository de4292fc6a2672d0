"""What a wish for transcription comes to, and what is told of it: T-1, T-3, D-31, D-32."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace
from plivo.utils.signature_v3 import validate_v3_signature

from recordbridge import urls
from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine import transcription
from recordbridge.machine.transcription import Outcome
from recordbridge.plivo import parameters, signatures
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


SAID = Outcome(
    spoken=(
        transcription.Spoken(0, "Hello?", "Callee"),
        transcription.Spoken(61_999, "It is me.", "Caller"),
        transcription.Spoken(3_661_000, "Good.", "Callee"),
    )
)


@pytest.mark.rule("T-1")
@pytest.mark.rule("D-31")
@pytest.mark.rule("D-32")
def test_a_recording_is_transcribed_when_its_file_is_ready_and_told_later() -> None:
    drive = asked()
    assert not drive.of(i.Transcribe)
    drive.store(frames=20_000)
    (wish,) = drive.of(i.Transcribe)
    assert wish == i.Transcribe(recording_id=drive.recording.recording_id, at=drive.now)
    assert not drive.requests("transcription"), "nothing is told before it is done"
    request = drive.transcribed(SAID)
    assert request.target == TEXT
    assert request.durable
    assert not request.wants_document
    assert request.recording_id == drive.recording.recording_id
    assert {name: value for name, value in request.parameters.items() if name.islower()} == {
        "transcription": "Hello? It is me. Good.",
        "transcription_charge": "0.00000",
        "transcription_rate": "0.00000",
        "duration": "3",  # 2.5 seconds, halves up
        "call_uuid": drive.state.call_uuid,
        "recording_id": drive.recording.recording_id,
        "error": "",
    }
    assert request.parameters["CallUUID"] == drive.state.call_uuid, "F-3"
    assert request.parameters["Event"] == "Record"


@pytest.mark.rule("H-3")
def test_however_often_it_is_done_it_is_told_under_one_id() -> None:
    drive = asked()
    drive.store()
    first = drive.transcribed(SAID)
    drive.hang_up()
    second = drive.transcribed(Outcome(error=transcription.BROKEN))
    assert first.request_id == second.request_id == drive.recording.transcription_id
    others = {r.request_id for r in drive.of(i.Request)}
    assert first.request_id not in others
    assert "HangupCause" not in first.parameters
    assert second.parameters["HangupCause"], "F-3: of the call as it is then"


@pytest.mark.rule("T-3")
def test_without_an_engine_the_request_reports_the_error() -> None:
    drive = asked()
    drive.store()
    said = drive.transcribed(Outcome(error=transcription.UNAVAILABLE), "0.5").parameters
    assert said["error"] == "Transcription is not available: no engine is installed on this server"
    assert said["transcription"] == ""
    assert (said["transcription_charge"], said["transcription_rate"]) == ("0.00000", "0.00000")


@pytest.mark.rule("A-20")
@pytest.mark.parametrize(
    ("sides", "lines"),
    [
        (
            True,
            [
                "[00:00:00] Callee: Hello?",
                "[00:01:01] Caller: It is me.",
                "[01:01:01] Callee: Good.",
            ],
        ),
        (False, ["[00:00:00] Hello?", "[00:01:01] It is me.", "[01:01:01] Good."]),
    ],
)
def test_a_full_report_has_a_line_for_each_utterance(sides: bool, lines: list[str]) -> None:
    drive = asked(transcription_report="full")
    drive.store()
    spoken = SAID.spoken if sides else tuple(replace(each, side="") for each in SAID.spoken)
    text = drive.transcribed(Outcome(spoken=spoken)).parameters["transcription"]
    assert text.splitlines() == lines


@pytest.mark.parametrize(
    ("duration_ms", "rate", "told"),
    [
        (1000, "0", ("0.00000", "0.00000")),
        (1000, "0.005", ("0.00500", "0.00500")),
        (60_000, "0.005", ("0.00500", "0.00500")),
        (60_001, "0.005", ("0.01000", "0.00500")),
        (3_600_000, "0.0000025", ("0.0001500", "0.0000025")),
        (600_000, "2", ("20.00000", "2.00000")),
    ],
)
def test_each_started_minute_costs_the_rate(
    duration_ms: int, rate: str, told: tuple[str, str]
) -> None:
    assert transcription.price(Decimal(rate), duration_ms) == told


@pytest.mark.rule("T-1")
def test_the_type_alone_is_transcribed_and_sends_nothing() -> None:
    drive = asked(transcription=None)
    drive.store()
    assert drive.of(i.Transcribe)
    assert not drive.requests("transcription")
    assert transcription.request(drive.state, drive.recording, SAID, Decimal(0), drive.now) is None
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
    request = drive.transcribed(SAID)
    assert request.after == (drive.requests(before)[0].request_id if before else None)


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
    assert not drive.of(i.Transcribe)


@pytest.mark.rule("T-1")
def test_a_background_recording_is_transcribed_too() -> None:
    drive = Drive(
        voicemail(record_session=True, transcription=TEXT, stereo=False, action=ACTION),
        Wait(length_s=60),
        answered=True,
    )
    drive.record(ms=2000)
    drive.hang_up()
    drive.store()
    assert len(drive.of(i.Transcribe)) == 1
    assert drive.of(i.Release), "the call does not wait for it"


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


@pytest.mark.rule("D-13")
@pytest.mark.rule("D-32")
@pytest.mark.parametrize(
    ("frames", "size", "words"),
    [
        (14_400 * 8000, 100, transcription.TOO_LONG),
        (14_400 * 8000 - 8, 2_000_000_000, transcription.TOO_LARGE),
        (4000, 100, transcription.TOO_SHORT),
        (4008, 100, ""),
    ],
)
def test_they_are_judged_by_what_was_delivered(frames: int, size: int, words: str) -> None:
    drive = asked()
    which = drive.recording.recording_id
    drive.feed(f.AudioMeasured(recording_id=which, frames=frames, rate=8000))
    drive.feed(f.FileReady(recording_id=which, size=size, digest="d"))
    refused = [request.parameters["error"] for request in drive.requests("transcription")]
    assert refused == ([words] if words else [])
    assert len(drive.of(i.Transcribe)) == (not words)


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
