"""Numbers, users, caller ids and headers, as they reach Asterisk."""

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordbridge.plivo import checks, dialled

HARMFUL = re.compile(r"[\s,&|/\\\"'<>$(){}`]")
"""What ends or extends a dial string, a caller id or a command."""


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("14155551111", "14155551111"),
        ("+1 (415) 555-1111", "+14155551111"),
        ("415.555.1111", "4155551111"),
        ("*97", "*97"),
        ("100#", "100#"),
    ],
)
def test_a_number_is_dialled_without_what_groups_it(text: str, number: str) -> None:
    assert dialled.number(text, []) == number
    assert dialled.caller_id(text, []) == number


@pytest.mark.parametrize("text", ["anonymous", "alice.b", "sip:bob@h:5060", "a-b"])
def test_a_caller_id_that_is_no_number_stays_as_it_is(text: str) -> None:
    assert dialled.caller_id(text, []) == text


def test_no_caller_id_is_the_callers_own() -> None:
    assert dialled.caller_id("", []) is None
    assert checks.name_or_none("  ", []) is None
    assert checks.name_or_none(" Ann ", []) == "Ann"


@given(st.text(max_size=12) | st.text("+(1) -.sip:bob@h;=,&/", max_size=12))
def test_nothing_passes_that_could_end_or_extend_a_dial_string(text: str) -> None:
    for check in (dialled.number, dialled.user, dialled.caller_id):
        with contextlib.suppress(ValueError):
            passed = check(text, [])
            assert passed is None or passed.isascii()
            assert passed is None or not HARMFUL.search(passed)


@pytest.mark.parametrize(
    ("text", "headers"),
    [
        ("", {}),
        ("  ", {}),
        ("Tenant=acme", {"X-PH-Tenant": "acme"}),
        ("a=1,b=2", {"X-PH-a": "1", "X-PH-b": "2"}),
        (" a = 1 , b = 2 ", {"X-PH-a": "1", "X-PH-b": "2"}),
        ("a=b=c", {"X-PH-a": "b=c"}),
        ("id=f81d4fae-7dec-11d0", {"X-PH-id": "f81d4fae-7dec-11d0"}),
        ("x-ph-Tenant=acme", {"X-PH-Tenant": "acme"}),
        ("a=1,A=2", {"X-PH-A": "2"}),
        (f"{'n' * 24}={'v' * 120}", {f"X-PH-{'n' * 24}": "v" * 120}),
    ],
)
def test_headers(text: str, headers: dict[str, str]) -> None:
    warnings: list[str] = []
    assert dialled.sip_headers(text, warnings) == headers
    assert warnings == []


@pytest.mark.parametrize(
    ("pair", "why"),
    [
        ("PH-a=1", "reserved"),
        ("Plivo=1", "reserved"),
        ("pLiVoThing=1", "reserved"),
        ("FS-a=1", "reserved"),
        ("SipAuthUser=1", "reserved"),
        ("zt-a=1", "reserved"),
        ("TwilioSid=1", "reserved"),
        ("ClientRegion=1", "reserved"),
        ("X-PH-PlivoId=1", "reserved"),
        ("a-b=1", "a name must be"),
        ("a_b=1", "a name must be"),
        ("\u00e9=1", "a name must be"),
        ("=1", "a name must be"),
        (f"{'n' * 25}=1", "a name must be"),
        ("a", "a value must be"),
        ("a=", "a value must be"),
        ("a=\u00e9", "a value must be"),
        ("a=b\r\nVia: x", "a value must be"),
        (f"a={'v' * 121}", "a value must be"),
    ],
)
def test_a_header_that_may_not_be_sent_is_dropped_and_the_others_are_not(
    pair: str, why: str
) -> None:
    warnings: list[str] = []
    assert dialled.sip_headers(f"good=1,{pair},ClientRegions=2", warnings) == {
        "X-PH-good": "1",
        "X-PH-ClientRegions": "2",
    }
    (warning,) = warnings
    assert why in warning
    assert len(warning.splitlines()) == 1


def test_a_hostile_number_of_headers_is_cut_short() -> None:
    warnings: list[str] = []
    headers = dialled.sip_headers(",".join(f"a{n}=1" for n in range(20_000)), warnings)
    assert len(headers) == 50
    assert warnings == ["only the first 50 of 20000 headers are looked at"]


@given(st.text(max_size=30))
def test_headers_of_anything_are_safe(text: str) -> None:
    for name, value in dialled.sip_headers(text, []).items():
        assert re.fullmatch(r"X-PH-[A-Za-z0-9]{1,24}", name)
        assert re.fullmatch(r"[ -~]{1,120}", value)


def test_of_equal_names_the_later_header_wins() -> None:
    assert dialled.merged({"X-PH-A": "1", "X-PH-B": "2"}, {"X-PH-a": "3"}) == {
        "X-PH-B": "2",
        "X-PH-a": "3",
    }


@pytest.mark.parametrize(
    ("text", "patterns"),
    [("", ()), ("1", ("1",)), ("1, 22 ,1", ("1", "22")), ("*9,#", ("*9", "#"))],
)
def test_patterns_of_digits(text: str, patterns: tuple[str, ...]) -> None:
    assert checks.patterns(text, []) == patterns


def test_more_digits_than_99_are_99() -> None:
    warnings: list[str] = []
    assert checks.whole(1, most=99)("100", warnings) == 99
    assert warnings == ["100 is more than 99, which is used instead"]
