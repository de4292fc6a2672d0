"""Rows of the database as the commands show them: names as in the REST API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from recordbridge.cli.output import Json
from recordbridge.cli.times import shown
from recordbridge.ports.rows import AttemptRow, CallRow, RecordingRow, RequestRow

Shown = Mapping[str, Json]


def delivery(row: RequestRow) -> Shown:
    """A request to an application."""
    return {
        "delivery_id": row.request_id,
        "state": row.state,
        "kind": row.kind,
        "attempt_count": row.attempts,
        "add_time": shown(row.created_at),
        "due_time": shown(row.due_at) if row.state == "waiting" else None,
        "method": row.method,
        "url": row.url,
        "call_uuid": row.call_uuid,
        "recording_id": row.recording_id,
        "account": row.account,
    }


def attempt(row: AttemptRow) -> Shown:
    """One attempt of it."""
    return {
        "number": row.number,
        "start_time": shown(row.started_at),
        "status": row.status,
        "error": row.error,
        "connect_ms": row.connect_ms,
        "first_byte_ms": row.first_byte_ms,
        "total_ms": row.total_ms,
        "sent": row.sent.decode(errors="replace"),
        "reply": row.reply.decode(errors="replace"),
    }


def recording(row: RecordingRow) -> Shown:
    """A recording."""
    return {
        "recording_id": row.recording_id,
        "status": row.status if row.deleted_at is None else "deleted",
        "mode": row.mode,
        "add_time": shown(row.added_at),
        "duration_ms": row.duration_ms,
        "end_reason": row.end_reason,
        "error": row.error,
        "from_number": row.caller,
        "to_number": row.dialled,
        "format": row.file_format,
        "size": row.size,
        "call_uuid": row.call_uuid,
        "application": row.application,
        "account": row.account,
    }


def call(row: CallRow) -> Shown:
    """A call."""
    return {
        "call_uuid": row.call_uuid,
        "status": row.status,
        "from_number": row.caller,
        "to_number": row.dialled,
        "entered_time": shown(row.entered_at),
        "answer_time": shown(row.answered_at),
        "end_time": shown(row.ended_at),
        "hangup_cause": row.hangup_cause,
        "asterisk": row.asterisk,
        "channel_id": row.channel_id,
        "application": row.application,
        "account": row.account,
    }


def table(rows: Sequence[Shown], columns: Sequence[str]) -> list[str]:
    """Lines for people; the widest value of a column makes its width."""
    cells = [[_text(row[name]) for name in columns] for row in rows]
    heads = [name.upper() for name in columns]
    widths = [max(len(line[n]) for line in [heads, *cells]) for n in range(len(columns))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in [heads, *cells]
    ]


def listed(row: Shown) -> list[str]:
    """One row, a line for each value that there is."""
    width = max(map(len, row))
    return [f"{name.ljust(width)}  {_text(value)}" for name, value in row.items() if value != ""]


def _text(value: Json) -> str:
    return "-" if value is None or value == "" else str(value)
