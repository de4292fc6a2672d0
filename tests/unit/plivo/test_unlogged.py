"""Digits that nobody shall read afterwards (F-2: GetDigits, log)."""

from __future__ import annotations

import pytest

from recordbridge.plivo import unlogged

pytestmark = pytest.mark.rule("F-2")

SAID = {"Digits": "1234", "From": "15550001"}


def test_what_is_sent_is_what_was_entered() -> None:
    kept = unlogged.marked(SAID)
    assert unlogged.is_marked(kept)
    assert unlogged.sent(kept) == SAID
    assert list(unlogged.sent(kept)) == list(SAID), "in wire order"


def test_what_is_shown_does_not_tell_them() -> None:
    assert unlogged.shown(unlogged.marked(SAID)) == SAID | {"Digits": unlogged.HIDDEN}


@pytest.mark.parametrize("said", [SAID, {"From": "unlogged:1"}, {}])
def test_all_else_stays_as_it_is(said: dict[str, str]) -> None:
    assert not unlogged.is_marked(said)
    assert unlogged.sent(said) == unlogged.shown(said) == said


@pytest.mark.parametrize(
    ("wire", "masked"),
    [
        (b"Digits=12%23", b"Digits=[not logged]"),
        (b"From=1&Digits=12&To=2", b"From=1&Digits=[not logged]&To=2"),
        (b"MyDigits=12&X=Digits", b"MyDigits=12&X=Digits"),
    ],
)
def test_what_was_sent_is_masked_where_it_stands(wire: bytes, masked: bytes) -> None:
    assert unlogged.masked(wire) == masked
