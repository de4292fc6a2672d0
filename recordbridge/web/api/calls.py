"""Calls: list, get, hang up, transfer to another document (E-5)."""

from __future__ import annotations

from aiohttp import web

from recordbridge.engine import rows
from recordbridge.instant import Instant, to_text
from recordbridge.machine import reports
from recordbridge.machine.facts import HangupAsked, TransferAsked
from recordbridge.machine.state import Call
from recordbridge.plivo.parameters import whole_seconds
from recordbridge.plivo.retry import Target
from recordbridge.ports.lists import CallFilter
from recordbridge.ports.rows import CallRow
from recordbridge.web.api import checks, foreign, pages, shapes
from recordbridge.web.api.asking import Asking, Operation, agreed, no_call, nothing, reply, with_id
from recordbridge.web.api.checks import METHOD, TEXT, URL
from recordbridge.web.api.fields import Field, refused
from recordbridge.web.api.records import CALL, live_call

ROOT = "/v1/Account/{auth_id}/Call/"
FREE = "0.00000"


async def listing(asking: Asking) -> web.StreamResponse:
    values = asking.values
    status = values.get("status")
    wanted = CallFilter(
        account=asking.account,
        caller=values.get("from_number"),
        dialled=values.get("to_number"),
        direction=values.get("call_direction"),
        over=None if status is None else False,
        ended=checks.span(dict(values), "end_time"),
    )
    limit, offset = pages.place(asking)
    if status == "queued":  # nothing is ever queued: calls come in, they are not made here
        return reply(shapes.LiveCalls(api_id=asking.api_id, calls=[]))
    nothing_fits = foreign.exclude_all(values)
    found = []
    if not nothing_fits:
        found = await asking.api.lists.calls(wanted, limit=limit, offset=offset)
    if status == "live":
        ids = [row.call_uuid for row in found]
        return reply(shapes.LiveCalls(api_id=asking.api_id, calls=ids))
    total = 0 if nothing_fits else await asking.api.lists.count_calls(wanted)
    return reply(
        shapes.Calls(
            api_id=asking.api_id,
            meta=pages.meta(asking, total),
            objects=[_object(asking, rows.decode(row.state)) for row in found],
        )
    )


async def get(asking: Asking) -> web.StreamResponse:
    state = asking.api.live.state(asking.account, asking.part("call_uuid"))
    if state is None:
        row = await _row(asking)
        state = rows.decode(row.state)
    status = asking.values.get("status")
    if status is None:
        return reply(with_id(shapes.OneCall, _object(asking, state), asking.api_id))
    if status == "queued" or state.over:
        raise no_call()
    return reply(
        shapes.LiveCall(
            api_id=asking.api_id,
            call_status=reports.call_status(state),
            call_uuid=state.call_uuid,
            caller_name="",
            direction="inbound",
            from_=state.caller,
            request_uuid=state.call_uuid,
            session_start=to_text(state.entered_at),
            to=state.dialled,
        )
    )


async def _row(asking: Asking) -> CallRow:
    """By CallUUID or channel id."""
    lists, call = asking.api.lists, asking.part("call_uuid")
    row = await lists.call(call)
    if row is None:
        wanted = CallFilter(account=asking.account, channel_id=call)
        row = next(iter(await lists.calls(wanted, limit=1)), None)
    if row is None or row.account != asking.account:
        raise web.HTTPNotFound(text="there is no such call")
    return row


def _object(asking: Asking, call: Call) -> shapes.Call:
    cause = reports.ending(call)
    ended = call.ended_at
    until = asking.now if ended is None else ended
    billed = whole_seconds(until - call.answered_at) if call.answered_at else 0
    return shapes.Call(
        answer_time=_time(call.answered_at),
        bill_duration=billed,
        billed_duration=-(-billed // 60) * 60,
        call_direction="inbound",
        call_duration=whole_seconds(max(0, until - call.entered_at)),
        call_state="" if ended is None else "ANSWER" if call.answered_at else "NOANSWER",
        call_uuid=call.call_uuid,
        conference_uuid=None,
        end_time=_time(ended),
        from_number=call.caller,
        hangup_cause_code=cause.code if cause else 0,
        hangup_cause_name=cause.name if cause else "",
        hangup_source=cause.source if cause else "",
        initiation_time=to_text(call.entered_at),
        parent_call_uuid=None,
        resource_uri=asking.uri("Call", call.call_uuid),
        to_number=call.dialled,
        total_amount=FREE,
        total_rate=FREE,
    )


def _time(instant: Instant | None) -> str | None:
    return None if instant is None else to_text(instant)


async def hang_up(asking: Asking) -> web.StreamResponse:
    actor = await live_call(asking)
    told = await asking.api.live.ask(actor, HangupAsked("API Request", asking.api_id))
    agreed(told, "")
    return nothing()


async def transfer(asking: Asking) -> web.StreamResponse:
    values = asking.values
    target: Target | None = values.get("aleg_url")
    if target is None:
        raise refused("aleg_url", "must be given")
    wanted = Target(target.url, values.get("aleg_method", "POST"), target.retry)
    actor = await live_call(asking)
    told = await asking.api.live.ask(actor, TransferAsked(asking.api_id, wanted))
    agreed(told, "")
    return reply(shapes.Done(api_id=asking.api_id, message="call transferred"), 202)


_STATUS = Field(
    "status",
    checks.one_of("live", "queued"),
    {"type": "string", "enum": ["live", "queued"]},
    "live: only calls that have not ended, in the form of the hosted product; queued: none",
)
_FILTERS = (
    _STATUS,
    Field(
        "call_direction",
        checks.one_of("inbound", "outbound"),
        {"type": "string", "enum": ["inbound", "outbound"]},
        "All calls are inbound",
    ),
    Field("from_number", checks.text, TEXT, "From that number"),
    Field("to_number", checks.text, TEXT, "To that number"),
    *checks.time_fields("end_time", "Ended"),
    foreign.SUBACCOUNT,
    foreign.PARENT,
    *checks.PAGING,
)
_TRANSFER = (
    Field("aleg_url", checks.target, URL, "Where the next document is", required=True),
    Field("aleg_method", checks.one_of("GET", "POST"), METHOD, "POST by default"),
    Field("legs", checks.one_of("aleg"), {"enum": ["aleg"]}, "Only the caller's leg has documents"),
)

OPERATIONS = (
    Operation(
        "GET",
        ROOT,
        "listCalls",
        "Calls, newest first.",
        listing,
        replies=(shapes.Calls, shapes.LiveCalls),
        query=_FILTERS,
    ),
    Operation(
        "GET",
        CALL,
        "getCall",
        "One call, by CallUUID or channel id.",
        get,
        replies=(shapes.OneCall, shapes.LiveCall),
        query=(_STATUS,),
    ),
    Operation("DELETE", CALL, "hangUp", "Hangs the call up.", hang_up, status=204),
    Operation(
        "POST",
        CALL,
        "transfer",
        "Stops what the call does and moves it to another document.",
        transfer,
        status=202,
        replies=(shapes.Done,),
        body=_TRANSFER,
        errors=(409,),
    ),
)
