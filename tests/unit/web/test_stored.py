"""The filters for how long a recording was stored agree with its field, for every age (E-3)."""

from __future__ import annotations

import operator
from itertools import product

import pytest

from recordbridge.ports.lists import Span
from recordbridge.web.api import stored

from .conftest import NOW

pytestmark = pytest.mark.rule("E-3")

COMPARE = {
    "": operator.eq,
    "__gt": operator.gt,
    "__gte": operator.ge,
    "__lt": operator.lt,
    "__lte": operator.le,
}
AGES_MS = [
    days * stored.DAY_MS + more for days in range(5) for more in (-1, 0, 1, stored.DAY_MS // 2)
]


def within(span: Span, at: int) -> bool:
    return (
        (span.after is None or at > span.after)
        and (span.since is None or at >= span.since)
        and (span.before is None or at < span.before)
        and (span.until is None or at <= span.until)
    )


@pytest.mark.parametrize("suffix", COMPARE)
@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_a_filter_is_what_its_field_says(suffix: str, number: int) -> None:
    span = stored.narrowed(Span(), {stored.NAME + suffix: number}, NOW)
    for age in AGES_MS:
        found = COMPARE[suffix](stored.days(NOW - age, NOW), number)
        assert within(span, NOW - age) == found, age


def test_several_and_add_time_hold_together() -> None:
    values = {stored.NAME + "__gte": 1, stored.NAME + "__lt": 3}
    for since, until in product((None, NOW - 2 * stored.DAY_MS), repeat=2):
        span = stored.narrowed(Span(since=since, until=until), values, NOW)
        for age in AGES_MS:
            at = NOW - age
            fits = 1 <= stored.days(at, NOW) < 3
            fits = fits and (since is None or at >= since) and (until is None or at <= until)
            assert within(span, at) == fits, age


def test_without_one_nothing_changes() -> None:
    span = Span(after=1, since=2, before=3, until=4)
    assert stored.narrowed(span, {}, NOW) == span
