"""There is no other way out: whatever opens a connection is guarded, or is the operator's (H-5)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import recordbridge
from recordbridge.outbound.client import GuardedClient
from recordbridge.outbound.sender import HttpSender
from recordbridge.outbound.sounds import HttpSounds

pytestmark = pytest.mark.rule("H-5")

ROOT = Path(recordbridge.__file__).parent
OPENING = frozenset({
    "ClientSession", "TCPConnector", "open_connection", "create_connection", "connect", "urlopen",
    "HTTPConnection", "HTTPSConnection", "socket", "S3Store",
})  # fmt: skip
"""Names of what opens a connection when it is called."""
THE_OPERATORS_OWN = {
    "ari/": "Asterisk",
    "store/": "the database",
    "blobs/s3.py": "the object store",
    "speech/remote.py": "the transcription engine",
    "app/batch_rest.py": "the service itself",
    "app/desk.py": "the service itself",
}
"""Their addresses stand in YAML and nowhere else."""
PURE = "machine/"
"""Knows no I/O, which `make floors` checks; there the words mean something else."""


def opens(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in OPENING:
                yield name


def test_no_other_module_opens_connections() -> None:
    opening = {path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py") if [*opens(path)]}
    others = {each for each in opening if not each.startswith((PURE, *THE_OPERATORS_OWN))}
    assert others == {"outbound/client.py", "outbound/connector.py"}
    assert all(any(each.startswith(own) for each in opening) for own in THE_OPERATORS_OWN)


@pytest.mark.parametrize("kind", [HttpSender, HttpSounds])
def test_both_that_go_out_for_applications_are_guarded(kind: type[object]) -> None:
    assert issubclass(kind, GuardedClient)
