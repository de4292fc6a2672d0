"""A YAML file to be wrong with: a good beginning of four lines, then what a test gives."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from recordbridge.settings import Settings, load, survey

HEAD = """\
accounts:
  - {auth_id: MAEXAMPLEACCOUNT0001, auth_token: !env TOKEN}
asterisk:
  - {password: !env ARI_PASSWORD}
"""
ENVIRON = {"TOKEN": "token-of-the-account", "ARI_PASSWORD": "asterisks-secret", "PORT": "17"}

Load = Callable[..., Settings]
Mistakes = Callable[..., list[str]]


@pytest.fixture
def read(tmp_path: Path) -> Load:
    """Loads the head and the text after it."""

    def read(text: str = "", *, head: str = HEAD) -> Settings:
        file = tmp_path / "rb.yaml"
        file.write_text(head + textwrap.dedent(text), encoding="utf-8")
        return load(file, ENVIRON)

    return read


@pytest.fixture
def mistakes(tmp_path: Path) -> Mistakes:
    """The mistakes in the head and the text after it, which begins in line 5; without the file."""

    def mistakes(text: str, *, head: str = HEAD) -> list[str]:
        file = tmp_path / "rb.yaml"
        file.write_text(head + textwrap.dedent(text), encoding="utf-8")
        found = survey(file, ENVIRON)
        assert (found.settings is None) == bool(found.mistakes)
        return [each.removeprefix(f"{file}:") for each in found.mistakes]

    return mistakes
