"""Exit codes, and that a user's mistake never shows a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from recordbridge import app
from recordbridge.errors import (
    ConfigError,
    PbxUnavailableError,
    RecordbridgeError,
    StorageError,
)
from recordbridge.settings import Settings
from tests.unit.cli.conftest import Run

pytestmark = pytest.mark.rule("O-4")


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (ConfigError(["a:1: b: c; d", "a:2: b: c; d"]), 2, "a:1: b: c; d\na:2: b: c; d\n"),
        (PbxUnavailableError("pbx is away"), 3, "recordbridge: pbx is away\n"),
        (StorageError("the database is away"), 3, "recordbridge: the database is away\n"),
        (RecordbridgeError("no"), 1, "recordbridge: no\n"),
        (PermissionError(13, "Permission denied", "f"), 1, "recordbridge: f: Permission denied\n"),
        (OSError(98, "Address already in use"), 1, "recordbridge: Address already in use\n"),
        (KeyboardInterrupt(), 1, "recordbridge: interrupted\n"),
    ],
)
def test_what_goes_wrong_is_a_sentence_and_a_code(
    folder: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
    told: str,
) -> None:
    def serve(settings: Settings) -> int:
        raise error

    monkeypatch.setattr(app, "serve", serve, raising=False)
    assert run("serve") == (code, "", told)


def test_serve_gives_the_settings_and_the_services_own_code(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Settings] = []

    def serve(settings: Settings) -> int:
        given.append(settings)
        return 3

    monkeypatch.setattr(app, "serve", serve, raising=False)
    assert run("serve").code == 3
    assert given[0].file == folder / "recordbridge.yaml"


def test_serve_does_not_begin_with_a_bad_file(folder: Path, run: Run) -> None:
    (folder / "recordbridge.yaml").write_text("accounts: []\n")
    done = run("serve")
    assert done.code == 2
    assert done.err.splitlines()[0].startswith("recordbridge.yaml:1: accounts: the list is empty")


def test_python_m_recordbridge_is_the_same_program(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "recordbridge", "check"],
        cwd=folder,
        env={"PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "recordbridge.yaml: good\n")
