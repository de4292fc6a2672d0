"""Whatever stands in a fragment: it is never sent, and what comes of it is within its ranges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordbridge.plivo.retry import Retry, Target, parse_target

PRINTABLE = st.text(st.characters(categories=("L", "N", "P", "S"), exclude_characters="\\"))
NUMBERS = st.integers(-100_000, 100_000).map(str)
PAIRS = st.tuples(
    st.sampled_from(["ct", "rt", "tt", "rc", "rp", "er", "x", ""]),
    st.one_of(NUMBERS, PRINTABLE, st.sampled_from(["5xx", "all,ct", "4xx,,rt"])),
).map("=".join)
FRAGMENTS = st.one_of(PRINTABLE, st.lists(PAIRS, max_size=8).map("&".join))


def within(retry: Retry) -> bool:
    return (
        100 <= retry.connect_ms <= 10_000
        and 100 <= retry.read_ms <= 40_000
        and 100 <= retry.total_ms <= 55_000
        and 0 <= retry.retries <= 5
        and len(retry.on) > 0
        and set(retry.on) <= {"4xx", "5xx", "ct", "rt", "all"}
    )


@pytest.mark.rule("H-1")
@given(FRAGMENTS)
def test_a_fragment_never_rejects_and_is_never_sent(fragment: str) -> None:
    target, _ = parse_target(f"https://h/x#{fragment}"[:2000], "POST")
    assert target.url == "https://h/x"
    assert within(target.retry)


@given(st.text(max_size=60).map(lambda text: f"https://{text}"))
def test_a_url_is_refused_or_comes_out_stable_and_ascii(text: str) -> None:
    try:
        target, _ = parse_target(text, "GET")
    except ValueError:
        return
    assert target.url.isascii()
    assert not any(c <= " " for c in target.url)
    assert parse_target(target.url, "GET")[0] == Target(target.url, "GET")
