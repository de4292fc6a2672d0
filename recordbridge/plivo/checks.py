"""The checks of values: each turns what was written into a field's value.

A check adds sentences to `warnings`, and raises ValueError with what is allowed, as the end of
a sentence (A-1, A-19, A-21).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from recordbridge.plivo.retry import Target, parse_target
from recordbridge.urls import absolute_url

Value = str | int | bool | Target | tuple[str, ...] | Mapping[str, str] | None
Check = Callable[[str, list[str]], Value]

LARGEST = 86_400
"""A-21: a larger integer is taken as this one."""
KEYS = "0123456789*#"
REAL = "real"
"""`dialMusic`: what the callee sends while it rings."""
LONGEST_TEXT = 3000
LONGEST_DIGITS = 256
LONGEST_NAME = 50

_INTEGER = re.compile(r"[0-9]{1,9}", re.ASCII)
_SOUND = re.compile(r"sound:[A-Za-z0-9_][A-Za-z0-9_./-]*(?:&[A-Za-z0-9_][A-Za-z0-9_./-]*)*")
_TONE = re.compile(
    r"(?:duration|inter_silence|intra_silence|threshold)=[0-9]{1,9}"
    r"(?:,(?:duration|inter_silence|intra_silence|threshold)=[0-9]{1,9})*"
)
_VOICE = re.compile(r"WOMAN|MAN|Polly\.[A-Za-z][A-Za-z0-9-]{0,39}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_DIGITS = re.compile(rf"[0-9A-D*#wW]{{1,{LONGEST_DIGITS}}}")
_PATTERN = re.compile(r"[0-9*#]{1,32}")


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


def opposite(text: str, warnings: list[str]) -> bool:
    """The same, for a field that means the contrary."""
    return not flag(text, warnings)


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


def one_key(text: str, _warnings: list[str]) -> str:
    """Exactly one key; empty for none."""
    if text in {"", "none"}:
        return ""
    if len(text) != 1 or text not in KEYS:
        raise ValueError("must be exactly one of 0-9 * #, or none")
    return text


def some_keys(text: str, _warnings: list[str]) -> str:
    """The set of keys, each once, and at least one."""
    if not text or not set(text) <= set(KEYS):
        raise ValueError("must be one or more of 0-9 * #")
    return "".join(dict.fromkeys(text))


def digits(text: str, _warnings: list[str]) -> str:
    """Keys to press, with pauses: `w` half a second, `W` a second."""
    if _DIGITS.fullmatch(text) is None:
        raise ValueError(f"must be 1 to {LONGEST_DIGITS} of 0-9 A-D * # w W")
    return text


def digits_or_none(text: str, warnings: list[str]) -> str:
    """The same, or nothing."""
    return digits(text, warnings) if text else ""


def patterns(text: str, _warnings: list[str]) -> tuple[str, ...]:
    """Sequences of keys, joined by commas, each once; empty for none."""
    if not text:
        return ()
    words = [word.strip(" ") for word in text.split(",")]
    if any(_PATTERN.fullmatch(word) is None for word in words):
        raise ValueError("must be sequences of 1 to 32 of 0-9 * #, joined by commas")
    return tuple(dict.fromkeys(words))


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


def music(text: str, warnings: list[str]) -> Target | str | None:
    """Such a URL, or the word `real`."""
    if text == REAL:
        return REAL
    try:
        return target(text, warnings)
    except ValueError as error:
        raise ValueError(f"{error}, or {REAL}") from error


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


def sound_or_none(text: str, warnings: list[str]) -> str:
    """The same; empty counts as absent (A-21)."""
    return sound(text, warnings) if text else ""


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


def voice(text: str, _warnings: list[str]) -> str:
    """Who speaks."""
    if _VOICE.fullmatch(text) is None:
        raise ValueError("must be WOMAN, MAN or Polly.NAME")
    return text


def language(text: str, _warnings: list[str]) -> str:
    """A language tag by its shape; which languages there are is the engine's business."""
    if _LANGUAGE.fullmatch(text) is None:
        raise ValueError("must be a language tag such as en-US")
    return text


def speech(text: str, _warnings: list[str]) -> str:
    """What Speak says, with white space as in running text; empty is judged by the parser."""
    running = " ".join(text.split())
    if len(running) > LONGEST_TEXT:
        raise ValueError(f"must be at most {LONGEST_TEXT} characters")
    return running


def name_or_none(text: str, _warnings: list[str]) -> str | None:
    """A caller's name; empty counts as absent."""
    if len(text) > LONGEST_NAME or not text.isprintable():
        raise ValueError(f"must be at most {LONGEST_NAME} printable characters")
    return text.strip() or None


def ignored(text: str, _warnings: list[str]) -> str:
    """Anything, of an attribute that is not acted upon."""
    return text
