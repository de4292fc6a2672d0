"""Which voice says it: the words of the language mapped to what an engine has.

Languages are BCP 47 tags as the hosted product lists them; an unknown one becomes less specific
(`fr-CA`, `fr`) and in the end the fallback, because a prompt in another voice is better than none.
"""

from __future__ import annotations

from collections.abc import Mapping

_OTHER_TAGS = {"arb": "ar", "es-us": "es-419", "es-mx": "es-419", "zh": "cmn", "zh-cn": "cmn"}
"""Tags of the hosted product that engines know by another name."""

_MEN = frozenset({
    "adriano", "andres", "arthur", "brian", "cristiano", "daniel", "enrique", "geraint", "giorgio",
    "gregory", "hans", "jacek", "jan", "joey", "justin", "karl", "kevin", "liam", "mads", "mathieu",
    "matthew", "maxim", "miguel", "pedro", "raul", "remi", "ricardo", "ruben", "russell", "sergio",
    "stephen", "takumi", "thiago", "zayd",
})  # fmt: skip
"""Polly's voices of men; all others are women's."""


def is_man(voice: str) -> bool:
    """Whether the element asks for a man's voice: `MAN`, `Polly.Matthew`, `Polly.Joey-Neural`."""
    if voice.startswith("Polly."):
        return voice.removeprefix("Polly.").partition("-")[0].lower() in _MEN
    return voice == "MAN"


def best(language: str, known: Mapping[str, str], fallback: str) -> str:
    """The engine's voice for the language: exactly, or less specific, or the fallback's.

    `known` is the engine's voices by language tag in lower case; `fallback` is such a tag.
    """
    tag = language.replace("_", "-").lower()
    while tag:
        for name in (tag, _OTHER_TAGS.get(tag, "")):
            if name in known:
                return known[name]
        tag = tag.rpartition("-")[0]
    return known.get(fallback.lower()) or known.get("en-us") or next(iter(known.values()))
