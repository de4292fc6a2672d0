"""`recordbridge transcribe` as people see it: the bar on a terminal, then what came of it (O-4)."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from recordbridge.cli import main, transcribe
from recordbridge.store import postgres
from recordbridge.telemetry import logs
from tests.service.program import free_port
from tests.unit.cli.conftest import CONFIG, Run

pytestmark = pytest.mark.rule("O-4")


class Terminal(io.StringIO):
    """Standard error on a terminal."""

    def isatty(self) -> bool:
        return True


class Transcribing:
    """Has two of three recordings transcribed, and tells how it goes on."""

    def transcribe(self, _settings: Any, recordings: tuple[str, ...], **wish: Any) -> Any:
        for done in range(len(recordings) + 1):
            wish["told"](done, len(recordings))
        return dict.fromkeys(recordings, "") | {"r2": "there is no such recording"}


@pytest.fixture
def _transcribing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del folder
    monkeypatch.setattr(transcribe, "app", Transcribing)


@pytest.mark.usefixtures("_transcribing")
def test_a_terminal_shows_how_far_it_is_and_in_the_end_what_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert main(("transcribe", "r1", "r2", "r3")) == 1
    *shown, last = terminal.getvalue().split("\r")
    for count in range(4):
        assert any(f" {count}/3 " in each for each in shown), shown
    assert last.splitlines() == [
        "r2: there is no such recording",
        "2 of 3 recordings transcribed",
    ]


@pytest.mark.usefixtures("_transcribing")
def test_elsewhere_there_is_no_bar(run: Run) -> None:
    done = run("transcribe", "r1")
    assert (done.code, done.err) == (
        1,
        "r2: there is no such recording\n1 of 2 recordings transcribed\n",
    )
    done = run("transcribe", "--json", "r1")
    assert '"transcribed": ["r1"]' in done.out
    assert done.err == ""


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        ((), "one of the arguments ID --since is required"),
        (("--since", "yesterday"), "'yesterday' is no time; allowed is 2026-03-17 14:32 (UTC)"),
        (("--since", "1h", "r1"), "not allowed with argument"),
    ],
)
@pytest.mark.usefixtures("_transcribing")
def test_wrong_usage_says_what_is_allowed(run: Run, argv: tuple[str, ...], why: str) -> None:
    done = run("transcribe", *argv)
    assert done.code == 2
    assert why in done.err


def test_a_database_that_is_not_there_is_3(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is a service, at whose address nobody listens."""
    monkeypatch.setattr(postgres, "PATIENCE_S", 0.0)
    monkeypatch.setattr(logs, "configure", lambda *_: None)  # it would be so for all tests
    port = free_port()
    settings = (
        f"service: {{listen: '127.0.0.1:{port}', public_url: 'http://127.0.0.1:{port}'}}\n"
        f"database: {{url: 'postgresql://127.0.0.1:{free_port()}/nobody'}}\n"
    )
    (folder / "recordbridge.yaml").write_text(CONFIG + settings)
    done = run("transcribe", "--since", "1h")
    assert done.code == 3
    assert "127.0.0.1" in done.err
    assert "Traceback" not in done.err
