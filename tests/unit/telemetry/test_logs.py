"""Log lines as an operator's collector reads them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from recordbridge.telemetry.logs import Format, configure

pytestmark = pytest.mark.rule("O-2")

NOW = 1_767_225_600_007


@pytest.fixture(autouse=True)
def _undone() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_json_lines_carry_time_level_and_event() -> None:
    out = io.StringIO()
    configure("json", stream=out, clock=lambda: NOW)
    structlog.get_logger().warning("ari_disconnected", asterisk="pbx", reason="closed")
    assert lines(out) == [
        {
            "timestamp": "2026-01-01T00:00:00.007Z",
            "level": "warning",
            "event": "ari_disconnected",
            "asterisk": "pbx",
            "reason": "closed",
        }
    ]


def test_bound_ids_and_context_are_on_every_line() -> None:
    out = io.StringIO()
    configure("json", stream=out)
    with structlog.contextvars.bound_contextvars(call_uuid="c-1"):
        structlog.get_logger().bind(recording_id="r-1").info("recording_started")
    assert lines(out)[0].items() >= {"call_uuid": "c-1", "recording_id": "r-1"}.items()


def test_what_is_below_the_level_is_not_written() -> None:
    out = io.StringIO()
    configure("json", "warning", stream=out)
    log = structlog.get_logger()
    log.info("quiet")
    log.error("loud")
    assert [line["event"] for line in lines(out)] == ["loud"]


def test_an_exception_is_one_line() -> None:
    out = io.StringIO()
    configure("json", stream=out)
    try:
        int("broken")
    except ValueError:
        structlog.get_logger().exception("unexpected")
    assert "ValueError: invalid literal" in lines(out)[0]["exception"]


def test_what_json_does_not_know_is_told_all_the_same() -> None:
    out = io.StringIO()
    configure("json", stream=out)
    structlog.get_logger().info("odd", value=object, data=b"\xff", path={1: {"a"}})
    assert lines(out)[0]["event"] == "odd"


def test_libraries_speak_in_the_same_stream_from_warning_on() -> None:
    out = io.StringIO()
    configure("json", "debug", stream=out, clock=lambda: NOW)
    library = logging.getLogger("aiohttp.server")
    library.info("quiet")
    library.warning("slow %s", "peer")
    assert lines(out) == [
        {
            "timestamp": "2026-01-01T00:00:00.007Z",
            "level": "warning",
            "logger": "aiohttp.server",
            "event": "slow peer",
        }
    ]


def test_an_error_log_silences_the_warnings_of_libraries() -> None:
    out = io.StringIO()
    configure("json", "error", stream=out)
    logging.getLogger("alembic").warning("quiet")
    assert lines(out) == []


def test_pretty_is_for_people_and_has_no_colours_in_a_file() -> None:
    out = io.StringIO()
    configure("pretty", stream=out)
    structlog.get_logger().info("service_ready", port=8080)
    text = out.getvalue()
    assert "service_ready" in text
    assert "port=8080" in text
    assert "\x1b" not in text


@pytest.mark.rule("H-6")
@pytest.mark.parametrize("output", ["json", "pretty"])
def test_no_secret_reaches_the_stream(output: Format) -> None:
    out = io.StringIO()
    configure(output, stream=out)
    structlog.get_logger().error(
        "attempt",
        auth_token="s3cret",
        headers={"Authorization": "Basic s3cret"},
        url="https://user:s3cret@app.example/f.mp3?exp=1&sig=s3cret",
    )
    logging.getLogger("aiohttp").error("GET %s", "http://a/?token=s3cret&b=1")
    try:
        int("https://user:s3cret@app.example/")
    except ValueError:
        structlog.get_logger().exception("unexpected")
        logging.getLogger("aiohttp").exception("unexpected")
    assert "s3cret" not in out.getvalue()
    assert "app.example" in out.getvalue()
