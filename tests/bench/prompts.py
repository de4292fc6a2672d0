"""Asterisk's own English prompts and what is said in them, as the package of its sounds has it."""

from __future__ import annotations

import gzip
import re
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TEXTS = "../../texts/core-sounds-en.txt.gz"
"""Seen from the folder of the prompts."""
_REMARK = re.compile(r"\[[^]]*\]|\([^)]*\)|<[^>]*>|\.\.\.")
"""Also the dots of a text that goes on in another file."""
_SPOKEN = {"*": " star ", "#": " pound "}
"""Signs that are read out."""


class Prompt(NamedTuple):
    """One of them: the name that Asterisk plays it by."""

    name: str
    text: str
    seconds: float


def prompts(folder: Path, shortest_s: float, longest_s: float) -> list[Prompt]:
    """All whose length is within the two, by name. Remarks in brackets are not spoken.

    A text that is nothing but a remark (a tone, music) is of a file without words.
    """
    found = []
    for name, text in _texts(folder):
        file = folder / f"{name}.wav"
        spoken = _REMARK.sub(" ", text)
        for sign, word in _SPOKEN.items():
            spoken = spoken.replace(sign, word)
        spoken = " ".join(spoken.split())
        if not spoken or not file.is_file():
            continue
        with wave.open(str(file)) as sound:
            seconds = sound.getnframes() / sound.getframerate()
        if shortest_s <= seconds <= longest_s:
            found.append(Prompt(name, spoken, seconds))
    return sorted(found)


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    with gzip.open((folder / "x").resolve().parent / TEXTS, "rt", encoding="utf-8") as lines:
        for line in lines:
            name, colon, text = line.partition(": ")
            if colon and not line.startswith(";"):
                yield name.strip(), text.strip()
