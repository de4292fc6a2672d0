"""The crash laboratory fails when a safety of the service is taken away, and for that reason."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.asterisk

ROOT = Path(__file__).parents[2]
LIMIT_S = 240


@pytest.mark.rule("H-3")
def test_requests_that_are_sent_before_they_are_kept_are_noticed() -> None:
    """Killed after the answer: the same question comes again under another delivery id."""
    command = (sys.executable, "-m", "tests.chaos", "--control", "sent-before-kept")
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
