"""What requests carry."""

import pytest

from recordbridge.plivo.hangup_causes import hangup_cause
from recordbridge.plivo.parameters import (
    CallEnd,
    RecordingEnd,
    initial_recording,
    recording,
    standard,
    whole_seconds,
)

URL = "https://rb.example.com/v1/Account/MA/Recording/r-1.wav?sig=1"
FULL = RecordingEnd("r-1", URL, 1_760_000_000_000, 7120, 1_760_000_009_000, "silence")


def call(**changes: str) -> dict[str, str]:
    values = {
        "call_uuid": "c-1",
        "from_number": "100",
        "to_number": "200",
        "direction": "inbound",
        "status": "in-progress",
    } | changes
    return standard(
        call_uuid=values["call_uuid"],
        from_number=values["from_number"],
        to_number=values["to_number"],
        direction=values["direction"],
        status=values["status"],
        event="StartApp",
    )


@pytest.mark.rule("F-3")
def test_standard_parameters_in_wire_order() -> None:
    assert list(call().items()) == [
        ("CallUUID", "c-1"),
        ("From", "100"),
        ("To", "200"),
        ("Direction", "inbound"),
        ("CallStatus", "in-progress"),
        ("Event", "StartApp"),
    ]


@pytest.mark.rule("F-3")
def test_after_the_hangup_six_more() -> None:
    end = CallEnd(hangup_cause("Caller", 16), duration_s=12, bill_duration_s=9)
    values = standard(
        call_uuid="c-1",
        from_number="100",
        to_number="200",
        direction="inbound",
        status="completed",
        event="Hangup",
        end=end,
        headers={"X-PH-Tenant": "acme"},
    )
    assert list(values.items())[5:] == [
        ("Event", "Hangup"),
        ("HangupCause", "NORMAL_CLEARING"),
        ("HangupCauseName", "Normal Hangup"),
        ("HangupCauseCode", "4000"),
        ("HangupSource", "Caller"),
        ("Duration", "12"),
        ("BillDuration", "9"),
        ("X-PH-Tenant", "acme"),
    ]


@pytest.mark.rule("F-3")
def test_only_x_ph_headers_pass_and_none_blank() -> None:
    values = standard(
        call_uuid="c-1",
        from_number="100",
        to_number="200",
        direction="inbound",
        status="ringing",
        event="StartApp",
        headers={"x-ph-Lower": "1", "X-PH-Blank": " ", "Authorization": "no", "CallUUID": "no"},
    )
    assert values["CallUUID"] == "c-1"
    assert [name for name in values if name not in call()] == ["x-ph-Lower"]


def test_a_caller_without_a_number_is_anonymous_and_nothing_is_blank() -> None:
    assert call(from_number="")["From"] == "anonymous"
    assert all(call(from_number=" ", to_number="").values())


@pytest.mark.rule("Q-2", "D-20", "D-22", "D-23", "D-24", "D-25", "D-26")
def test_a_recording_that_ended() -> None:
    assert list(recording(FULL).items()) == [
        ("RecordingID", "r-1"),
        ("RecordUrl", URL),
        ("RecordFile", URL),
        ("RecordingDuration", "7"),
        ("RecordingDurationMs", "7120"),
        ("RecordingStartMs", "1760000000000"),
        ("RecordingEndMs", "1760000007120"),
        ("RecordingEndReason", "silence"),
        ("RecordingStoppedMs", "1760000009000"),
    ]


@pytest.mark.rule("P-7", "D-21")
def test_digits_only_when_a_key_ended_it() -> None:
    by_key = RecordingEnd("r-1", URL, 1000, 5, 2000, "finishOnKey")
    assert recording(by_key, digits="#")["Digits"] == "#"
    assert "Digits" not in recording(by_key)
    assert "Digits" not in recording(FULL, digits="#")


@pytest.mark.rule("Q-2")
def test_a_failure_with_nothing_saved() -> None:
    failed = RecordingEnd("r-1", None, 5000, 0, 5000, "failed", "disk full: storage")
    assert recording(failed) == {
        "RecordingID": "r-1",
        "RecordingDuration": "0",
        "RecordingDurationMs": "0",
        "RecordingStartMs": "5000",
        "RecordingEndMs": "5000",
        "RecordingEndReason": "failed",
        "RecordingStoppedMs": "5000",
        "RecordingError": "disk full: storage",
    }


@pytest.mark.rule("Q-2")
def test_a_failure_with_something_saved_has_its_url_and_true_values() -> None:
    values = recording(RecordingEnd("r-1", URL, 5000, 1500, 9000, "failed", "Asterisk died"))
    assert values["RecordUrl"] == values["RecordFile"] == URL
    assert values["RecordingEndMs"] == "6500"
    assert values["RecordingError"] == "Asterisk died"


@pytest.mark.rule("P-11")
def test_an_empty_recording_has_its_id_and_url() -> None:
    values = recording(RecordingEnd("r-1", URL, 5000, 0, 5000, "hangup"))
    assert values["RecordUrl"] == URL
    assert (values["RecordingDuration"], values["RecordingEndMs"]) == ("0", "5000")


@pytest.mark.rule("S-5", "D-27")
def test_the_initial_request() -> None:
    assert initial_recording("r-1", URL) == {
        "RecordingID": "r-1",
        "RecordUrl": URL,
        "RecordFile": URL,
        "RecordingDuration": "-1",
        "RecordingDurationMs": "-1",
        "RecordingStartMs": "-1",
        "RecordingEndMs": "-1",
    }


@pytest.mark.parametrize(
    ("duration_ms", "seconds"),
    [(0, 0), (499, 0), (500, 1), (1499, 1), (1500, 2), (2500, 3), (60_020, 60)],
)
def test_whole_seconds_round_halves_up(duration_ms: int, seconds: int) -> None:
    assert whole_seconds(duration_ms) == seconds
