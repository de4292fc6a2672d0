"""Which voice says it: the words of the language mapped to what an engine has.

Languages are BCP 47 tags as the hosted product lists them; an unknown one becomes less specific
(`fr-CA`, `fr`) and in the end the fallback, because a prompt in another voice is better than none.
"""

from __future__ import annotations

from collections.abc import Container, Mapping

_OTHER_TAGS = {"arb": "ar", "es-us": "es-419", "es-mx": "es-419", "zh": "cmn", "zh-cn": "cmn"}
"""Tags of the hosted product that engines know by another name."""


def best(language: str, known: Mapping[str, str], fallback: str) -> str:
    """The engine's voice for the language: exactly, or less specific, or the fallback's.

    `known` is the engine's voices by language tag in lower case; `fallback` is such a tag.
    """
    tag = nearest(language, known)
    if tag:
        return known[tag]
    return known.get(fallback.lower()) or known.get("en-us") or next(iter(known.values()))


def nearest(language: str, known: Container[str]) -> str:
    """The tag that the engine knows, exactly or less specific; empty when there is none."""
    tag = language.replace("_", "-").lower()
    while tag:
        for name in (tag, _OTHER_TAGS.get(tag, "")):
            if name in known:
                return name
        tag = tag.rpartition("-")[0]
    return ""
