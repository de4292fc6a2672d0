"""E-4: an address is valid exactly as it was given out, for as long as it was given."""

from __future__ import annotations

import re
import string
from urllib.parse import urlsplit

import pytest

from recordbridge.web.signing import RecordUrls, recording_id_of

ID = "0e4b0a51-55c4-4c1e-9c5b-9df4ac53c0aa"
NOW = 1_790_000_000_000
DAY = 86_400_000
NEVER_SENT = str.maketrans("", "", "\t\r\n")
"""What clients cut from a URL before they send it; a fragment is not sent either."""


def urls(*keys: str, ttl_days: int = 30) -> RecordUrls:
    return RecordUrls("https://rec.example.com/base/", keys, ttl_days)


def verified(checker: RecordUrls, url: str, now: int) -> bool:
    """What the door does with a URL."""
    found = re.fullmatch(
        r"/base/v1/Account/([^/]+)/Recording/([^/]+)\.(mp3|wav)", urlsplit(url).path
    )
    return found is not None and checker.verify(
        found[1], found[2], found[3], urlsplit(url).query, now
    )


@pytest.mark.rule("E-4")
def test_the_url_ends_in_the_extension_before_its_query() -> None:
    url = urls("k").record_url("MA1", ID, "mp3", NOW)
    assert re.fullmatch(
        rf"https://rec\.example\.com/base/v1/Account/MA1/Recording/{ID}\.mp3"
        r"\?exp=\d+&kid=[0-9a-f]{8}&sig=[\w-]{43}",
        url,
    )
    assert recording_id_of(url) == ID


@pytest.mark.rule("E-4")
@pytest.mark.parametrize("access", ["basic", "public"])
def test_other_access_has_no_query(access: str) -> None:
    url = RecordUrls("http://h", [], 30, access).record_url("MA1", ID, "wav", NOW)  # type: ignore[arg-type]  # a plain str of two allowed ones
    assert url == f"http://h/v1/Account/MA1/Recording/{ID}.wav"
    assert recording_id_of(url) == ID


@pytest.mark.rule("E-4")
def test_it_holds_for_its_days_and_not_longer() -> None:
    checker = urls("k", ttl_days=3)
    url = checker.record_url("MA1", ID, "mp3", NOW)
    assert verified(checker, url, NOW)
    assert verified(checker, url, NOW + 3 * DAY)
    assert not verified(checker, url, NOW + 3 * DAY + 1)


@pytest.mark.rule("E-4")
def test_0_days_are_for_ever() -> None:
    checker = urls("k", ttl_days=0)
    url = checker.record_url("MA1", ID, "mp3", NOW)
    assert "?exp=0&" in url
    assert verified(checker, url, NOW + 100_000 * DAY)


@pytest.mark.rule("E-4")
def test_the_first_key_signs_and_all_verify() -> None:
    old = urls("old").record_url("MA1", ID, "mp3", NOW)
    new = urls("new").record_url("MA1", ID, "mp3", NOW)
    rotated = urls("new", "old")
    assert rotated.record_url("MA1", ID, "mp3", NOW) == new
    assert verified(rotated, old, NOW)
    assert verified(rotated, new, NOW)
    assert not verified(urls("new"), old, NOW)


def test_the_key_is_not_told() -> None:
    assert "sesame" not in urls("sesame").record_url("MA1", ID, "mp3", NOW)


@pytest.mark.parametrize(
    "change",
    [
        lambda q: "",
        lambda q: q + "&",
        lambda q: q + "&x=1",
        lambda q: q + "=",
        lambda q: "&".join(reversed(q.split("&"))),
        lambda q: q.replace("exp=", "exp=0"),
        lambda q: q.replace("exp=", "exp=%30"),
        lambda q: re.sub(r"exp=\d+", "exp=0", q),
        lambda q: re.sub(r"exp=\d+", "exp=9999999999", q),
        lambda q: re.sub(r"exp=\d+", "exp=٣", q),
        lambda q: re.sub(r"kid=\w+", "kid=00000000", q),
        lambda q: re.sub(r"&kid=\w+", "", q),
        lambda q: q.replace("sig=", "sig=" + "A" * 43 + "&sig="),
        lambda q: q.lower(),
    ],
)
@pytest.mark.rule("E-4")
def test_any_other_query_is_refused(change: object) -> None:
    assert callable(change)
    checker = urls("k")
    query = urlsplit(checker.record_url("MA1", ID, "mp3", NOW)).query
    assert checker.verify("MA1", ID, "mp3", query, NOW)
    assert not checker.verify("MA1", ID, "mp3", change(query), NOW)


@pytest.mark.rule("E-4")
def test_every_single_character_that_is_changed_is_refused() -> None:
    """Replaced by, or followed by, any printable character; or left out; at every place."""
    checker = urls("k", "older")
    url = checker.record_url("MA1", ID, "mp3", NOW)
    start = url.index("/v1/")
    changed = {url[:at] + url[at + 1 :] for at in range(start, len(url))}
    for at in range(start, len(url)):
        for character in string.printable + "\x00\x7f\xa0é٣％":
            changed.add(url[:at] + character + url[at + 1 :])
            changed.add(url[: at + 1] + character + url[at + 1 :])
    changed.discard(url)
    assert len(changed) > 25_000
    sent = {each.partition("#")[0].translate(NEVER_SENT) for each in changed} - {url}
    assert [each for each in sent if verified(checker, each, NOW)] == []


@pytest.mark.rule("E-6")
def test_a_signature_is_for_one_file_of_one_account() -> None:
    checker = urls("k")
    query = urlsplit(checker.record_url("MA1", ID, "mp3", NOW)).query
    other = ID.replace("0e4b", "0e4c")
    for account, recording_id, ext in (
        ("MA2", ID, "mp3"),
        ("MA1", other, "mp3"),
        ("MA1", ID, "wav"),
    ):
        assert not checker.verify(account, recording_id, ext, query, NOW)


def test_signed_access_needs_a_key() -> None:
    with pytest.raises(ValueError, match="need a key"):
        urls()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://h/v1/Account/MA1/Recording/",
        f"https://h/v1/Account/MA1/Recording/{ID}.ogg",
        f"https://h/v1/Account/MA1/Recording/{ID}.mp3/x",
        f"https://h/else?u=/v1/Account/MA1/Call/{ID}.mp3",
    ],
)
def test_other_urls_belong_to_no_recording(url: str) -> None:
    assert recording_id_of(url) is None
