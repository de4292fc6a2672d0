"""`recordbridge recordings`, `calls` and `deliveries`: what the database knows (O-4).

They read beside a running service, or when there is none. Rows go to stdout.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from recordbridge.cli import shown
from recordbridge.cli.composition import app
from recordbridge.cli.output import FAILED, GOOD, give, say
from recordbridge.cli.shown import Shown
from recordbridge.ports.lists import CallFilter, Lists, RecordingFilter, RequestFilter, Span
from recordbridge.settings import Settings

DELIVERIES = ("delivery_id", "state", "kind", "attempt_count", "add_time", "due_time", "url")
ATTEMPTS = ("number", "start_time", "status", "total_ms", "error")
RECORDINGS = (
    "recording_id", "status", "mode", "add_time", "duration_ms", "from_number", "to_number",
    "end_reason", "error",
)  # fmt: skip
CALLS = ("call_uuid", "status", "from_number", "to_number", "entered_time", "end_time")
ALL_OF_A_CALL = 1000

_Row = TypeVar("_Row")
Given = argparse.Namespace


def deliveries(settings: Settings, given: Given) -> int:
    """List the requests that the options let through."""
    wanted = request_filter(given)

    async def ask(lists: Lists) -> tuple[list[Shown], int]:
        return await _page(
            lists.requests(wanted, limit=given.limit, offset=given.offset),
            lists.count_requests(wanted),
            shown.delivery,
        )

    return _list(*app().look(settings, ask), DELIVERIES, given)


def delivery(settings: Settings, given: Given) -> int:
    """Show one request with its attempts."""

    async def ask(lists: Lists) -> tuple[Shown, list[Shown]] | None:
        row = await lists.request(given.id)
        if row is None:
            return None
        tries = await lists.attempts_of(row.request_id)
        return shown.delivery(row), [shown.attempt(each) for each in tries]

    found = app().look(settings, ask)
    if found is None:
        return _nothing(f"delivery {given.id}")
    row, tries = found
    return _show(row, {"attempts": (tries, ATTEMPTS)}, given)


def recordings(settings: Settings, given: Given) -> int:
    """List the recordings that the options let through."""
    wanted = RecordingFilter(
        account=given.account,
        call_uuid=given.call,
        caller=given.caller,
        dialled=given.dialled,
        status=given.status,
        added=_span(given),
    )

    async def ask(lists: Lists) -> tuple[list[Shown], int]:
        return await _page(
            lists.recordings(wanted, limit=given.limit, offset=given.offset),
            lists.count_recordings(wanted),
            shown.recording,
        )

    return _list(*app().look(settings, ask), RECORDINGS, given)


def recording(settings: Settings, given: Given) -> int:
    """Show one recording with the requests about it."""

    async def ask(lists: Lists) -> tuple[Shown, list[Shown]] | None:
        row = await lists.recording(given.id)
        if row is None:
            return None
        wanted = RequestFilter(recording_id=row.recording_id)
        found = await lists.requests(wanted, limit=ALL_OF_A_CALL)
        return shown.recording(row), [shown.delivery(each) for each in reversed(found)]

    found = app().look(settings, ask)
    if found is None:
        return _nothing(f"recording {given.id}")
    row, requests = found
    return _show(row, {"deliveries": (requests, DELIVERIES)}, given)


def calls(settings: Settings, given: Given) -> int:
    """List the calls that the options let through."""
    wanted = CallFilter(
        account=given.account,
        asterisk=given.asterisk,
        caller=given.caller,
        dialled=given.dialled,
        over=False if given.live else None,
        entered=_span(given),
    )

    async def ask(lists: Lists) -> tuple[list[Shown], int]:
        return await _page(
            lists.calls(wanted, limit=given.limit, offset=given.offset),
            lists.count_calls(wanted),
            shown.call,
        )

    return _list(*app().look(settings, ask), CALLS, given)


def call(settings: Settings, given: Given) -> int:
    """Show one call with its recordings and its requests."""

    async def ask(lists: Lists) -> tuple[Shown, list[Shown], list[Shown]] | None:
        row = await lists.call(given.id)
        if row is None:
            return None
        wanted = RecordingFilter(call_uuid=row.call_uuid)
        kept = await lists.recordings(wanted, limit=ALL_OF_A_CALL)
        requests = await lists.requests_of(row.call_uuid)
        return (
            shown.call(row),
            [shown.recording(each) for each in reversed(kept)],
            [shown.delivery(each) for each in requests],
        )

    found = app().look(settings, ask)
    if found is None:
        return _nothing(f"call {given.id}")
    row, kept, requests = found
    parts = {"recordings": (kept, RECORDINGS), "deliveries": (requests, DELIVERIES)}
    return _show(row, parts, given)


def request_filter(given: Given) -> RequestFilter:
    """What the options of `deliveries` let through."""
    return RequestFilter(
        account=given.account,
        call_uuid=given.call,
        recording_id=given.recording,
        state=given.state,
        host=given.host,
        created=_span(given),
    )


def _span(given: Given) -> Span:
    return Span(since=given.since, before=given.until)


async def _page(
    rows: Awaitable[Sequence[_Row]], total: Awaitable[int], show: Callable[[_Row], Shown]
) -> tuple[list[Shown], int]:
    found, number = await asyncio.gather(rows, total)
    return [show(each) for each in found], number


def _list(rows: list[Shown], total: int, columns: Sequence[str], given: Given) -> int:
    if given.json:
        give({"objects": rows, "total_count": total})
        return GOOD
    if rows:
        print("\n".join(shown.table(rows, columns)))
    say(f"{len(rows)} of {total}, newest first")
    return GOOD


def _show(row: Shown, parts: Mapping[str, tuple[list[Shown], Sequence[str]]], given: Given) -> int:
    if given.json:
        give({**row, **{name: rows for name, (rows, _) in parts.items()}})
        return GOOD
    print("\n".join(shown.listed(row)))
    for name, (rows, columns) in parts.items():
        print(f"\n{name}: {len(rows)}")
        if rows:
            print("\n".join(shown.table(rows, columns)))
    return GOOD


def _nothing(what: str) -> int:
    say(f"recordbridge: there is no {what}")
    return FAILED
