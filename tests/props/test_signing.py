"""E-4: there is no second text that a signed address could be changed into."""

from __future__ import annotations

import re
import string
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordbridge.web.signing import RecordUrls

ID = "0e4b0a51-55c4-4c1e-9c5b-9df4ac53c0aa"
NOW = 1_790_000_000_000
URLS = RecordUrls("http://h", ["first", "second"], 30)
URL = URLS.record_url("MA1", ID, "mp3", NOW)
START = URL.index("/v1/")
CHARACTERS = (
    st.sampled_from(string.ascii_letters + string.digits + "-_.~%&=+/?;# ") | st.characters()
)


def accepted(url: str) -> bool:
    parts = urlsplit(url)
    found = re.fullmatch(r"/v1/Account/([^/]+)/Recording/(.+)\.(mp3|wav)", parts.path)
    return found is not None and URLS.verify(found[1], found[2], found[3], parts.query, NOW)


def test_the_address_itself_is_accepted() -> None:
    assert accepted(URL)


@pytest.mark.rule("E-4")
@given(st.integers(START, len(URL) - 1), CHARACTERS)
def test_no_replaced_character_is_accepted(position: int, character: str) -> None:
    changed = URL[:position] + character + URL[position + 1 :]
    assert changed == URL or not accepted(changed)


@pytest.mark.rule("E-4")
@given(st.integers(START + 1, len(URL)), CHARACTERS.filter(lambda c: c not in "#\t\r\n"))
def test_no_inserted_character_is_accepted(position: int, character: str) -> None:
    """(A fragment is never sent, and line ends are cut from any URL before it is.)"""
    assert not accepted(URL[:position] + character + URL[position:])


@pytest.mark.rule("E-4")
@given(st.integers(START, len(URL) - 1))
def test_no_left_out_character_is_accepted(position: int) -> None:
    assert not accepted(URL[:position] + URL[position + 1 :])


@pytest.mark.rule("E-4")
@given(st.text(alphabet=string.ascii_letters + string.digits + "-_", min_size=43, max_size=43))
def test_no_guessed_signature_is_accepted(guess: str) -> None:
    assert not accepted(URL[:-43] + guess)
