"""`recordbridge transcribe`: recordings of the past turned into text, with a progress bar."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import NoReturn

from tqdm import tqdm

from recordbridge.cli.composition import app
from recordbridge.cli.output import FAILED, GOOD, give, say
from recordbridge.instant import Instant
from recordbridge.settings import load


def transcribe(
    file: Path,
    recordings: tuple[str, ...],
    *,
    since: Instant | None,
    model: str,
    again: bool,
    as_json: bool,
) -> int:
    """Transcribe them; 1 when one could not be, or is not there. Raises StorageError."""
    settings = load(file)
    with contextlib.ExitStack() as shown:
        bars: list[tqdm[NoReturn]] = []

        def told(done: int, total: int) -> None:
            if not bars:
                bars.append(shown.enter_context(_bar(total)))
            bars[0].update(done - bars[0].n)
            bars[0].refresh()

        results = app().transcribe(
            settings, recordings, since=since, model=model, again=again, told=told
        )
    failed = {each: error for each, error in results.items() if error}
    if as_json:
        done = [each for each in results if each not in failed]
        give({"transcribed": done, "failed": failed})
    else:
        say(*(f"{each}: {error}" for each, error in failed.items()))
        say(f"{len(results) - len(failed)} of {len(results)} recordings transcribed")
    return FAILED if failed else GOOD


def _bar(total: int) -> tqdm[NoReturn]:
    """On a terminal only; it goes when all are done."""
    return tqdm(total=total, file=sys.stderr, unit=" recordings", disable=None, leave=False)
