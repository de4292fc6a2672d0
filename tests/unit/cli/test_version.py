"""version: what a bug report begins with."""

from __future__ import annotations

import json
import platform

import pytest

from tests.unit.cli.conftest import Run

pytestmark = pytest.mark.rule("O-4")


def test_version_names_the_parts(run: Run) -> None:
    done = run("version")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("recordbridge ")
    assert f"python {platform.python_version()}" in done.out
    assert "expat 2." in done.out


def test_json(run: Run) -> None:
    answer = json.loads(run("version", "--json").out)
    assert set(answer) == {"recordbridge", "python", "expat", "libraries"}
    assert answer["libraries"]["pydantic"].startswith("2.")
