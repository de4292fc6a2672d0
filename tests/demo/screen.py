"""What the demo prints: plain text, readable in a log too."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from tests.demo.scenes import of_path
from tests.demo.verdict import DOCUMENTED, EXTENSIONS, STANDARD, Outcome, of_file, signed
from tests.receiver import Received

MARKS = ("✓", "✗")


def say(*lines: str) -> None:
    """At once, also into a pipe."""
    print(*lines, sep="\n", flush=True)


def mark(good: bool) -> str:
    """A check mark, or a cross; words where the output cannot carry them."""
    encodable = "utf" in (sys.stdout.encoding or "").lower()
    return (MARKS if encodable else ("yes", "NO"))[not good]


def clock(at_ms: int) -> str:
    """The time of day."""
    local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone()
    return local.strftime("%H:%M:%S.%f")[:-3]


def request(received: Received, token: str) -> str:
    """One request as a block: first what is said of the recording, then of the call."""
    known = of_path(received.path)
    title, what = ("", received.path) if known is None else (known[0].title, known[1])
    answers = "" if known is None else known[0].elements
    head = f"{clock(received.at)}  {received.method} {what}  ({title})"
    if what == "answer":
        dialled = received.params.get("To", "?")
        return f"{head}\n  a call to {dialled}: the application answers with {answers}"
    params = received.params
    width = max(map(len, (*params, *DOCUMENTED)))
    order = (*DOCUMENTED, *EXTENSIONS, *STANDARD)
    names = [name for name in order if name in params]
    names += [name for name in params if name not in order]
    lines = [f"  {name:<{width}}  {_value(name, params)}" for name in names]
    good = "valid" if signed(received, token) else "NOT VALID"
    delivery = received.headers.get("X-Recordbridge-Delivery", "missing")
    lines += [
        f"  {'signatures V2, V3':<{width}}  {good}",
        f"  {'delivery id':<{width}}  {delivery}",
    ]
    return "\n".join([head, *lines])


def _value(name: str, params: Mapping[str, str]) -> str:
    if name == "RecordFile" and params[name] == params.get("RecordUrl"):
        return "(the same as RecordUrl, for older applications)"
    return params[name]


HEAD = ("recording", "ended by", "Digits", "DurationMs", "file, ms", "bytes", "format",
        "channels", "action", "callback", "file", "signed")  # fmt: skip
RIGHT = (3, 4, 5, 7)


def table(outcomes: Sequence[Outcome], token: str) -> str:
    """A row for each recording."""
    rows = [HEAD, *(_row(outcome, token) for outcome in outcomes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return "\n".join("  ".join(_cells(row, widths)).rstrip() for row in rows)


def _cells(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [
        text.rjust(width) if column in RIGHT else text.ljust(width)
        for column, (text, width) in enumerate(zip(row, widths, strict=True))
    ]


def _row(outcome: Outcome, token: str) -> tuple[str, ...]:
    params = outcome.params
    came = [request for request in (outcome.action, outcome.callback) if request is not None]
    reported = params.get("RecordingDurationMs", "")
    return (
        params.get("RecordingID", "-")[:8],
        params.get("RecordingEndReason", "-"),
        params.get("Digits", "-"),
        reported or "-",
        str(outcome.length or "-"),
        str(len(outcome.data)) if outcome.data is not None else "-",
        outcome.scene.file_format,
        str(outcome.length.channels) if outcome.length else "-",
        mark(outcome.action is not None),
        mark(outcome.callback is not None),
        mark(outcome.length is not None and not of_file(outcome)),
        mark(len(came) == 2 and all(signed(each, token) for each in came)),
    )
