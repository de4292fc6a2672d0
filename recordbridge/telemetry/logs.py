"""Logging: structured events of ours, and what libraries say, in one stream (O-2, H-6).

The law: a line is an event with ids, never prose; JSON lines carry `timestamp` (ISO 8601, UTC,
milliseconds), `level` and `event`; no secret reaches a stream, whatever a caller passes. Events
below the level cost one method call.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import Literal, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from recordbridge.instant import Clock, SystemClock, to_datetime
from recordbridge.telemetry.redaction import redacted

Format = Literal["json", "pretty"]
Level = Literal["debug", "info", "warning", "error"]

LEVELS: Mapping[str, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def configure(
    output: Format = "pretty",
    level: Level = "info",
    *,
    stream: TextIO | None = None,
    clock: Clock | None = None,
) -> None:
    """Set up logging for the process: once, before the first event; again for another stream.

    `stream` is the process's stderr unless told; loggers of libraries speak from warning on.
    """
    out = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _head(clock or SystemClock()),
        redacted,
    ]
    ends = _ends(output, colors=out.isatty())
    structlog.configure(
        processors=[*shared, *ends],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=True,
    )
    _adopt_libraries(out, shared, ends, max(LEVELS[level], logging.WARNING))


def _ends(output: Format, *, colors: bool) -> list[Processor]:
    if output == "json":
        return [_json]
    # plain tracebacks: pretty ones show local variables, and with them secrets
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)]


def _json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    first: EventDict = {
        "timestamp": event.pop("timestamp"),
        "level": event.pop("level"),
        "event": event.pop("event"),
    }
    return msgspec.json.encode({**first, **event}, enc_hook=repr).decode()


def _head(clock: Clock) -> Processor:
    """Adds `timestamp`, whose text is made once for a second, and `level`; exceptions as text."""
    known: tuple[int, str] = (0, "")
    exceptions = structlog.processors.format_exc_info

    def add(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        nonlocal known
        second, millisecond = divmod(clock(), 1000)
        if second != known[0]:
            known = (second, to_datetime(second * 1000).strftime("%Y-%m-%dT%H:%M:%S"))
        event["timestamp"] = f"{known[1]}.{millisecond:03d}Z"
        event["level"] = method
        return exceptions(logger, method, event) if "exc_info" in event else event

    return add


def _adopt_libraries(out: TextIO, shared: list[Processor], ends: list[Processor], at: int) -> None:
    """Make the standard library's root logger write the same kind of lines to the same stream."""
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ends],
        )
    )
    logging.basicConfig(handlers=[handler], level=at, force=True)
