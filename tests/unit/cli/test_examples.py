"""The flows in config/flows: what the README points to is accepted, and says what it is for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from recordbridge.plivo.elements import Dial, Record, RecordDefaults
from recordbridge.plivo.parser import parse
from tests.unit.cli.conftest import Run

ROOT = Path(__file__).parents[3]
FLOWS = ROOT / "config" / "flows"


@pytest.mark.rule("O-3")
@pytest.mark.parametrize("name", sorted(each.name for each in FLOWS.iterdir()))
def test_an_example_is_good_and_in_the_readme(folder: Path, run: Run, name: str) -> None:
    shutil.copy(FLOWS / name, folder / "flow.xml")
    done = run("check")
    assert done.code == 0, done.err
    assert f"`{name}`" in (ROOT / "README.md").read_text()


@pytest.mark.rule("D-33")
@pytest.mark.parametrize("name", ["session.xml", "dial.xml"])
def test_an_example_that_records_in_the_background_is_told_of(
    folder: Path, run: Run, name: str
) -> None:
    shutil.copy(FLOWS / name, folder / "flow.xml")
    warning, _good = run("check").err.splitlines()
    assert "may not be legal everywhere" in warning


def test_each_example_records_as_the_readme_says() -> None:
    session, dial = (
        parse((FLOWS / name).read_bytes(), RecordDefaults()).elements
        for name in ("session.xml", "dial.xml")
    )
    assert any(isinstance(each, Record) and each.record_session and each.stereo for each in session)
    armed, called = dial[1:3]
    assert isinstance(armed, Record)
    assert armed.start_on_dial_answer
    assert isinstance(called, Dial)
