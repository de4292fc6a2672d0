"""The calls that are placed: what each caller does, and how its recording is to end.

Callers differ in number, so that wire, callback and file of a call are found together. Instants
are spread over Asterisk's 20-ms frames by a fixed generator.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from tests.service.steps import Step, mute, silence

Ending = Literal["maxLength", "finishOnKey", "hangup", "silence"]
TIMEOUT_S = 3
MAX_S = 3
LONG_S = 30
DOCUMENTS = {
    "100": f'playBeep="false" maxLength="{MAX_S}"',
    "101": f'playBeep="true" maxLength="{MAX_S}"',
    "102": f'playBeep="false" maxLength="{LONG_S}"',
    "103": f'playBeep="true" maxLength="{LONG_S}"',
    "104": f'playBeep="false" maxLength="{LONG_S}" timeout="{TIMEOUT_S}"',
}
"""The Record of each dialled number."""
_callers = itertools.count(15550000001)


@dataclass(frozen=True)
class Case:
    """One call."""

    number: str
    ending: Ending
    script: str | tuple[Step, ...] = "markers"
    after_s: float = 0.0
    """From the answer to the key or the hangup."""
    note: str = ""
    inband: bool = False
    """The key is a tone among the speech, not telephone events."""
    variables: dict[str, str] = field(default_factory=dict)
    caller: str = field(default_factory=lambda: str(next(_callers)))

    @property
    def beep(self) -> bool:
        return 'playBeep="true"' in DOCUMENTS[self.number]

    @property
    def max_length_s(self) -> int:
        return MAX_S if self.number in ("100", "101") else LONG_S


def marked(count: int) -> Iterator[Case]:
    """Callers who play the known signal: half with a beep, of each ending a third."""
    chance = random.Random(1)
    endings: tuple[Ending, ...] = ("maxLength", "finishOnKey", "hangup")
    for index in range(count):
        ending = endings[index // 2 % 3]
        number = ("100" if ending == "maxLength" else "102", "103")[index % 2]
        if ending == "maxLength" and index % 2:
            number = "101"
        yield Case(number, ending, after_s=chance.uniform(1.8, 3.2))


def inband(count: int) -> Iterator[Case]:
    """Callers who play the known signal and whose phone sends a key as a tone."""
    chance = random.Random(3)
    for _ in range(count):
        after_s = chance.uniform(1.0, 2.0)
        yield Case("102", "finishOnKey", after_s=after_s, note="in-band key", inband=True)


def silent(count: int) -> Iterator[Case]:
    """Callers who talk and fall silent, with and without RTP, and who never say a word."""
    chance = random.Random(2)
    for _ in range(count):
        for script in ("talk-then-silence", "talk-then-mute"):
            seconds = f"0.{chance.randint(3, 9)}"
            yield Case("104", "silence", script, note=script, variables={"RIG_TALK_S": seconds})
    for note, step in (("never speaks", silence(LONG_S)), ("never sends RTP", mute(LONG_S))):
        for _ in range(max(1, count // 5)):
            yield Case("104", "silence", (step,), note=note)
