"""Lists of rows as the API, the CLI and the console ask for them; paged, newest first."""

from __future__ import annotations

from typing import Protocol

import msgspec

from recordbridge.instant import Instant
from recordbridge.ports.rows import (
    AttemptRow,
    CallRow,
    RecordingRow,
    RecordingStatus,
    RequestRow,
    RequestState,
    StartRow,
    TranscriptRow,
)


class Span(msgspec.Struct, frozen=True):
    """The bounds of an instant; None is no bound (E-3: `__gt`, `__gte`, `__lt`, `__lte`)."""

    after: Instant | None = None
    since: Instant | None = None
    before: Instant | None = None
    until: Instant | None = None


class RecordingFilter(msgspec.Struct, frozen=True):
    """Which recordings; None is any."""

    account: str | None = None
    call_uuid: str | None = None
    caller: str | None = None
    dialled: str | None = None
    status: RecordingStatus | tuple[RecordingStatus, ...] | None = None
    deleted: bool | None = None
    added: Span = Span()


class RequestFilter(msgspec.Struct, frozen=True):
    """Which outgoing requests; None is any."""

    account: str | None = None
    call_uuid: str | None = None
    recording_id: str | None = None
    state: RequestState | tuple[RequestState, ...] | None = None
    host: str | None = None
    """Of its URL; with a port only where the URL names one."""
    wants_document: bool | None = None
    created: Span = Span()


class CallFilter(msgspec.Struct, frozen=True):
    """Which calls; None is any."""

    account: str | None = None
    asterisk: str | None = None
    channel_id: str | None = None
    caller: str | None = None
    dialled: str | None = None
    direction: str | None = None
    over: bool | None = None
    """Whether the call has ended."""
    open: bool | None = None
    entered: Span = Span()
    ended: Span = Span()


ANY_CALL = CallFilter()
ANY_RECORDING = RecordingFilter()
ANY_REQUEST = RequestFilter()


class Lists(Protocol):
    """Pages of rows and single rows. All raise StorageError."""

    async def call(self, call_uuid: str) -> CallRow | None: ...

    async def recording(self, recording_id: str) -> RecordingRow | None: ...

    async def request(self, request_id: str) -> RequestRow | None: ...

    async def transcript(self, recording_id: str) -> TranscriptRow | None: ...

    async def calls(
        self, wanted: CallFilter = ANY_CALL, *, limit: int = 20, offset: int = 0
    ) -> list[CallRow]:
        """By time of entering, newest first."""
        ...

    async def recordings(
        self, wanted: RecordingFilter = ANY_RECORDING, *, limit: int = 20, offset: int = 0
    ) -> list[RecordingRow]:
        """By time of adding, newest first."""
        ...

    async def requests(
        self, wanted: RequestFilter = ANY_REQUEST, *, limit: int = 20, offset: int = 0
    ) -> list[RequestRow]:
        """By time of creation, newest first."""
        ...

    async def request_ids(self, wanted: RequestFilter) -> list[str]:
        """Of all that the filter lets through, oldest first."""
        ...

    async def count_calls(self, wanted: CallFilter = ANY_CALL) -> int: ...

    async def count_recordings(self, wanted: RecordingFilter = ANY_RECORDING) -> int: ...

    async def count_requests(self, wanted: RequestFilter = ANY_REQUEST) -> int: ...

    async def requests_of(self, call_uuid: str) -> list[RequestRow]:
        """All of a call, oldest first."""
        ...

    async def start(self, account: str, key: str) -> StartRow | None:
        """The recording that was begun by the request with that key (E-1)."""
        ...

    async def attempts_of(self, request_id: str) -> list[AttemptRow]:
        """All of a request, in order (H-6)."""
        ...
