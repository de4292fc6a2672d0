"""RFC 9110, sections 13 and 14, as a table."""

from __future__ import annotations

import pytest

from recordbridge.web.ranges import Plan, plan

TAG = "abc123"
SIZE = 1000
WHOLE = Plan(200, 0, SIZE)


def part(first: int, last: int, size: int = SIZE) -> Plan:
    return Plan(206, first, last - first + 1, f"bytes {first}-{last}/{size}")


NONE = Plan(416, content_range=f"bytes */{SIZE}")
HUGE = "9" * 5000


@pytest.mark.rule("E-4")
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # single ranges
        ("bytes=0-0", part(0, 0)),
        ("bytes=0-499", part(0, 499)),
        ("bytes=500-999", part(500, 999)),
        ("bytes=999-999", part(999, 999)),
        ("bytes=0-999", part(0, 999)),
        ("bytes=0-1000", part(0, 999)),
        (f"bytes=10-{HUGE}", part(10, 999)),
        ("bytes=0000-0009", part(0, 9)),
        # open-ended
        ("bytes=0-", part(0, 999)),
        ("bytes=999-", part(999, 999)),
        # suffixes
        ("bytes=-1", part(999, 999)),
        ("bytes=-500", part(500, 999)),
        ("bytes=-1000", part(0, 999)),
        ("bytes=-5000", part(0, 999)),
        (f"bytes=-{HUGE}", part(0, 999)),
        # spelling
        ("Bytes=1-2", part(1, 2)),
        ("BYTES=1-2", part(1, 2)),
        ("bytes= 1-2 ", part(1, 2)),
        # not satisfiable
        ("bytes=1000-", NONE),
        ("bytes=1000-1001", NONE),
        (f"bytes={HUGE}-", NONE),
        ("bytes=-0", NONE),
        # no range: the header is ignored
        ("bytes=5-4", WHOLE),
        ("bytes=2000-1000", WHOLE),
        ("bytes=", WHOLE),
        ("bytes=-", WHOLE),
        ("bytes", WHOLE),
        ("bytes=a-b", WHOLE),
        ("bytes=1-2x", WHOLE),
        ("bytes=--1", WHOLE),
        ("bytes=+1-2", WHOLE),
        ("bytes=1.5-2", WHOLE),
        ("bytes=١-٢", WHOLE),
        ("bytes = 1-2", WHOLE),
        ("0-10", WHOLE),
        ("seconds=0-10", WHOLE),
        ("", WHOLE),
        # several ranges: the whole file
        ("bytes=0-0,5-9", WHOLE),
        ("bytes=0-0, -1", WHOLE),
        ("bytes=5000-,6000-", WHOLE),
        ("bytes=0-1, bytes=2-3", WHOLE),
    ],
)
def test_a_range(value: str, expected: Plan) -> None:
    assert plan("GET", {"Range": value}, SIZE, TAG) == expected


@pytest.mark.rule("E-4")
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("bytes=0-", Plan(416, content_range="bytes */0")),
        ("bytes=0-0", Plan(416, content_range="bytes */0")),
        ("bytes=-0", Plan(416, content_range="bytes */0")),
        ("bytes=-5", Plan(200, 0, 0)),
    ],
)
def test_a_range_of_nothing(value: str, expected: Plan) -> None:
    assert plan("GET", {"Range": value}, 0, TAG) == expected


@pytest.mark.rule("E-4")
@pytest.mark.parametrize(
    ("value", "honoured"),
    [
        ('"abc123"', True),
        (' "abc123" ', True),
        ('"other"', False),
        ('W/"abc123"', False),
        ("abc123", False),
        ("*", False),
        ('"abc123", "other"', False),
        ("Sat, 29 Oct 1994 19:43:31 GMT", False),
        ("", False),
    ],
)
def test_if_range_takes_our_strong_etag_only(value: str, honoured: bool) -> None:
    found = plan("GET", {"Range": "bytes=0-9", "If-Range": value}, SIZE, TAG)
    assert found == (part(0, 9) if honoured else WHOLE)


def test_if_range_without_range_is_ignored() -> None:
    assert plan("GET", {"If-Range": '"other"'}, SIZE, TAG) == WHOLE


def test_ranges_are_for_get() -> None:
    assert plan("HEAD", {"Range": "bytes=0-9"}, SIZE, TAG) == WHOLE
    assert plan("HEAD", {"Range": "bytes=5000-"}, SIZE, TAG) == WHOLE


@pytest.mark.rule("E-4")
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("If-None-Match", '"abc123"', 304),
        ("If-None-Match", 'W/"abc123"', 304),
        ("If-None-Match", '"other", "abc123"', 304),
        ("If-None-Match", '"other","abc123" , "third"', 304),
        ("If-None-Match", "*", 304),
        ("If-None-Match", '"other"', 200),
        ("If-None-Match", "abc123", 200),
        ("If-None-Match", "", 200),
        ("If-Match", '"abc123"', 200),
        ("If-Match", "*", 200),
        ("If-Match", '"other", "abc123"', 200),
        ("If-Match", '"other"', 412),
        ("If-Match", 'W/"abc123"', 412),
        ("If-Match", "", 412),
        ("If-Modified-Since", "Sat, 29 Oct 2044 19:43:31 GMT", 200),
        ("If-Unmodified-Since", "Sat, 29 Oct 1994 19:43:31 GMT", 200),
    ],
)
def test_a_condition(method: str, name: str, value: str, status: int) -> None:
    assert plan(method, {name: value}, SIZE, TAG).status == status


def test_conditions_come_before_ranges() -> None:
    wanted = {"Range": "bytes=5000-"}
    assert plan("GET", wanted | {"If-None-Match": '"abc123"'}, SIZE, TAG).status == 304
    assert plan("GET", wanted | {"If-Match": '"other"'}, SIZE, TAG).status == 412
    both = {"If-Match": '"other"', "If-None-Match": '"abc123"'}
    assert plan("GET", both, SIZE, TAG).status == 412
