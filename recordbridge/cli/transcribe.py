"""`recordbridge transcribe`: recordings of the past turned into text, with a progress bar."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tqdm import tqdm

from recordbridge.cli.composition import app
from recordbridge.cli.output import FAILED, GOOD, give, say
from recordbridge.instant import Instant, SystemClock, from_text
from recordbridge.settings import load

_SPANS_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
_SPAN = re.compile(r"([0-9]{1,6})([mhd])")


def when(text: str) -> Instant:
    """`7d`, `12h` or `30m` ago, or a time in UTC. Raises ValueError, as argparse wants it."""
    found = _SPAN.fullmatch(text)
    if found:
        return SystemClock()() - int(found[1]) * _SPANS_MS[found[2]]
    return from_text(text)


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
    with tqdm(file=sys.stderr, unit="recording", disable=None, leave=False) as bar:

        def told(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)
            bar.refresh()

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
