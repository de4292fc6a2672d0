"""What counts as a secret in an event, and what does not."""

from __future__ import annotations

import pytest

from recordbridge.telemetry.redaction import HIDDEN, clean, redacted

pytestmark = pytest.mark.rule("H-6")


@pytest.mark.parametrize(
    "name",
    ["password", "token", "tokens", "auth_token", "Authorization", "authorization", "ari_password",
     "secret", "client_secret", "secret_key", "access_key", "api_key", "Cookie", "set-cookie",
     "Proxy-Authorization", "url_keys", "credentials"],
)  # fmt: skip
def test_names_of_secrets(name: str) -> None:
    assert redacted(None, "info", {name: "x"}) == {name: HIDDEN}
    assert clean({"nested": [{name: "x"}]}) == {"nested": [{name: HIDDEN}]}


@pytest.mark.parametrize("name", ["key", "finish_on_key", "asterisk", "signal", "tokenise"])
def test_names_that_only_look_alike(name: str) -> None:
    assert redacted(None, "info", {name: "x"}) == {name: "x"}


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("https://u:p@h/x", f"https://{HIDDEN}@h/x"),
        ("postgresql://rb:pw@db/rb", f"postgresql://{HIDDEN}@db/rb"),
        ("https://h/a.mp3?exp=1&sig=abc", f"https://h/a.mp3?exp=1&sig={HIDDEN}"),
        ("https://h/?sig=abc&b=1#f", f"https://h/?sig={HIDDEN}&b=1#f"),
        ("https://h/?X-Amz-Signature=abc", f"https://h/?X-Amz-Signature={HIDDEN}"),
        ("see https://h/?auth_token=abc now", f"see https://h/?auth_token={HIDDEN} now"),
        ("a@b and c=d", "a@b and c=d"),
        ("https://h/?design=1&b=2", "https://h/?design=1&b=2"),
        ("sip:bob@example.com", "sip:bob@example.com"),
        ("https://h/path@here", "https://h/path@here"),
    ],
)
def test_secrets_inside_urls(text: str, safe: str) -> None:
    assert clean(text) == safe
    assert redacted(None, "info", {"event": "x", "url": text})["url"] == safe


def test_other_values_stay_as_they_are() -> None:
    assert clean(5) == 5
    assert clean(None) is None
    assert clean(("a", 1)) == ["a", 1]
