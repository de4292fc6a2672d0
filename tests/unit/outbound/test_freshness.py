"""How long an answer is used again, from what its headers say."""

from __future__ import annotations

import pytest

from recordbridge.outbound.freshness import LEAST_S, MOST_S, directives, fresh_s, may_be_kept


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, LEAST_S),
        ({"Cache-Control": "max-age=600"}, 600),
        ({"Cache-Control": "public, Max-Age=600 , immutable"}, 600),
        ({"Cache-Control": 'max-age="600"'}, 600),
        ({"Cache-Control": "max-age=600", "Age": "100"}, 500),
        ({"Cache-Control": "max-age=600", "Age": "595"}, LEAST_S),
        ({"Cache-Control": "max-age=600", "Age": "soon"}, 600),
        ({"Cache-Control": "max-age=0"}, LEAST_S),
        ({"Cache-Control": "max-age=-5"}, LEAST_S),
        ({"Cache-Control": "max-age=ever"}, LEAST_S),
        ({"Cache-Control": "max-age=" + "9" * 12}, MOST_S),
        ({"Cache-Control": "no-cache, max-age=600"}, LEAST_S),
        ({"Cache-Control": "no-store, max-age=600"}, LEAST_S),
        ({"Cache-Control": ",,;=,"}, LEAST_S),
    ],
)
def test_fresh_for(headers: dict[str, str], seconds: int) -> None:
    assert fresh_s(headers) == seconds


def test_what_must_not_be_stored_is_fetched_anew() -> None:
    assert may_be_kept({"Cache-Control": "no-cache"})
    assert not may_be_kept({"Cache-Control": "private, no-store"})


def test_directives_with_and_without_values() -> None:
    told = directives('private="set-cookie, x", max-age=5,no-cache')
    assert told == {"private": "set-cookie, x", "max-age": "5", "no-cache": ""}
