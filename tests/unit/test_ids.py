"""Ids: as `uuid` makes them, taken apart as they were put together."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordbridge import ids

SEED = "00112233445566778899aabbccddeeff"
TEXT = st.text(st.characters(codec="utf-8"))


@pytest.mark.rule("E-7")
@given(TEXT, TEXT)
def test_a_call_uuid_is_a_uuid5_of_asterisk_and_channel(asterisk: str, channel: str) -> None:
    name = f"recordbridge:{asterisk}:{channel}"
    assert ids.call_uuid(asterisk, channel) == str(uuid.uuid5(uuid.NAMESPACE_URL, name))


@pytest.mark.rule("E-7")
@given(st.uuids(), st.integers())
def test_what_is_derived_is_a_uuid5_of_the_seed(seed: uuid.UUID, number: int) -> None:
    assert ids.derived(seed.hex, str(number)) == str(uuid.uuid5(seed, str(number)))


@given(st.uuids(), st.sampled_from(["snoop", "rec", "leg"]), st.integers(0, 10**6))
def test_an_object_id_is_taken_apart(call: uuid.UUID, kind: str, number: int) -> None:
    text = ids.object_id(str(call), kind, number)
    assert ids.parse_object_id(text) == (str(call), kind, number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1700000000.12",
        "rb-",
        f"rb-{SEED}",
        f"rb-{SEED}-",
        f"rb-{SEED}-7",
        f"rb-{SEED}-rec",
        f"rb-{SEED[1:]}-rec1",
        f"rb-{'g' * 32}-rec1",
        f"x-{SEED}-rec1",
        f"rb-{SEED}-rec1 ",
        f"rb-{SEED}-rec\N{ARABIC-INDIC DIGIT ONE}",
    ],
)
def test_others_ids_are_not_ours(text: str) -> None:
    assert ids.parse_object_id(text) is None
