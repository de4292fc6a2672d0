"""The replies, typed as the official SDKs parse them: texts where those expect texts (E-3).

The structs are the schemas of the OpenAPI document too; their docstrings are its descriptions.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Reply(msgspec.Struct, kw_only=True):
    """Root of all replies."""

    api_id: str


class Error(Reply, kw_only=True):
    """What is wrong, in one sentence."""

    error: str


class Started(Reply, kw_only=True):
    """A recording has been begun; `url` is where its file will be."""

    message: str
    recording_id: str
    url: str


class Done(Reply, kw_only=True):
    """What was asked for has been begun."""

    message: str


class Switched(Done, kw_only=True):
    """Recordings that are now paused, or recorded again."""

    recording_ids: list[str]


class Replayed(Reply, kw_only=True):
    """How many deliveries are sent again."""

    replayed: int


class Meta(msgspec.Struct):
    """Where the page stands; `next` and `previous` are addresses without the host."""

    limit: int
    offset: int
    total_count: int
    next: str | None = None
    previous: str | None = None


class Pause(msgspec.Struct):
    """A span of a recording that was not recorded; `end_ms` is missing while it lasts."""

    start_ms: int
    end_ms: int | None = None


class Recording(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A recording that has ended. `recording_url` is empty when nothing could be saved."""

    add_time: str
    call_uuid: str
    conference_name: None
    from_number: str
    monthly_recording_storage_amount: float
    recording_duration_ms: str
    recording_end_ms: str
    recording_format: Literal["mp3", "wav"]
    recording_id: str
    recording_start_ms: str
    recording_storage_duration: int
    recording_storage_rate: float
    recording_type: Literal["normal"]
    recording_url: str
    resource_uri: str
    rounded_recording_duration: int
    to_number: str
    pauses: list[Pause] = []
    """Only of a recording that was paused."""


class OneRecording(Recording, kw_only=True):
    """A recording that has ended."""

    api_id: str


class Recordings(Reply, kw_only=True):
    """A page of recordings, newest first."""

    meta: Meta
    objects: list[Recording]


class Utterance(msgspec.Struct, kw_only=True):
    """Something that was said; `speaker` is `Caller`, `Callee`, or empty in a mono recording."""

    start_ms: int
    speaker: Literal["", "Caller", "Callee"]
    text: str


TextStatus = Literal["success", "failed", "in-progress"]


class Transcription(Reply, kw_only=True):
    """What was said in a recording. After a failure `error` says why; an earlier text stays."""

    add_time: str
    cost: float
    engine: str
    error: str
    rate: float
    recording_duration_ms: int
    recording_id: str
    recording_start_ms: int
    resource_uri: str
    status: TextStatus
    transcription: str | list[Utterance]


class TranscriptionBegun(Done, kw_only=True):
    """It will be there in a while."""

    transcription_id: str


class Call(msgspec.Struct, kw_only=True):
    """A call; `end_time` and what follows from it is empty or 0 while it lasts."""

    answer_time: str | None
    bill_duration: int
    billed_duration: int
    call_direction: str
    call_duration: int
    call_state: str
    call_uuid: str
    conference_uuid: None
    end_time: str | None
    from_number: str
    hangup_cause_code: int
    hangup_cause_name: str
    hangup_source: str
    initiation_time: str
    parent_call_uuid: None
    resource_uri: str
    to_number: str
    total_amount: str
    total_rate: str


class OneCall(Call, kw_only=True):
    """A call."""

    api_id: str


class Calls(Reply, kw_only=True):
    """A page of calls, newest first."""

    meta: Meta
    objects: list[Call]


class LiveCall(Reply, kw_only=True):
    """A call that has not ended (`status=live`)."""

    call_status: str
    call_uuid: str
    caller_name: str
    direction: str
    from_: str = msgspec.field(name="from")
    request_uuid: str
    session_start: str
    to: str


class LiveCalls(Reply, kw_only=True):
    """The CallUUIDs of calls that have not ended (`status=live`)."""

    calls: list[str]


State = Literal["waiting", "sending", "delivered", "parked", "gone"]


class Delivery(msgspec.Struct, kw_only=True):
    """A request to an application; `delivery_id` is its `X-Recordbridge-Delivery`."""

    add_time: str
    attempt_count: int
    call_uuid: str
    delivery_id: str
    due_time: str | None
    kind: str
    method: str
    recording_id: str | None
    resource_uri: str
    state: State
    url: str


class Attempt(msgspec.Struct, kw_only=True):
    """One attempt; milliseconds, -1 where it did not get that far; `status` 0: no reply."""

    number: int
    start_time: str
    connect_ms: int
    first_byte_ms: int
    total_ms: int
    status: int
    error: str
    sent: str
    """The body of a POST, the query of a GET."""
    reply: str
    """How the reply began."""


class OneDelivery(Delivery, kw_only=True):
    """A request to an application, with all its attempts."""

    api_id: str
    attempts: list[Attempt]


class Deliveries(Reply, kw_only=True):
    """A page of requests to applications, newest first."""

    meta: Meta
    objects: list[Delivery]


Document = dict[str, object]
"""The OpenAPI document itself."""
