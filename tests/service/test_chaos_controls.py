"""The crash laboratory fails when a safety of the service is taken away, and for that reason."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.asterisk

ROOT = Path(__file__).parents[2]
LIMIT_S = 240


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("sent-before-kept",), marks=pytest.mark.rule("H-3")),
        pytest.param(("not-reconciled",), marks=pytest.mark.rule("N-1", "N-3")),
        pytest.param(("fence-ignored",), marks=pytest.mark.rule("N-6")),
        pytest.param(("fence-ignored", "--intact"), marks=pytest.mark.rule("N-6")),
    ],
    ids=" ".join,
)
def test_a_safety_less_is_noticed(words: tuple[str, ...]) -> None:
    """Real calls on a real Asterisk; `--intact`: nothing is taken away, and nothing is noticed."""
    command = (sys.executable, "-m", "tests.chaos", "--control", *words)
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
