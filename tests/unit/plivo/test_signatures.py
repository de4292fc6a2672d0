"""Signatures: golden vectors, and the official SDK's own validators."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plivo.utils import validate_signature
from plivo.utils.signature_v3 import validate_v3_signature

from recordbridge.plivo.signatures import headers
from recordbridge.urls import absolute_url, with_query

TOKEN = "sekret-token-0001"
NONCE = "20260101120000000001"
FORM = {"RecordingID": "r-1", "CallUUID": "c-1"}

# The vectors of the hosted product's Go SDK (utils_test.go).
GO_TOKEN = "Y2Q2ZDgxZmY5YWRiOTI5YmQ1Njg0MTAxZWIyOTc4"
GO_NONCE = "31627761595286130198"
GO_URL = "https://plivobin.non-prod.plivops.com/api/v1/validate_signature03.xml"
GO_PARAMETERS = {
    "Direction": "outbound",
    "From": "19792014278",
    "ALegUUID": "3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36",
    "CallStatus": "in-progress",
    "BillRate": "0.002",
    "ParentAuthID": "MANWVLYTK4ZWU1YTY4QA",
    "To": "sip:PlivoSignature382029104058171078704104@phone-qa.voice.plivodev.com",
    "ALegRequestUUID": "3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36",
    "CallUUID": "3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36",
    "RequestUUID": "3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36",
    "SIP-H-To": "<sip:PlivoSignature382029104058171078704104@52.9.11.55;transport=udp>;tag=1",
    "SessionStart": "2020-04-08 11:34:33.238707",
    "Event": "StartApp",
}


@pytest.mark.rule("H-2")
@pytest.mark.parametrize(
    ("method", "url", "params", "signature"),
    [
        (
            "POST",
            "https://app.example.com/rec",
            {"RecordingID": "r-1", "CallUUID": "c-1", "Digits": "#"},
            "IZfh91zjvWs4QzdHK9Zx1/zSgF7s8oaoR0w4UQY6K2M=",
        ),
        (
            "POST",
            "https://app.example.com:8443/rec?b=2&a=1",
            FORM,
            "3rQVRvEek7paZvyFEDikUuUerLUvgK13liIBOaRN1Yw=",
        ),
        (
            "GET",
            "https://app.example.com/rec?RecordingID=r-1&CallUUID=c-1",
            {},
            "/GEA0TWnjCXqsDdobxnp4SqHYBjU6658Om0h3Nur6Uw=",
        ),
        (
            "GET",
            "https://app.example.com/rec",
            FORM,
            "/GEA0TWnjCXqsDdobxnp4SqHYBjU6658Om0h3Nur6Uw=",
        ),
        (
            "POST",
            "https://app.example.com/rec",
            {},
            "wIf3hH9tw7HMjR05jfve14mQRl0dCuLv7eAsSdrQ0mk=",
        ),
    ],
)
def test_v3_vectors(method: str, url: str, params: dict[str, str], signature: str) -> None:
    assert headers(method, url, params, [TOKEN], NONCE)["X-Plivo-Signature-V3"] == signature


@pytest.mark.rule("H-2")
@pytest.mark.parametrize(
    ("method", "query", "signature"),
    [
        ("POST", "/?a=b&c=d", "k7Pusd4OxCIjR5IfA9iedDNu/h/gbdYqdzG/MiYtd1c="),
        ("GET", "/?a=b&c=d", "UBq8jAtd32wR8EK9VgxbBn4n5rpI/l1H9iN4WfSEHFQ="),
        ("POST", "", "iAjE5QqI37mbkYe4w3jTMudqEzbDufdqi7sYwTu64e0="),
        ("GET", "", "i/MQsaQSAd6fiKhOh2qeeeLHZ9faldADSb3/7+Akfbc="),
    ],
)
def test_v3_vectors_of_the_go_sdk(method: str, query: str, signature: str) -> None:
    made = headers(method, GO_URL + query, GO_PARAMETERS, [GO_TOKEN], GO_NONCE)
    assert made["X-Plivo-Signature-V3"] == signature


@pytest.mark.rule("H-2")
def test_the_v2_vector() -> None:
    made = headers("POST", "https://answer.url", {}, ["my_auth_token"], "12345")
    assert made["X-Plivo-Signature-V2"] == "ehV3IKhLysWBxC1sy8INm0qGoQYdYsHwuoKjsX7FsXc="


def accepted(
    method: str, url: str, params: Mapping[str, str], tokens: list[str], token: str
) -> bool:
    """Whether a receiver with the SDK takes a request that we sign and send.

    It sees the URL that was requested, and of a POST its form.
    """
    sent = with_query(url, params) if method == "GET" else url
    made = headers(method, url, params, tokens, NONCE)
    form = dict(params) if method == "POST" else {}
    return all(
        bool(
            validate_v3_signature(
                method, sent, made["X-Plivo-Signature-V3-Nonce"], token, made[name], form
            )
        )
        for name in ("X-Plivo-Signature-V3", "X-Plivo-Signature-Ma-V3")
    )


def accepted_v2(url: str, tokens: list[str], token: str) -> bool:
    made = headers("POST", url, {}, tokens, NONCE)
    nonce = made["X-Plivo-Signature-V2-Nonce"]
    return all(
        bool(validate_signature(url, nonce, made[name], token))
        for name in ("X-Plivo-Signature-V2", "X-Plivo-Signature-Ma-V2")
    )


@pytest.mark.rule("H-2")
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "url",
    [
        "https://app.example.com/rec",
        "https://app.example.com/",
        "https://app.example.com:8443/rec?b=2&a=1",
        "https://app.example.com/rec?b=2&b=1&empty=&q=a%20b+c%26d",
        "https://app.example.com/rec?CallUUID=own",
        "https://app.example.com/r;v=1/rec;v=2?x=1",
        "https://app.example.com/%C3%A9/a%2Fb",
        "http://127.0.0.1:8080/rec?",
    ],
)
def test_the_sdk_accepts(method: str, url: str) -> None:
    assert accepted(method, url, FORM | {"Digits": "#", "X-PH-A": "a b&c=d"}, [TOKEN], TOKEN)
    assert accepted(method, url, {}, [TOKEN], TOKEN)
    assert not accepted(method, url, FORM, ["other"], TOKEN)


@pytest.mark.rule("H-2")
def test_the_sdk_accepts_values_that_are_not_ascii_in_a_form() -> None:
    params = FORM | {"X-PH-Name": "Zoë 😀", "RecordingError": "naïve"}
    assert accepted("POST", "https://app.example.com/rec?a=1", params, [TOKEN], TOKEN)


@pytest.mark.rule("H-2")
@pytest.mark.parametrize("token", ["new", "old"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_of_several_tokens_v3_satisfies_each(method: str, token: str) -> None:
    assert accepted(method, "https://app.example.com/rec?a=1", FORM, ["new", "old"], token)


@pytest.mark.rule("H-2")
def test_v2_is_made_with_the_first_token_because_its_validators_know_one() -> None:
    assert accepted_v2("https://app.example.com/rec?a=1", ["new", "old"], "new")
    assert accepted_v2("https://app.example.com:8443/r;v=1", ["new"], "new")
    assert not accepted_v2("https://app.example.com/rec", ["new"], "old")


def test_the_user_in_a_url_is_not_signed() -> None:
    plain = headers("POST", "https://h/x?a=1", FORM, [TOKEN], NONCE)
    assert headers("POST", "https://u:p@h/x?a=1", FORM, [TOKEN], NONCE) == plain


KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)
ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
ANY = st.text(st.characters(categories=("L", "N", "P", "S", "Z")), max_size=20)
PATHS = st.text(st.characters(categories=("L", "N", "P", "S")), max_size=20)
QUERIES = st.dictionaries(KEYS, ASCII, max_size=4)


def written(path: str, query: Mapping[str, str]) -> str:
    path = path.replace("?", "").replace("#", "").replace("\\", "")
    return with_query(absolute_url(f"https://app.example.com:8443/{path}"), query)


@pytest.mark.rule("H-2")
@given(PATHS, QUERIES, st.dictionaries(KEYS, ANY, max_size=5))
def test_the_sdk_accepts_every_post(
    path: str, query: dict[str, str], params: dict[str, str]
) -> None:
    assert accepted("POST", written(path, query), params, ["old", TOKEN], TOKEN)


@pytest.mark.rule("H-2")
@given(PATHS, QUERIES, st.dictionaries(KEYS, ASCII, max_size=5))
def test_the_sdk_accepts_every_get(
    path: str, query: dict[str, str], params: dict[str, str]
) -> None:
    url = written(path, query)
    assert accepted("GET", url, params, [TOKEN, "old"], TOKEN)
    keys = [key for key, _ in parse_qsl(urlsplit(with_query(url, params)).query)]
    assert len(keys) == len(set(keys))
