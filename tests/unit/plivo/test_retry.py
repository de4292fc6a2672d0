"""The retry fragment of a configurable URL."""

import pytest

from recordbridge.plivo.retry import Retry, Target, parse_target

URL = "https://app.example.com/vm?a=b"
DEFAULT = Retry(connect_ms=2000, read_ms=40000, total_ms=55000, retries=1, on=("ct", "rt"))


@pytest.mark.rule("H-1")
def test_defaults_without_a_fragment() -> None:
    assert parse_target(URL, "GET") == (Target(URL, "GET", DEFAULT), ())


@pytest.mark.rule("H-1")
@pytest.mark.parametrize(
    ("fragment", "retry"),
    [
        ("ct=100&rt=100&tt=100&rc=0", Retry(100, 100, 100, 0)),
        ("ct=10000&rt=40000&tt=55000&rc=5", Retry(10000, 40000, 55000, 5)),
        ("rp=4xx,5xx,ct,rt,all", Retry(on=("4xx", "5xx", "ct", "rt", "all"))),
        ("rc=3&rp=5xx", Retry(retries=3, on=("5xx",))),
        ("er=mumbai", DEFAULT),
        ("er=moon", DEFAULT),
        ("", DEFAULT),
        ("&&", DEFAULT),
    ],
)
def test_every_key_within_its_range(fragment: str, retry: Retry) -> None:
    target, warnings = parse_target(f"{URL}#{fragment}", "POST")
    assert target == Target(URL, "POST", retry)
    assert warnings == ()


@pytest.mark.rule("H-1")
@pytest.mark.parametrize(
    ("fragment", "retry"),
    [
        ("ct=99", Retry(connect_ms=100)),
        ("ct=10001", Retry(connect_ms=10000)),
        ("ct=-1", Retry(connect_ms=100)),
        ("rt=0", Retry(read_ms=100)),
        ("rt=40001", Retry(read_ms=40000)),
        ("tt=60000", Retry(total_ms=55000)),
        ("rc=6", Retry(retries=5)),
        ("rc=-1", Retry(retries=0)),
        ("rc=" + "9" * 400, Retry(retries=5)),
    ],
)
def test_out_of_range_is_clamped_with_a_warning(fragment: str, retry: Retry) -> None:
    target, (warning,) = parse_target(f"{URL}#{fragment}", "POST")
    assert target.retry == retry
    assert fragment[:5] in warning
    assert len(warning) < 200


@pytest.mark.rule("H-1")
@pytest.mark.parametrize(
    "fragment",
    ["rc=", "rc=x", "rc=1.5", "rc=١", "rp=", "rp=6xx", "zz=1", "rc", "section-2", "RC=3"],
)
def test_garbage_is_ignored_with_a_warning(fragment: str) -> None:
    target, warnings = parse_target(f"{URL}#{fragment}", "POST")
    assert target.retry == DEFAULT
    assert len(warnings) == 1


def test_an_unknown_failure_leaves_the_known_ones() -> None:
    target, warnings = parse_target(f"{URL}#rp=5xx,6xx,5xx", "POST")
    assert target.retry.on == ("5xx",)
    assert len(warnings) == 1


def test_a_query_that_cannot_be_verified_is_warned_of() -> None:
    target, warnings = parse_target("https://h/?q=é", "POST")
    assert target.url == "https://h/?q=%C3%A9"
    assert len(warnings) == 1


def test_only_get_and_post() -> None:
    with pytest.raises(ValueError, match="GET or POST"):
        parse_target(URL, "post")
