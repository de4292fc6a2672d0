"""URLs in the one form that is sent and signed."""

import pytest

from recordbridge.urls import (
    absolute_url,
    has_ascii_query,
    with_query,
    without_password,
    without_userinfo,
)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("https://app.example.com/vm", "https://app.example.com/vm"),
        ("HTTPS://App.Example.COM/Vm?Q=1", "https://app.example.com/Vm?Q=1"),
        ("https://app.example.com", "https://app.example.com/"),
        ("https://app.example.com?q=1", "https://app.example.com/?q=1"),
        ("https://app.example.com:443/x", "https://app.example.com/x"),
        ("http://app.example.com:80/x", "http://app.example.com/x"),
        ("http://app.example.com:443/x", "http://app.example.com:443/x"),
        ("https://app.example.com:/x", "https://app.example.com/x"),
        ("https://app.example.com:8443/x#rc=3", "https://app.example.com:8443/x"),
        ("http://127.0.0.1:9/x", "http://127.0.0.1:9/x"),
        ("http://[::1]:9/x", "http://[::1]:9/x"),
        ("http://[0:0:0:0:0:0:0:1]/x", "http://[::1]/x"),
        ("https://h/é", "https://h/%C3%A9"),
        ("https://h/a|b?q=é&p={x}", "https://h/a%7Cb?q=%C3%A9&p=%7Bx%7D"),
        ("https://h/100%?q=%41%zz", "https://h/100%25?q=%41%25zz"),
        ("https://user:p@ss@h/x", "https://user:p@ss@h/x"),
    ],
)
def test_is_written_as_it_will_be_sent(written: str, sent: str) -> None:
    assert absolute_url(written) == sent


@pytest.mark.parametrize("url", ["https://app.example.com:8443/é?q=ü", "https://u:p@h?x=1%"])
def test_is_stable(url: str) -> None:
    assert absolute_url(absolute_url(url)) == absolute_url(url)


@pytest.mark.rule("A-2")
@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "absolute"),
        ("/vm", "absolute"),
        ("//app.example.com/vm", "absolute"),
        ("ftp://app.example.com/vm", "absolute"),
        ("javascript:alert(1)", "absolute"),
        ("https:///vm", "host"),
        ("https://?q", "host"),
        ("https://:80/vm", "host"),
        ("https://user@/vm", "host"),
        ("https://a b/vm", "spaces"),
        ("https://h/a b", "spaces"),
        (" https://h/", "spaces"),
        ("https://h/\r\nX-Evil: 1", "spaces"),
        ("https://h/\u00a0x", "spaces"),
        ("https://h/\u202ex", "control"),
        ("https://h\\@evil/", "backslashes"),
        ("https://bücher.example/", "ASCII"),
        ("https://h!/", "host"),
        ("https://-h/", "host"),
        ("https://h:0/", "port"),
        ("https://h:65536/", "port"),
        ("https://h:8x/", "port"),
        ("https://[::1/x", "host"),
        ("https://[::1]x/", "host"),
        ("https://[fe80::1%25eth0]/", "host"),
        ("https://[::g]/", "host"),
        ("https://h/" + "x" * 2048, "2048"),
    ],
)
def test_anything_else_is_refused_with_what_is_allowed(written: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        absolute_url(written)


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://h/x", "https://h/x?To=1+2&Digits=%23"),
        ("https://h/x?", "https://h/x?To=1+2&Digits=%23"),
        ("https://h/x?a=b", "https://h/x?a=b&To=1+2&Digits=%23"),
        ("https://h/x?To=own", "https://h/x?To=own&Digits=%23"),
        ("https://h/x?Digits&To=", "https://h/x?Digits&To="),
    ],
)
def test_get_parameters_never_repeat_a_key(url: str, sent: str) -> None:
    assert with_query(url, {"To": "1 2", "Digits": "#"}) == sent


def test_the_receiver_does_not_see_the_user() -> None:
    assert without_userinfo("https://u:p@ss@h:8/x@y?z=a@b") == "https://h:8/x@y?z=a@b"
    assert without_userinfo("https://h/x@y") == "https://h/x@y"
    assert without_userinfo("https://h?x@y") == "https://h?x@y"


@pytest.mark.rule("H-6")
@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("https://u:p@ss@h:8/x@y", "https://u:...@h:8/x@y"),
        ("x HTTP://u:p@h: no, https://:q@i/", "x HTTP://u:...@h: no, https://:...@i/"),
        ("https://u@h/a:b@c", "https://u@h/a:b@c"),
        ("https://h:80/?a=b:c@d", "https://h:80/?a=b:c@d"),
    ],
)
def test_a_password_in_a_url_is_not_shown(written: str, shown: str) -> None:
    assert without_password(written) == shown


def test_an_escaped_query_is_judged_decoded() -> None:
    assert has_ascii_query("https://h/%C3%A9?q=%41")
    assert not has_ascii_query("https://h/?q=%C3%A9")
