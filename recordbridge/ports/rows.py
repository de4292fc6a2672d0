"""Rows: what is kept. The columns are what people and queries ask for; `state` is the machine's.

A `Unit` is everything one step changes; the store commits it in one transaction or not at all.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from recordbridge.instant import Instant

RequestState = Literal["waiting", "sending", "delivered", "parked", "gone"]
TranscriptState = Literal["waiting", "done", "failed", "deleted"]
RecordingStatus = Literal["recording", "processing", "ready", "failed"]


class CallRow(msgspec.Struct, frozen=True):
    """A call. `version` counts commits, `fence` owners; `state` is the machine's, encoded."""

    call_uuid: str
    asterisk: str
    channel_id: str
    account: str
    application: str
    caller: str
    dialled: str
    direction: str
    status: str
    entered_at: Instant
    answered_at: Instant | None
    ended_at: Instant | None
    hangup_cause: str
    open: bool
    """The machine is not done with it: load it after a restart."""
    state: bytes
    version: int
    fence: int = 0
    owner: str = ""
    """N-6: the worker whose call it is; set by the store alone."""


class RecordingRow(msgspec.Struct, frozen=True):
    """A recording; times as in section 2.4 of the rules, None until they are known."""

    recording_id: str
    call_uuid: str
    account: str
    application: str
    mode: str
    status: RecordingStatus
    file_format: str
    channels: int
    caller: str
    dialled: str
    added_at: Instant
    start_ms: Instant | None = None
    end_ms: Instant | None = None
    duration_ms: int | None = None
    stopped_ms: Instant | None = None
    end_reason: str = ""
    digits: str = ""
    error: str = ""
    size: int | None = None
    digest: str = ""
    pauses: str = ""
    """E-5: `start-end` in epoch ms, joined by commas; an open one has no end."""
    deleted_at: Instant | None = None
    """When it was deleted; set by the store alone."""


class RequestRow(msgspec.Struct, frozen=True):
    """One outgoing request and its state (H-3, H-4).

    `body` is the parameters as JSON bytes; people see them through `plivo.unlogged.shown`.
    """

    request_id: str
    kind: str
    call_uuid: str
    recording_id: str | None
    account: str
    method: str
    url: str
    retry: bytes
    body: bytes
    wants_document: bool
    durable: bool
    after: str | None
    state: RequestState
    created_at: Instant
    due_at: Instant
    step: int = 0
    """How many steps of the schedule (H-4) have been used; 0 = the fragment's own attempts."""
    settled: bool = False
    """Answered or used up its fragment: the next in order may go (Q-4)."""
    attempts: int = 0
    """How many attempts have been made; the next one's number is one more."""
    lane: str = ""
    """H-4: where it goes (`plivo.lanes`); those of a lane are sent side by side."""
    owner: str = ""
    """N-6: the worker that sends it; set by the store alone."""


class Queue(msgspec.Struct, frozen=True):
    """What waits in a lane, as the database has it."""

    lane: str
    requests: int
    due_at: Instant
    """Of the first."""


class Due(msgspec.Struct, frozen=True):
    """Settled requests of a lane that are due, those that have waited longest first."""

    rows: tuple[RequestRow, ...]
    next_at: Instant | None
    """When the next one of the lane is due, which may be now; None: there is none."""


class AttemptRow(msgspec.Struct, frozen=True):
    """H-6: one attempt; timings in milliseconds, -1 = phase not reached."""

    request_id: str
    number: int
    started_at: Instant
    connect_ms: int
    first_byte_ms: int
    total_ms: int
    status: int
    """HTTP status, 0 if there was none."""
    error: str
    """Empty, or a plain sentence."""
    sent: bytes
    """The request body (POST) or query (GET) whole."""
    reply: bytes
    """The response's first 2 kB."""


class RequestUpdate(msgspec.Struct, frozen=True):
    """What an attempt, a schedule or the machine changes in a request row."""

    request_id: str
    state: RequestState | None = None
    due_at: Instant | None = None
    step: int | None = None
    settled: bool | None = None
    durable: bool | None = None
    wants_document: bool | None = None
    attempts: int | None = None


class StartRow(msgspec.Struct, frozen=True):
    """E-1: a recording begun through REST. A request with the same `key` may be its repeat;
    `digest` is of what it asked for.
    """

    account: str
    key: str
    digest: str
    call_uuid: str
    recording_id: str
    api_id: str
    added_at: Instant


class TranscriptRow(msgspec.Struct, frozen=True):
    """A recording that is, or shall be, turned into text (T-1).

    `spoken` is the utterances as JSON bytes (`machine.transcription.Spoken`), `text` all of them
    in one paragraph.
    """

    recording_id: str
    call_uuid: str
    account: str
    file_format: str
    channels: int
    duration_ms: int
    state: TranscriptState
    added_at: Instant
    due_at: Instant
    """Waiting ones are taken in this order."""
    done_at: Instant | None = None
    text: str = ""
    spoken: bytes = b"[]"
    error: str = ""
    engine: str = ""
    """What made the text."""
    model: str = ""
    """That shall make it; empty: the one of the YAML file."""
    request_id: str = ""
    """E-5: under which it is told when REST has asked for it; else as the call's machine said."""
    target: str = ""
    """Whom REST wants it told to: `plivo.retry.Target` as JSON, empty for nobody."""
    owner: str = ""
    """N-6: the worker that makes it; set by the store alone."""


class CommandRow(msgspec.Struct, frozen=True):
    """N-6: something that is asked of a call through a worker that does not own it.

    `asked` is the machine's fact, `answer` its reply, encoded; it may be long in coming.
    """

    command_id: str
    call_uuid: str
    asked: bytes
    added_at: Instant
    answered_at: Instant | None = None
    answer: bytes = b""


class AnswerRow(msgspec.Struct, frozen=True):
    """The answer to a command."""

    command_id: str
    answered_at: Instant
    answer: bytes


class Unit(msgspec.Struct, frozen=True):
    """All that one step changes; committed whole, in the order given here."""

    call: CallRow | None = None
    recordings: tuple[RecordingRow, ...] = ()
    requests: tuple[RequestRow, ...] = ()
    updates: tuple[RequestUpdate, ...] = ()
    attempts: tuple[AttemptRow, ...] = ()
    starts: tuple[StartRow, ...] = ()
    transcripts: tuple[TranscriptRow, ...] = ()
    """Asked for; those that are there stay as they are."""
    transcribed: tuple[TranscriptRow, ...] = ()
    """Done: the rows that are there take these results."""
    answers: tuple[AnswerRow, ...] = ()
    """To commands; the first answer stays."""
