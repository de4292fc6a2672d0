"""Versions as Asterisk spells them."""

from __future__ import annotations

import pytest

from recordbridge.ari.version import (
    loses_other_streams,
    parse_version,
    takes_commands_on_socket,
    too_old,
)


@pytest.mark.rule("X-8")
@pytest.mark.parametrize(
    ("text", "on_socket", "old"),
    [
        ("22.10.1+dfsg+~cs6.17.60671434-1", True, False),
        ("22.3.0", False, False),
        ("20.14.0", True, False),
        ("20.13.9", False, False),
        ("21.9.0", True, False),
        ("23.0.0", True, False),
        ("18.26.4", False, False),
        ("16.28.0~dfsg-0+deb11u4", False, False),
        ("certified/20.7-cert5", False, False),
        ("16.2.1", False, True),
        ("13.38.3", False, True),
        ("GIT-master-abc123", False, False),
    ],
)
def test_what_a_version_can_do(text: str, on_socket: bool, old: bool) -> None:
    assert takes_commands_on_socket(text) is on_socket
    assert too_old(text) is old


@pytest.mark.rule("S-1", "X-8")
@pytest.mark.parametrize(
    ("text", "loses"),
    [
        ("22.10.1+dfsg+~cs6.17.60671434-1", True),
        ("20.6.0~dfsg+~cs6.13.40431414-2build5", True),
        ("18.10.0~dfsg+~cs6.10.40431411-2", False),
        ("16.28.0~dfsg-0+deb11u4", False),
        ("22.10.1", False),
        ("certified/20.7-cert5", False),
        ("GIT-master-abc123", False),
    ],
)
def test_which_builds_drop_what_a_second_party_says(text: str, loses: bool) -> None:
    assert loses_other_streams(text) is loses


def test_a_development_build_has_no_number() -> None:
    assert parse_version("GIT-master-abc123") is None
