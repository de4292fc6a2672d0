"""Requests to applications: list, get with every attempt, send again (E-5, H-6)."""

from __future__ import annotations

import msgspec
from aiohttp import web

from recordbridge.instant import to_text
from recordbridge.ports.lists import RequestFilter
from recordbridge.ports.rows import AttemptRow, RequestRow, RequestState
from recordbridge.web.api import checks, pages, shapes
from recordbridge.web.api.asking import Asking, Operation, reply
from recordbridge.web.api.checks import TEXT
from recordbridge.web.api.fields import Field

ROOT = "/v1/Account/{auth_id}/Delivery/"
STATES: tuple[RequestState, ...] = ("waiting", "sending", "delivered", "parked", "gone")
UNDELIVERED: tuple[RequestState, ...] = ("parked", "gone")


async def listing(asking: Asking) -> web.StreamResponse:
    wanted = _filter(asking)
    limit, offset = pages.place(asking)
    found = await asking.api.lists.requests(wanted, limit=limit, offset=offset)
    total = await asking.api.lists.count_requests(wanted)
    return reply(
        shapes.Deliveries(
            api_id=asking.api_id,
            meta=pages.meta(asking, total),
            objects=[_object(asking, row) for row in found],
        )
    )


async def get(asking: Asking) -> web.StreamResponse:
    row = await _row(asking)
    attempts = await asking.api.lists.attempts_of(row.request_id)
    return reply(
        shapes.OneDelivery(
            api_id=asking.api_id,
            attempts=[_attempt(each) for each in attempts],
            **msgspec.structs.asdict(_object(asking, row)),
        )
    )


async def replay(asking: Asking) -> web.StreamResponse:
    row = await _row(asking)
    if row.wants_document:
        raise web.HTTPConflict(text="it asked for a document, which nobody waits for any more")
    await asking.api.replays.replay([row.request_id])
    return reply(shapes.Replayed(api_id=asking.api_id, replayed=1), 202)


async def replay_all(asking: Asking) -> web.StreamResponse:
    """Those that there are now; what is added meanwhile is not among them."""
    wanted = _filter(asking, UNDELIVERED, wants_document=False)
    found = await asking.api.lists.request_ids(wanted)
    await asking.api.replays.replay(found)
    return reply(shapes.Replayed(api_id=asking.api_id, replayed=len(found)), 202)


def _filter(
    asking: Asking,
    states: tuple[RequestState, ...] | None = None,
    *,
    wants_document: bool | None = None,
) -> RequestFilter:
    values = asking.values
    return RequestFilter(
        account=asking.account,
        call_uuid=values.get("call_uuid"),
        recording_id=values.get("recording_id"),
        state=values.get("state", states),
        host=values.get("host"),
        wants_document=wants_document,
        created=checks.span(dict(values), "add_time"),
    )


async def _row(asking: Asking) -> RequestRow:
    row = await asking.api.lists.request(asking.part("delivery_id"))
    if row is None or row.account != asking.account:
        raise web.HTTPNotFound(text="there is no such delivery")
    return row


def _object(asking: Asking, row: RequestRow) -> shapes.Delivery:
    return shapes.Delivery(
        add_time=to_text(row.created_at),
        attempt_count=row.attempts,
        call_uuid=row.call_uuid,
        delivery_id=row.request_id,
        due_time=to_text(row.due_at) if row.state == "waiting" else None,
        kind=row.kind,
        method=row.method,
        recording_id=row.recording_id,
        resource_uri=asking.uri("Delivery", row.request_id),
        state=row.state,
        url=row.url,
    )


def _attempt(row: AttemptRow) -> shapes.Attempt:
    return shapes.Attempt(
        number=row.number,
        start_time=to_text(row.started_at),
        connect_ms=row.connect_ms,
        first_byte_ms=row.first_byte_ms,
        total_ms=row.total_ms,
        status=row.status,
        error=row.error,
        sent=row.sent.decode(errors="replace"),
        reply=row.reply.decode(errors="replace"),
    )


_FILTERS = (
    Field("state", checks.one_of(*STATES), {"type": "string", "enum": [*STATES]}, "In that state"),
    Field("host", checks.text, TEXT, "To that host, or host:port"),
    Field("call_uuid", checks.text, TEXT, "About that call"),
    Field("recording_id", checks.text, TEXT, "About that recording"),
    *checks.time_fields("add_time", "Made"),
)

OPERATIONS = (
    Operation(
        "GET",
        ROOT,
        "listDeliveries",
        "Requests to applications, newest first.",
        listing,
        replies=(shapes.Deliveries,),
        query=(*_FILTERS, *checks.PAGING),
    ),
    Operation(
        "POST",
        ROOT + "Replay/",
        "replayDeliveries",
        "Sends requests again, under their ids: those that the filters let through, without `state`"
        " those that were given up (parked, gone). Requests for documents are left out.",
        replay_all,
        status=202,
        replies=(shapes.Replayed,),
        query=_FILTERS,
        body=_FILTERS,
    ),
    Operation(
        "GET",
        ROOT + "{delivery_id}/",
        "getDelivery",
        "One request, with every attempt.",
        get,
        replies=(shapes.OneDelivery,),
    ),
    Operation(
        "POST",
        ROOT + "{delivery_id}/Replay/",
        "replayDelivery",
        "Sends the request again, at once and under its id.",
        replay,
        status=202,
        replies=(shapes.Replayed,),
        errors=(409,),
    ),
)
