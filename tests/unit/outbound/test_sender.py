"""What goes out, and what a well-behaved answer comes to."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordbridge.outbound.form import encode
from recordbridge.outbound.sender import HttpSender
from recordbridge.plivo.retry import Retry, Target
from tests.receiver import Receiver, Reply, redirect

PARAMETERS = {
    "CallUUID": "2f0a7b1e-6a5f-5f7e-9f1c-0123456789ab",
    "RecordUrl": "https://rb.example.com/a.mp3?exp=1&sig=x",
    "Digits": "#",
    "From": "+1 415 555",
    "Name": "Ünïcode",
}
ASCII = {key: value for key, value in PARAMETERS.items() if value.isascii()}
TOKEN = "token-0001"
DELIVERY = {"X-Recordbridge-Delivery": "d-1"}


async def test_post_carries_the_form_the_delivery_id_and_the_agent(
    receiver: Receiver, sender: HttpSender
) -> None:
    target = Target(receiver.url("/cb"))
    outcome = await sender.send(target, PARAMETERS, DELIVERY, tokens=(TOKEN,))
    request = await receiver.next("/cb")
    assert (request.method, request.params) == ("POST", PARAMETERS)
    assert request.headers["X-Recordbridge-Delivery"] == "d-1"
    assert request.headers["User-Agent"] == "recordbridge/1.2.3"
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert outcome.sent == request.body
    assert (outcome.failure, outcome.status, outcome.error) == ("", 200, "")


async def test_get_appends_the_parameters_to_the_query_of_the_url(
    receiver: Receiver, sender: HttpSender
) -> None:
    target = Target(receiver.url("/cb?tenant=7"), method="GET")
    outcome = await sender.send(target, ASCII, DELIVERY, tokens=(TOKEN,))
    request = await receiver.next("/cb")
    assert request.method == "GET"
    assert request.body == b""
    assert request.params == {"tenant": "7", **ASCII}
    assert outcome.sent.decode() == request.url.partition("?")[2]


@pytest.mark.rule("H-2")
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("query", ["", "?b=2&a=1", "?x=a%20b&CallUUID=own"])
async def test_the_official_sdk_accepts_the_signatures(
    receiver: Receiver, sender: HttpSender, method: str, query: str
) -> None:
    target = Target(receiver.url(f"/cb{query}"), method=method)
    await sender.send(target, ASCII, {}, tokens=(TOKEN, "older"))
    await sender.send(target, {}, {}, tokens=(TOKEN,))
    assert (await receiver.next("/cb")).v3_accepts("older")
    bare = await receiver.next("/cb")
    assert bare.signed_with(TOKEN)
    assert not bare.signed_with("another")


@pytest.mark.rule("H-2")
async def test_every_attempt_has_a_nonce_of_its_own_of_twenty_digits(
    receiver: Receiver, sender: HttpSender
) -> None:
    for _ in range(2):
        await sender.send(Target(receiver.url("/cb")), ASCII, {}, tokens=(TOKEN,))
    nonces = {r.headers["X-Plivo-Signature-V3-Nonce"] for r in receiver.to("/cb")}
    assert len(nonces) == 2
    assert all(re.fullmatch(r"[0-9]{20}", nonce) for nonce in nonces)


async def test_without_tokens_nothing_is_signed(receiver: Receiver, sender: HttpSender) -> None:
    await sender.send(Target(receiver.url("/cb")), ASCII, {}, tokens=())
    assert not [name for name in receiver.requests[0].headers if "Signature" in name]


@pytest.mark.rule("H-1")
async def test_the_fragment_is_never_sent(receiver: Receiver, sender: HttpSender) -> None:
    target = Target(receiver.url("/cb?a=1#rc=3&rp=all"))
    await sender.send(target, ASCII, {}, tokens=(TOKEN,))
    assert "#" not in receiver.requests[0].url
    assert receiver.requests[0].signed_with(TOKEN)


async def test_credentials_of_the_url_become_basic_authorisation(
    receiver: Receiver, sender: HttpSender
) -> None:
    url = receiver.url("/cb").replace("//", "//user:p%40ss@")
    await sender.send(Target(url), ASCII, {}, tokens=(TOKEN,))
    request = receiver.requests[0]
    assert request.headers["Authorization"] == "Basic dXNlcjpwQHNz"
    assert request.signed_with(TOKEN)


async def test_cookies_are_not_kept(receiver: Receiver, sender: HttpSender) -> None:
    receiver.script("/cb", Reply(headers={"Set-Cookie": "a=1; Path=/"}))
    for _ in range(2):
        await sender.send(Target(receiver.url("/cb")), {}, {}, tokens=())
    assert "Cookie" not in receiver.requests[1].headers


async def test_the_answer_is_told_whole(receiver: Receiver, sender: HttpSender) -> None:
    receiver.script("/a", Reply(body="<Response/>", content_type="text/xml; charset=utf-8"))
    outcome = await sender.send(Target(receiver.url("/a")), {}, {}, tokens=(), follow=5)
    assert outcome.body == b"<Response/>"
    assert outcome.content_type == "text/xml; charset=utf-8"


async def test_timings_tell_new_connections_from_kept_ones(
    receiver: Receiver, sender: HttpSender
) -> None:
    target = Target(receiver.url("/cb"))
    first = await sender.send(target, {}, {}, tokens=())
    second = await sender.send(target, {}, {}, tokens=())
    assert 0 <= first.connect_ms <= first.first_byte_ms <= first.total_ms
    assert second.connect_ms == -1
    assert 0 <= second.first_byte_ms <= second.total_ms


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        *((s, "") for s in (200, 201, 202, 204, 299)),
        *((s, "3xx") for s in (300, 301, 302, 303, 304, 307, 308)),
        *((s, "4xx") for s in (400, 401, 403, 404, 408, 410, 413, 429, 499)),
        *((s, "5xx") for s in (500, 501, 502, 503, 504, 599)),
        (600, "other"),
        (999, "other"),
    ],
)
async def test_statuses_have_the_words_of_rp(
    receiver: Receiver, sender: HttpSender, status: int, failure: str
) -> None:
    receiver.script("/cb", Reply(status=status, headers={"Location": "/elsewhere"}))
    outcome = await sender.send(Target(receiver.url("/cb")), {}, {}, tokens=())
    assert (outcome.failure, outcome.status) == (failure, status)
    assert bool(outcome.error) is bool(failure)
    assert len(receiver.requests) == 1


@pytest.mark.rule("H-4")
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        (" 7 ", 7),
        ("Thu, 01 Jan 2026 00:01:30 GMT", 90),
        ("Thu, 01 Jan 2026 00:01:30 +0000", 90),
        ("Wed, 31 Dec 2025 23:59:00 GMT", 0),
        ("315360000", 366 * 86400),
        ("9" * 5000, 366 * 86400),
        ("Thu, 01 Jan 2036 00:00:00 GMT", 366 * 86400),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("Fri, 99 Foo 2026", None),
        ("Thu, 01 Jan 99999 00:00:00 GMT", None),
    ],
)
async def test_retry_after(
    receiver: Receiver, sender: HttpSender, value: str, seconds: int | None
) -> None:
    receiver.script("/cb", Reply(status=429, headers={"Retry-After": value}))
    outcome = await sender.send(Target(receiver.url("/cb")), {}, {}, tokens=())
    assert outcome.retry_after_s == seconds


async def test_a_success_asks_for_no_delay(receiver: Receiver, sender: HttpSender) -> None:
    receiver.script("/cb", Reply(headers={"Retry-After": "60"}))
    outcome = await sender.send(Target(receiver.url("/cb")), {}, {}, tokens=())
    assert outcome.retry_after_s is None


@pytest.mark.parametrize(
    "url",
    ["", "x", "/cb", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:0/", "http://a b/",
     "http://[::1/", "http://127.0.0.1:99999/", "file:///etc/passwd", "http:/127.0.0.1/"],
)  # fmt: skip
async def test_a_url_that_cannot_be_requested_is_an_outcome(sender: HttpSender, url: str) -> None:
    outcome = await sender.send(Target(url), {}, {}, tokens=(TOKEN,))
    assert outcome.failure == "other"
    assert outcome.error.startswith("the URL must be")


async def test_a_closed_sender_answers_with_an_outcome() -> None:
    sender = HttpSender((), lambda: 0, version="1")
    outcome = await sender.send(Target("http://127.0.0.1/"), {}, {}, tokens=())
    assert (outcome.failure, outcome.error) == ("other", "the sender is closed")


async def test_fifty_at_once_to_one_host_do_not_wait_for_each_other(
    receiver: Receiver, sender: HttpSender
) -> None:
    receiver.script("/cb", Reply(delay_s=2))
    target = Target(receiver.url("/cb"), retry=Retry(connect_ms=1_900))
    sending = [sender.send(target, {}, {}, tokens=()) for _ in range(50)]
    assert {outcome.failure for outcome in await asyncio.gather(*sending)} == {""}


@given(
    st.dictionaries(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
)
def test_forms_are_encoded_as_the_standard_library_does(parameters: dict[str, str]) -> None:
    encoded = encode(parameters)
    assert encoded == urlencode(parameters)
    assert dict(parse_qsl(encoded, keep_blank_values=True)) == parameters


class TestRedirects:
    pytestmark = pytest.mark.rule("F-6")

    async def test_callbacks_do_not_follow(self, receiver: Receiver, sender: HttpSender) -> None:
        receiver.script("/cb", redirect("/next"))
        outcome = await sender.send(Target(receiver.url("/cb")), ASCII, {}, tokens=())
        assert outcome.failure == "3xx"
        assert outcome.error == "the server answered 302 Found: it is not followed"
        assert not receiver.to("/next")

    @pytest.mark.parametrize("status", [301, 302, 303])
    async def test_post_becomes_a_get_of_exactly_the_location(
        self, receiver: Receiver, sender: HttpSender, status: int
    ) -> None:
        receiver.script("/a", redirect("/next?q=%20x", status))
        receiver.script("/next", Reply(body="<Response/>"))
        target = Target(receiver.url("/a"))
        outcome = await sender.send(target, ASCII, DELIVERY, tokens=(TOKEN,), follow=5)
        request = await receiver.next("/next")
        assert (request.method, request.body) == ("GET", b"")
        assert request.url == receiver.url("/next?q=%20x")
        assert request.headers["X-Recordbridge-Delivery"] == "d-1"
        assert "Content-Type" not in request.headers
        assert request.signed_with(TOKEN)
        assert (outcome.failure, outcome.body) == ("", b"<Response/>")
        assert outcome.sent == receiver.to("/a")[0].body

    @pytest.mark.parametrize("status", [307, 308])
    async def test_the_repeating_redirects_keep_method_and_body(
        self, receiver: Receiver, sender: HttpSender, status: int
    ) -> None:
        receiver.script("/a", redirect("/next", status))
        await sender.send(Target(receiver.url("/a")), ASCII, {}, tokens=(TOKEN,), follow=5)
        request = await receiver.next("/next")
        assert (request.method, request.form) == ("POST", ASCII)
        assert request.signed_with(TOKEN)

    async def test_five_hops_arrive_and_the_sixth_is_not_made(
        self, receiver: Receiver, sender: HttpSender
    ) -> None:
        for hop in range(6):
            receiver.script(f"/{hop}", redirect(f"/{hop + 1}"))
        there = await sender.send(Target(receiver.url("/1")), {}, {}, tokens=(), follow=5)
        assert there.failure == ""
        lost = await sender.send(Target(receiver.url("/0")), {}, {}, tokens=(), follow=5)
        assert lost.failure == "3xx"
        assert lost.error == "the server answered 302 Found: more than 5 redirects"
        assert len(receiver.to("/6")) == 1

    @pytest.mark.parametrize("location", ["ftp://127.0.0.1/x", "javascript:1", "http://a\\b/"])
    async def test_a_location_that_cannot_be_requested(
        self, receiver: Receiver, sender: HttpSender, location: str
    ) -> None:
        receiver.script("/a", redirect(location))
        outcome = await sender.send(Target(receiver.url("/a")), {}, {}, tokens=(), follow=5)
        assert outcome.failure == "3xx"
        assert "its Location must be" in outcome.error

    async def test_a_redirect_without_location_is_a_failure(
        self, receiver: Receiver, sender: HttpSender
    ) -> None:
        receiver.script("/a", Reply(status=302))
        outcome = await sender.send(Target(receiver.url("/a")), {}, {}, tokens=(), follow=5)
        assert outcome.failure == "3xx"
        assert outcome.error.endswith("it has no Location")

    async def test_credentials_stay_with_their_origin(
        self, receiver: Receiver, sender: HttpSender
    ) -> None:
        receiver.script("/a", redirect(receiver.url("/same")))
        receiver.script("/same", redirect(receiver.url("/other", host="127.0.0.2")))
        async with Receiver(host="127.0.0.2", port=receiver.port) as other:
            url = receiver.url("/a").replace("//", "//user:pass@")
            secret = {"Cookie": "s=1", "authorization": "Basic x"}
            await sender.send(Target(url), {}, secret, tokens=(), follow=5)
            elsewhere = await other.next("/other")
        assert "Authorization" in receiver.to("/same")[0].headers
        assert "Cookie" in receiver.to("/same")[0].headers
        assert "Authorization" not in elsewhere.headers
        assert "Cookie" not in elsewhere.headers

    @pytest.mark.rule("H-5")
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    async def test_each_hop_is_guarded(self, receiver: Receiver, status: int) -> None:
        allowed = [ipaddress.ip_network("127.0.0.1/32")]
        receiver.script("/a", redirect(receiver.url("/secret", host="127.0.0.2"), status))
        async with (
            HttpSender(allowed, lambda: 0, version="1") as sender,
            Receiver(host="127.0.0.2", port=receiver.port) as forbidden,
        ):
            outcome = await sender.send(Target(receiver.url("/a")), {}, {}, tokens=(), follow=5)
            assert not forbidden.requests
        assert (outcome.failure, outcome.status) == ("guard", 0)
        assert "webhooks.allow_networks" in outcome.error
        assert "127.0.0.2" in outcome.error
