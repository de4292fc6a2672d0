"""How near what a recogniser heard is to what was said: a bound, never equality.

A model's arithmetic differs from processor to processor, and with it a word here and there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

PASSWORD = "Please enter your password followed by the pound key"
"""What Asterisk's prompt `agent-pass` says."""
CONFERENCE = "The conference will begin when the leader arrives"
"""And `conf-waitforleader`."""
MOST = 1 / 3
"""Of the words of a text; those of another text are nearly all wrong."""


def words(text: str) -> list[str]:
    """In small letters, without signs."""
    return re.findall("[a-z]+", text.lower().replace("'", ""))


def errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """The fewest words to put in, leave out or change that make one the other."""
    row = list(range(len(heard) + 1))
    for index, word in enumerate(said, 1):
        last, row = row, [index]
        for at, other in enumerate(heard, 1):
            row.append(min(last[at] + 1, row[-1] + 1, last[at - 1] + (word != other)))
    return row[-1]


def understood(heard: str, said: str) -> bool:
    """Whether it is that text, for all that a recogniser may get wrong of it."""
    expected = words(said)
    return errors(expected, words(heard)) <= MOST * len(expected)
