"""The attributes and bodies of the elements: one row each, from wire name to field and check.

A row's check turns the value as written into the field's value, adds sentences to `warnings`,
and raises ValueError with what is allowed, as the end of a sentence (A-1, A-19, A-21). A new
element is a new table here and a new shape in the parser.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from recordbridge.plivo.retry import Target, parse_target
from recordbridge.plivo.urls import absolute_url

Value = str | int | bool | Target | None
Check = Callable[[str, list[str]], Value]

LARGEST = 86_400
"""A-21: a larger integer is taken as this one."""
MOST_LOOPS = 1000
KEYS = "0123456789*#"

_INTEGER = re.compile(r"[0-9]{1,9}", re.ASCII)
_SOUND = re.compile(r"sound:[A-Za-z0-9_][A-Za-z0-9_./-]*(?:&[A-Za-z0-9_][A-Za-z0-9_./-]*)*")
_TONE = re.compile(
    r"(?:duration|inter_silence|intra_silence|threshold)=[0-9]{1,9}"
    r"(?:,(?:duration|inter_silence|intra_silence|threshold)=[0-9]{1,9})*"
)


class Attribute(NamedTuple):
    """A row: the struct's `field` and the check.

    Without a field the attribute is checked and then not acted upon, which is worth a warning
    when its value differs from `idle`.
    """

    field: str | None
    check: Check
    idle: Value = None


def one_of(*words: str) -> Check:
    """Exactly one of the words."""

    def check(text: str, _warnings: list[str]) -> str:
        if text not in words:
            raise ValueError(f"must be {' or '.join(words)}")
        return text

    return check


def flag(text: str, _warnings: list[str]) -> bool:
    """`true` or `false`."""
    if text not in {"true", "false"}:
        raise ValueError("must be true or false")
    return text == "true"


def whole(least: int, unit: str = "", most: int = LARGEST) -> Check:
    """A-21: an integer of 1 to 9 ASCII digits, at least `least`; above `most` taken as `most`."""
    what = f"must be a whole number{unit and f' of {unit}'}, {least} or more, in 1 to 9 digits"

    def check(text: str, warnings: list[str]) -> int:
        if _INTEGER.fullmatch(text) is None or int(text) < least:
            raise ValueError(what)
        if int(text) > most:
            warnings.append(f"{text} is more than {most}, which is used instead")
        return min(int(text), most)

    return check


def keys(text: str, _warnings: list[str]) -> str:
    """A-9: the set of keys, each once; empty for `none`."""
    if text in {"", "none"}:
        return ""
    if not set(text) <= set(KEYS):
        raise ValueError("must be one or more of 0-9 * #, or none")
    return "".join(dict.fromkeys(text))


def target(text: str, warnings: list[str]) -> Target | None:
    """A URL with an optional retry fragment (H-1), method POST; empty counts as absent (A-21)."""
    if not text:
        return None
    parsed, sentences = parse_target(text, "POST")
    warnings.extend(sentences)
    return parsed


def needed_target(text: str, warnings: list[str]) -> Target | None:
    """The same, where something must stand."""
    if not text:
        raise ValueError("must be an absolute http or https URL")
    return target(text, warnings)


def stereo(text: str, warnings: list[str]) -> bool:
    """A-12: `mono` or `stereo`."""
    return one_of("mono", "stereo")(text, warnings) == "stereo"


def transcription(text: str, warnings: list[str]) -> bool:
    """A-13: `auto`; the hosted product's former types are taken as it."""
    if text not in {"auto", "hybrid", "manual"}:
        raise ValueError("must be auto")
    if text != "auto":
        warnings.append(f"{text} is taken as auto")
    return True


def sound(text: str, warnings: list[str]) -> str:
    """What Play plays: an http(s) URL, or `sound:NAME`, several joined by `&`."""
    if text.startswith("sound:"):
        if _SOUND.fullmatch(text) is None or ".." in text:
            raise ValueError(
                "must be sound:NAME or sound:NAME&NAME with names of letters, digits and _ - . /"
            )
        return text
    try:
        url = absolute_url(text)
    except ValueError as error:
        raise ValueError(f"{error}, or sound:NAME") from error
    if "#" in text:
        warnings.append("the fragment is ignored: audio is loaded with fixed retries")
    return url


def tone(text: str, warnings: list[str]) -> str | bool:
    """Wait's `beep`: true, false, or `duration=...,inter_silence=...` and so on."""
    if _TONE.fullmatch(text):
        return text
    try:
        return flag(text, warnings)
    except ValueError as error:
        raise ValueError(
            "must be true, false, or duration=, inter_silence=, intra_silence=, threshold="
            " with whole numbers, joined by commas"
        ) from error


_METHOD = one_of("GET", "POST")

RECORD: Mapping[str, Attribute] = {
    "action": Attribute("action", target),
    "method": Attribute("method", _METHOD),
    "fileFormat": Attribute("file_format", one_of("mp3", "wav")),
    "redirect": Attribute("redirect", flag),
    "timeout": Attribute("timeout_s", whole(1, "seconds")),
    "maxLength": Attribute("max_length_s", whole(2, "seconds")),
    "playBeep": Attribute("play_beep", flag),
    "finishOnKey": Attribute("finish_on_key", keys),
    "recordSession": Attribute("record_session", flag),
    "startOnDialAnswer": Attribute("start_on_dial_answer", flag),
    "recordChannelType": Attribute("stereo", stereo),
    "transcriptionType": Attribute("transcribe", transcription),
    "transcriptionUrl": Attribute("transcription", target),
    "transcriptionMethod": Attribute("transcription_method", _METHOD),
    "transcriptionReportType": Attribute("transcription_report", one_of("compact", "full")),
    "callbackUrl": Attribute("callback", target),
    "callbackMethod": Attribute("callback_method", _METHOD),
}
PLAY: Mapping[str, Attribute] = {"loop": Attribute("loop", whole(0, most=MOST_LOOPS))}
PLAY_BODY = Attribute("source", sound)
WAIT: Mapping[str, Attribute] = {
    "length": Attribute("length_s", whole(1, "seconds")),
    "silence": Attribute(None, flag, idle=False),
    "minSilence": Attribute(None, whole(1, "milliseconds")),
    "beep": Attribute(None, tone, idle=False),
}
HANGUP: Mapping[str, Attribute] = {
    "reason": Attribute("reason", one_of("rejected", "busy")),
    "schedule": Attribute("schedule_s", whole(0, "seconds")),
}
REDIRECT: Mapping[str, Attribute] = {"method": Attribute("method", _METHOD)}
REDIRECT_BODY = Attribute("target", needed_target)

METHODS: Mapping[str, str] = {
    "method": "action",
    "transcription_method": "transcription",
    "callback_method": "callback",
}
"""Fields that hold the method of another field's target."""
