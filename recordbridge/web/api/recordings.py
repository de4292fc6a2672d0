"""Recordings: list, get, delete (E-3). Those that have ended; a deleted one is not there."""

from __future__ import annotations

from aiohttp import web

from recordbridge.instant import Instant, to_text
from recordbridge.ports.lists import RecordingFilter
from recordbridge.ports.rows import RecordingRow, RecordingStatus
from recordbridge.web.api import checks, foreign, pages, shapes, stored
from recordbridge.web.api.asking import Asking, Operation, nothing, reply, with_id
from recordbridge.web.api.checks import TEXT
from recordbridge.web.api.fields import Field

ROOT = "/v1/Account/{auth_id}/Recording/"
ENDED: tuple[RecordingStatus, ...] = ("ready", "failed")
RETRY_AFTER_S = "2"


async def listing(asking: Asking) -> web.StreamResponse:
    values = asking.values
    wanted = RecordingFilter(
        account=asking.account,
        call_uuid=values.get("call_uuid"),
        caller=values.get("from_number"),
        dialled=values.get("to_number"),
        status=ENDED,
        deleted=False,
        added=stored.narrowed(checks.span(dict(values), "add_time"), values, asking.now),
    )
    limit, offset = pages.place(asking)
    if foreign.exclude_all(values):
        return reply(
            shapes.Recordings(api_id=asking.api_id, meta=pages.meta(asking, 0), objects=[])
        )
    rows = await asking.api.lists.recordings(wanted, limit=limit, offset=offset)
    total = await asking.api.lists.count_recordings(wanted)
    return reply(
        shapes.Recordings(
            api_id=asking.api_id,
            meta=pages.meta(asking, total),
            objects=[_object(asking, row) for row in rows],
        )
    )


async def get(asking: Asking) -> web.StreamResponse:
    row = await ended(asking)
    return reply(with_id(shapes.OneRecording, _object(asking, row), asking.api_id))


async def delete(asking: Asking) -> web.StreamResponse:
    row = await found(asking)
    if row.status not in ENDED or not await asking.api.live.erase(row):
        raise web.HTTPConflict(text="the recording is still worked on: delete it when it is ready")
    return nothing()


async def ended(asking: Asking) -> RecordingRow:
    """The recording of the path; 404 with Retry-After until it is ready."""
    row = await found(asking)
    if row.status not in ENDED:
        raise web.HTTPNotFound(
            text="the recording is not ready yet", headers={"Retry-After": RETRY_AFTER_S}
        )
    return row


async def found(asking: Asking) -> RecordingRow:
    """The recording of the path. Raises 404."""
    row = await asking.api.lists.recording(asking.part("recording_id"))
    if row is None or row.account != asking.account or row.deleted_at is not None:
        raise web.HTTPNotFound(text="there is no such recording")
    return row


def _object(asking: Asking, row: RecordingRow) -> shapes.Recording:
    duration = row.duration_ms or 0
    start = row.start_ms if row.start_ms is not None else row.added_at
    url = ""
    if row.digest:
        url = asking.api.urls.record_url(row.account, row.recording_id, row.file_format, asking.now)
    return shapes.Recording(
        add_time=to_text(row.added_at),
        call_uuid=row.call_uuid,
        conference_name=None,
        from_number=row.caller,
        monthly_recording_storage_amount=0.0,
        recording_duration_ms=_ms(duration),
        recording_end_ms=_ms(row.end_ms if row.end_ms is not None else start),
        recording_format="mp3" if row.file_format == "mp3" else "wav",
        recording_id=row.recording_id,
        recording_start_ms=_ms(start),
        recording_storage_duration=stored.days(row.added_at, asking.now),
        recording_storage_rate=0.0,
        recording_type="normal",
        recording_url=url,
        resource_uri=asking.uri("Recording", row.recording_id),
        rounded_recording_duration=-(-duration // 60_000) * 60,
        to_number=row.dialled,
        pauses=_pauses(row.pauses),
    )


def _ms(value: Instant) -> str:
    return f"{value}.00000"


def _pauses(written: str) -> list[shapes.Pause]:
    spans = (each.partition("-") for each in written.split(",") if each)
    return [shapes.Pause(int(start), int(end) if end else None) for start, _, end in spans]


_FILTERS = (
    Field("call_uuid", checks.text, TEXT, "Of that call"),
    Field("from_number", checks.text, TEXT, "Of calls from that number"),
    Field("to_number", checks.text, TEXT, "Of calls to that number"),
    *checks.time_fields("add_time", "Begun"),
    foreign.SUBACCOUNT,
    *foreign.CONFERENCES,
    *stored.FIELDS,
    *checks.PAGING,
)

OPERATIONS = (
    Operation(
        "GET",
        ROOT,
        "listRecordings",
        "Recordings that have ended, newest first.",
        listing,
        replies=(shapes.Recordings,),
        query=_FILTERS,
    ),
    Operation(
        "GET",
        ROOT + "{recording_id}/",
        "getRecording",
        "One recording; 404 with Retry-After until it is ready.",
        get,
        replies=(shapes.OneRecording,),
    ),
    Operation(
        "DELETE",
        ROOT + "{recording_id}/",
        "deleteRecording",
        "Deletes every copy of its file, which answers 410 from then on.",
        delete,
        status=204,
        errors=(409,),
    ),
)
