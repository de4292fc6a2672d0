"""A folder with a configuration that is good, and the program run in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from recordbridge.cli import main

CONFIG = """\
accounts:
  - {auth_id: MAEXAMPLEACCOUNT0001, auth_token: token-of-the-account}
asterisk:
  - {password: asterisks-secret}
applications:
  voicemail:
    account: MAEXAMPLEACCOUNT0001
    flow: flow.xml
"""
FLOW = "<Response>\n  <Record/>\n</Response>\n"


class Done(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a good configuration in it."""
    (tmp_path / "recordbridge.yaml").write_text(CONFIG)
    (tmp_path / "flow.xml").write_text(FLOW)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RECORDBRIDGE_CONFIG", raising=False)
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line in this process; bad usage counts as its exit code."""

    def run(*argv: str) -> Done:
        capsys.readouterr()
        try:
            code = main(argv)
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        return Done(code, *capsys.readouterr())

    return run
