"""Rows to write, with what a test does not care about filled in."""

from __future__ import annotations

import msgspec

from recordbridge.ports.rows import (
    AttemptRow,
    CallRow,
    RecordingRow,
    RequestRow,
    RequestState,
    StartRow,
)

NOON = 1_700_000_000_000
_CALL = CallRow(
    call_uuid="c1",
    asterisk="pbx",
    channel_id="1700.1",
    account="MA1",
    application="voicemail",
    caller="+15551234",
    dialled="100",
    direction="inbound",
    status="in-progress",
    entered_at=NOON,
    answered_at=None,
    ended_at=None,
    hangup_cause="",
    open=True,
    state=b"\x00state",
    version=1,
    owner="rb-1",
)
_RECORDING = RecordingRow(
    recording_id="r1",
    call_uuid="c1",
    account="MA1",
    application="voicemail",
    mode="plain",
    status="recording",
    file_format="mp3",
    channels=1,
    caller="+15551234",
    dialled="100",
    added_at=NOON,
)
_REQUEST = RequestRow(
    request_id="q1",
    kind="callback",
    call_uuid="c1",
    recording_id="r1",
    account="MA1",
    method="POST",
    url="https://app.example.com/recordings",
    retry=b"{}",
    body=b'{"RecordingID": "r1"}',
    wants_document=False,
    durable=True,
    after=None,
    state="waiting",
    created_at=NOON,
    due_at=NOON,
    owner="rb-1",
)


def a_call(uuid: str = "c1", version: int = 1, **fields: object) -> CallRow:
    fields.setdefault("state", f"{uuid} at {version}".encode())
    return msgspec.structs.replace(_CALL, call_uuid=uuid, version=version, **fields)


def a_recording(recording_id: str = "r1", **fields: object) -> RecordingRow:
    return msgspec.structs.replace(_RECORDING, recording_id=recording_id, **fields)


def a_request(
    request_id: str = "q1", state: RequestState = "waiting", **fields: object
) -> RequestRow:
    return msgspec.structs.replace(_REQUEST, request_id=request_id, state=state, **fields)


def an_attempt(request_id: str = "q1", number: int = 1, error: str = "") -> AttemptRow:
    return AttemptRow(
        request_id=request_id,
        number=number,
        started_at=NOON + number,
        connect_ms=1,
        first_byte_ms=-1,
        total_ms=5,
        status=0 if error else 200,
        error=error,
        sent=b"RecordingID=r1",
        reply=b"\xff\x00",
    )


def a_start(account: str = "MA1", key: str = "k", **fields: object) -> StartRow:
    row = StartRow(
        account=account,
        key=key,
        digest="d",
        call_uuid="c1",
        recording_id="r1",
        api_id="a1",
        added_at=NOON,
    )
    return msgspec.structs.replace(row, **fields)
