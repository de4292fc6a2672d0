"""What each element may consist of: the struct it becomes, its attributes, body and children.

The parser reads by this table; a new element is a new row (F-2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from recordbridge.plivo import attributes as rows
from recordbridge.plivo.attributes import Attribute
from recordbridge.plivo.checks import REAL
from recordbridge.plivo.dialled import merged
from recordbridge.plivo.elements import (
    Callee,
    Dial,
    Dtmf,
    Element,
    GetDigits,
    Hangup,
    Play,
    PreAnswer,
    Record,
    Redirect,
    Speak,
    Wait,
)

Part = Element | Callee
Values = dict[str, object]
"""The fields of a struct to be."""


class Children(NamedTuple):
    """The elements that may stand in another, the field they become, and how many there must be."""

    names: tuple[str, ...]
    field: str
    least: int = 0


class Shape(NamedTuple):
    """A row. `finish` completes the values when all is read."""

    struct: type[Part]
    attributes: Mapping[str, Attribute]
    body: Attribute | None = None
    methods: Mapping[str, str] = {}
    """From the field of a method to the field of the target it belongs to."""
    children: Children | None = None
    finish: Callable[[Values], None] | None = None


def _finish_record(values: Values) -> None:
    if values.get("transcription") is not None:  # T-1: the URL alone asks for it as well
        values["transcribe"] = True


def _finish_dial(values: Values) -> None:
    """The headers of the Dial go to all its callees; `real` is no URL."""
    headers = msgspec.convert(values.pop("sip_headers", {}), dict[str, str])
    callees = msgspec.convert(values["callees"], tuple[Callee, ...])
    values["callees"] = tuple(
        msgspec.structs.replace(callee, sip_headers=merged(headers, callee.sip_headers))
        for callee in callees
    )
    if values.get("dial_music") == REAL:
        values["dial_music"] = None
        values["real_music"] = True


def _finish_user(values: Values) -> None:
    values["user"] = True


PROMPTS = ("Play", "Speak", "Wait")
TOP = (
    *("Record", "Dial", "Speak", "Play", "Wait", "GetDigits"),
    *("Redirect", "Hangup", "PreAnswer", "DTMF"),
)
"""What may stand in Response."""

SHAPES: Mapping[str, Shape] = {
    "Record": Shape(Record, rows.RECORD, methods=rows.METHODS, finish=_finish_record),
    "Play": Shape(Play, rows.PLAY, rows.PLAY_BODY),
    "Speak": Shape(Speak, rows.SPEAK, rows.SPEAK_BODY),
    "Wait": Shape(Wait, rows.WAIT),
    "Hangup": Shape(Hangup, rows.HANGUP),
    "Redirect": Shape(Redirect, rows.REDIRECT, rows.REDIRECT_BODY, {"method": "target"}),
    "DTMF": Shape(Dtmf, rows.DTMF, rows.DTMF_BODY),
    "GetDigits": Shape(
        GetDigits, rows.GET_DIGITS, methods=rows.METHODS, children=Children(PROMPTS, "prompts")
    ),
    "PreAnswer": Shape(
        PreAnswer,
        rows.PRE_ANSWER,
        children=Children((*PROMPTS, "GetDigits", "Redirect", "DTMF"), "elements"),
    ),
    "Dial": Shape(
        Dial,
        rows.DIAL,
        methods=rows.METHODS,
        children=Children(("Number", "User"), "callees", least=1),
        finish=_finish_dial,
    ),
    "Number": Shape(Callee, rows.NUMBER, rows.NUMBER_BODY),
    "User": Shape(Callee, rows.USER, rows.USER_BODY, finish=_finish_user),
}
