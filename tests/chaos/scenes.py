"""The calls of the laboratory: what the application answers, and what caller and callee do.

Every caller plays the known signal from the answer on, so that each recording tells to the sample
which part of it is there. A `Take` is a Record element (or a REST request) and says where in the
signal it has to begin and how it ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

CALLEE = "155512300{nn}10"
"""Answers at once and plays the callees' known signal (asterisk/README.md)."""
MODES = ("plain", "session", "dial", "both", "rest")
Begins = Literal["answer", "after", "beep", "connected", "asked"]
"""`after`: soon after the answer, for which it does not wait."""


@dataclass(frozen=True)
class Take:
    """A recording that a call has to leave behind, and the part of the caller's speech in it."""

    begins: Begins
    longest_s: float = 600.0
    stereo: bool = False
    action: bool = True
    document: bool = False
    """The reply to its action is the next document: H-3 makes no promise about that one."""


@dataclass(frozen=True)
class Scene:
    """Calls of one number. `ends`: what the caller does after `speaks_s` seconds."""

    mode: str
    name: str
    documents: Mapping[str, str]
    takes: tuple[Take, ...]
    speaks_s: float
    ends: Literal["key", "silence", "hangup", "talks on"]
    listens: bool = False
    """What the caller hears is recorded at the carrier."""
    dials: int = 0
    number: str = field(default="")


class _Writing:
    """Writes the documents of one number."""

    def __init__(self, number: str, application: str) -> None:
        self._base = f"{application}/{number}"
        self._nn = number[-2:]

    def record(self, nth: int = 1, **attributes: object) -> str:
        values: dict[str, object] = {
            "action": f"{self._base}/action{nth}",
            "redirect": "false",
            "callbackUrl": f"{self._base}/callback{nth}",
            "fileFormat": "wav",
            "playBeep": "false",
            "timeout": 4,
            "maxLength": 14,
        } | attributes
        return (
            f"<Record {' '.join(f'{name}={chr(34)}{v}{chr(34)}' for name, v in values.items())}/>"
        )

    def dial(self, limit_s: int = 20) -> str:
        return (
            f'<Dial action="{self._base}/dialled" redirect="false" timeout="20"'
            f' timeLimit="{limit_s}"><Number>{CALLEE.format(nn=self._nn)}</Number></Dial>'
        )


def scenes(numbers: list[str], application: str) -> list[Scene]:
    """One for each number, as long as there are scenes."""
    made = []
    for number, write in zip(numbers, _ALL, strict=False):
        scene = write(_Writing(number, application))
        made.append(Scene(**{**scene.__dict__, "number": number}))
    return made


def _answer(*elements: str) -> dict[str, str]:
    return {"answer": f"<Response>{''.join(elements)}</Response>"}


def _key(w: _Writing) -> Scene:
    return Scene("plain", "key", _answer(w.record()), (Take("answer"),), 5, "key")


def _silence(w: _Writing) -> Scene:
    return Scene("plain", "silence", _answer(w.record(timeout=3)), (Take("answer"),), 6, "silence")


def _max_length(w: _Writing) -> Scene:
    take = Take("answer", longest_s=6)
    return Scene("plain", "maxLength", _answer(w.record(maxLength=6)), (take,), 30, "talks on")


def _hangup(w: _Writing) -> Scene:
    return Scene("plain", "hangup", _answer(w.record()), (Take("answer"),), 7, "hangup")


def _two_documents(w: _Writing) -> Scene:
    """The first one's action brings the second, which begins with a beep."""
    second = w.record(2, playBeep="true", maxLength=4)
    documents = _answer(w.record(redirect="true", maxLength=5))
    documents["action1"] = f"<Response>{second}</Response>"
    takes = (Take("answer", longest_s=5, document=True), Take("beep", longest_s=4))
    return Scene("plain", "two documents", documents, takes, 30, "talks on", listens=True)


def _beep(w: _Writing) -> Scene:
    documents = _answer(w.record(playBeep="true"))
    return Scene("plain", "beep", documents, (Take("beep"),), 8, "hangup", listens=True)


def _session(w: _Writing) -> Scene:
    documents = _answer(w.record(recordSession="true"), '<Wait length="60"/>')
    return Scene("session", "stereo", documents, (Take("answer", stereo=True),), 9, "hangup")


def _session_mono(w: _Writing) -> Scene:
    documents = _answer(
        w.record(recordSession="true", recordChannelType="mono"), '<Wait length="60"/>'
    )
    return Scene("session", "mono", documents, (Take("answer"),), 8, "hangup")


def _session_and_plain(w: _Writing) -> Scene:
    documents = _answer(w.record(recordSession="true"), w.record(2, maxLength=5))
    takes = (Take("answer", stereo=True), Take("after", longest_s=5))
    return Scene("session", "a plain one in it", documents, takes, 30, "talks on")


def _session_dial(w: _Writing) -> Scene:
    documents = _answer(w.record(recordSession="true"), w.dial(7))
    takes = (Take("answer", stereo=True),)
    return Scene("session", "Dial", documents, takes, 30, "talks on", listens=True, dials=1)


def _dial(w: _Writing) -> Scene:
    documents = _answer(w.record(startOnDialAnswer="true"), w.dial(7))
    takes = (Take("connected", stereo=True),)
    return Scene("dial", "startOnDialAnswer", documents, takes, 30, "talks on", True, 1)


def _dial_hangup(w: _Writing) -> Scene:
    documents = _answer(w.record(startOnDialAnswer="true"), w.dial())
    takes = (Take("connected", stereo=True),)
    return Scene("dial", "caller hangs up", documents, takes, 9, "hangup", True, 1)


def _both(w: _Writing) -> Scene:
    documents = _answer(
        w.record(startOnDialAnswer="true", recordSession="true"), w.dial(6), '<Wait length="2"/>'
    )
    takes = (Take("connected", stereo=True),)
    return Scene("both", "both flags", documents, takes, 30, "talks on", True, 1)


def _rest(w: _Writing) -> Scene:
    documents = _answer('<GetDigits timeout="60"/>')
    takes = (Take("asked", action=False),)
    return Scene("rest", "REST", documents, takes, 10, "hangup")


_ALL = (
    _key, _silence, _max_length, _hangup, _two_documents, _beep, _session, _session_mono,
    _session_and_plain, _session_dial, _dial, _dial_hangup, _both, _rest,
)  # fmt: skip
