"""The lines of AGI: the greeting, commands and their answers.

Asterisk greets with `agi_NAME: value` lines and an empty one. Then it answers one command after
the other, and says HANGUP in between when the caller is gone; commands are still answered then.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

LONGEST_LINE = 16_384
MOST_LINES = 300
"""Asterisk passes 128 arguments at the most."""
_ARGUMENT = "agi_arg_"
_ANSWER = re.compile(r"200 result=(-?\d+)(?: .*)?(?:endpos=(\d+))?.*")
_ENDPOS = re.compile(r"endpos=(\d+)")


class Greeting:
    """What Asterisk says of the call, and the arguments."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.script = values.get("agi_network_script", "")
        self.channel_id = values.get("agi_uniqueid", "")
        self.dialled = values.get("agi_extension", "")
        self.arguments = tuple(
            value
            for _, value in sorted(
                (int(name.removeprefix(_ARGUMENT)), value)
                for name, value in values.items()
                if name.startswith(_ARGUMENT) and name.removeprefix(_ARGUMENT).isdecimal()
            )
        )


def greeting_line(line: str) -> tuple[str, str]:
    """Name and value. Asterisk writes a second colon behind the name of some."""
    name, _, value = line.partition(": ")
    return name.rstrip(":"), value


class Answer:
    """The answer to a command. `good` means that it was carried out."""

    def __init__(self, line: str) -> None:
        found = _ANSWER.fullmatch(line)
        self.good = found is not None and found[1] != "-1"
        position = _ENDPOS.search(line)
        self.played = self.good and (position is None or position[1] != "0")


def answer() -> str:
    return "ANSWER"


def stream(name: str) -> str:
    """Play a sound that no key interrupts."""
    return f'STREAM FILE {quoted(name)} ""'


def tone(name: str) -> str:
    return f"EXEC PlayTones {quoted(name)}"


def tone_off() -> str:
    return 'EXEC StopPlayTones ""'


def variable(name: str, value: str) -> str:
    return f"SET VARIABLE {name} {quoted(value)}"


def verbose(sentence: str) -> str:
    """A line on Asterisk's console and in its verbose log."""
    return f"VERBOSE {quoted(sentence)} 1"


def quoted(text: str) -> str:
    """One argument; it stays on its line whatever is in it."""
    plain = "".join(each if each.isprintable() else " " for each in text)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
