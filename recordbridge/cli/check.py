"""`recordbridge check`: everything that is wrong with a YAML file and its flows, at once (O-3)."""

from __future__ import annotations

from pathlib import Path

from recordbridge.cli.composition import app
from recordbridge.cli.flows import Findings, examine
from recordbridge.cli.output import FAILED, GOOD, UNREACHABLE, USAGE, give, say
from recordbridge.errors import PbxUnavailableError
from recordbridge.settings import Settings, survey


def check(file: Path, *, live: bool, as_json: bool) -> int:
    """Tell every mistake, one a line, and warnings; `live` looks at the Asterisk servers too.

    2 for mistakes in the files, 3 for an Asterisk that is not reachable, 1 for one that is not
    set up as it must be.
    """
    found = survey(file)
    flows = examine(found)
    mistakes = [*found.mistakes, *flows.mistakes]
    code, problems = USAGE if mistakes else GOOD, list[str]()
    if live and not mistakes and found.settings is not None:
        code, problems = _live(found.settings)
    if as_json:
        give(
            {
                "file": str(file),
                "good": code == GOOD,
                "mistakes": mistakes,
                "warnings": flows.warnings,
                "live": problems if live and not mistakes else None,
            }
        )
    else:
        _tell(file, mistakes, flows, problems)
    return code


def _live(settings: Settings) -> tuple[int, list[str]]:
    try:
        problems = app().check_live(settings)
    except PbxUnavailableError as error:
        return UNREACHABLE, [str(error)]
    return (FAILED if problems else GOOD), problems


def _tell(file: Path, mistakes: list[str], flows: Findings, problems: list[str]) -> None:
    say(*mistakes, *(f"warning: {each}" for each in flows.warnings), *problems)
    if not mistakes and not problems:
        say(f"{file}: good")
