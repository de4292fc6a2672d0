"""`make transcription`: what transcription and calls come to, measured; 1 when a limit is broken.

`words`: word errors over real calls. `speed`: an hour of speech, mono and stereo. `calls`: control
latencies beside ten transcriptions.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from recordbridge.speech.whisper import Whisper
from tests.bench import measurements, unharmed
from tests.bench.prompts import prompts
from tests.bench.rigged import rig
from tests.bench.spoken import joined
from tests.bench.words import Heard, listen, rate

SHORTEST_S, LONGEST_S = 3, 9
"""All of Asterisk's prompts with words in them that are within the two: fixed before measuring."""
MOST_ERRORS = 5.0
LEAST_PROMPTS = 45
LEAST_TIMES = 8.0
HOUR_S = 3600
MOST_S = 300.0
"""T-2: for an hour."""


def words() -> tuple[bool, str]:
    """Whether the limit holds, and the figures as Markdown."""
    with rig() as rig_, tempfile.TemporaryDirectory() as folder:
        chosen = prompts(Path(rig_["RIG_PROMPTS"]), SHORTEST_S, LONGEST_S)
        heard = asyncio.run(listen(rig_.environment, Path(folder) / "service", chosen))
    wrong = sum(each.errors for each in heard)
    total = sum(each.words for each in heard)
    good = rate(heard) <= MOST_ERRORS and len(heard) >= LEAST_PROMPTS
    text = (
        f"All {len(heard)} English prompts of Asterisk's core sounds with words in them and a"
        f" length of {SHORTEST_S} to {LONGEST_S} s (8 kHz), each played by a caller over SIP and"
        f" recorded as wav. Text and transcript are compared after Whisper's own English"
        f" normaliser; `*` and `#` in a text are read as star and pound.\n\n"
        f"**{rate(heard):.2f} %** word errors ({wrong} of {total} words) with tiny.en;"
        f" {sum(not each.errors for each in heard)} prompts without any. The others:\n\n"
        + _differences(heard)
    )
    return good, text


def _differences(heard: Sequence[Heard]) -> str:
    rows = [
        f"| {each.prompt.name} | {each.errors} | {each.said} | {each.heard} |"
        for each in heard
        if each.errors
    ]
    return "\n".join(("| prompt | errors | text | heard |", "| --- | --- | --- | --- |", *rows))


def speed(seconds: int) -> tuple[bool, str]:
    """The same for long recordings."""
    rows, good = [], True
    with rig() as rig_, tempfile.TemporaryDirectory() as name:
        folder = Path(rig_["RIG_PROMPTS"])
        for stereo in (False, True):
            file = joined(folder, Path(name) / "long.wav", seconds, stereo=stereo)
            took_s = asyncio.run(_hear(file, stereo=stereo, seconds=seconds))
            good &= took_s <= MOST_S * seconds / HOUR_S and seconds / took_s >= LEAST_TIMES
            peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
            kind = "stereo, in turns" if stereo else "mono"
            rows.append(
                f"| {kind} | {seconds} | {took_s:.0f} | {seconds / took_s:.1f} | {peak_mb:.0f} |"
            )
    head = "| recording | s of it | s taken, start of the engine included | times real time | MB |"
    return good, "\n".join((head, "| --- | --- | --- | --- | --- |", *rows))


async def _hear(file: Path, *, stereo: bool, seconds: int) -> float:
    engine = Whisper("tiny.en")
    begun = time.monotonic()
    try:
        said = await engine.listen(file, stereo=stereo, duration_ms=seconds * 1000, model="")
        took_s = time.monotonic() - begun
    finally:
        await engine.rest()
    print(f"{len(said)} utterances in {took_s:.0f} s", flush=True)
    return took_s


def calls(given: argparse.Namespace) -> tuple[bool, str]:
    """The same for calls beside transcriptions."""
    sides = asyncio.run(unharmed.unharmed(given.runs, given.calls, given.rate))
    return sides.held(), unharmed.table(sides, given.calls, given.rate)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make transcription", description=__doc__)
    parser.add_argument("--only", choices=("words", "speed", "calls"))
    parser.add_argument("--seconds", type=int, default=HOUR_S, help="of the long recordings")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--calls", type=int, default=120)
    parser.add_argument("--rate", type=float, default=8)
    given = parser.parse_args()
    parts = {
        "words": ("Word errors", words),
        "speed": ("Speed of transcription", lambda: speed(given.seconds)),
        "calls": ("Calls beside transcriptions", lambda: calls(given)),
    }
    failed = False
    for name, (title, measure) in parts.items():
        if given.only in (None, name):
            good, text = measure()
            print(text)
            command = f"make transcription TRANSCRIPTION='--only {name}'"
            measurements.keep(f"transcription {name}", title, command, text)
            failed |= not good
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
