"""SSML within Speak: what the hosted product lists, said in a form that our voice speaks properly.

The law: a tag or value that would not be spoken as it is meant is refused by name and place, like
any other mistake (A-19); nothing is passed on unread. So the voice never sees what it would
misread (`time="0.5s"`) or crash over (`audio`). Measured with espeak-ng 1.52.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from xml.sax.saxutils import escape

from recordbridge.plivo.markup import Node
from recordbridge.plivo.sentences import Warnings, refusal, shown, tag, where
from recordbridge.plivo.shapes import SHAPES

LONGEST_BREAK_MS = 10_000
_STRENGTHS = {
    "none": 0, "x-weak": 0, "weak": 250, "medium": 400, "strong": 700, "x-strong": 1000,
}  # fmt: skip
"""Pauses in milliseconds."""
_SPELLED = ("characters", "spell-out", "digits", "telephone")
_READ = ("cardinal", "number", "address")
_RATES = ("x-slow", "slow", "medium", "fast", "x-fast")
_PITCHES = ("x-low", "low", "medium", "high", "x-high")
_VOLUMES = ("silent", "x-soft", "soft", "medium", "loud", "x-loud")
_LEVELS = ("strong", "moderate", "reduced", "none")
_TIME = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,3})?)(ms|s)")
_RATE = re.compile(r"([0-9]{2,3})%")
_PITCH = re.compile(r"[+-][0-9]{1,2}%")
_DECIBELS = re.compile(r"[+-]?[0-9]{1,2}(?:\.[0-9]{1,2})?dB")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_AFTER_SPELLING = '<break time="10ms"/>'
"""Without it the voice spells a full stop that follows as well ("dot")."""
_KEPT = {"digits": re.compile(r"[^0-9]+"), "telephone": re.compile(r"[^0-9+*#]+")}
"""What is not spelled."""

Write = Callable[[Node, Warnings], str]


def spoken(node: Node, warnings: Warnings) -> str:
    """The content of Speak (or of a `speak` within) as markup for the voice.

    Raises DocumentError of kind `unavailable_element`, `misplaced_element` or `bad_value`.
    """
    return " ".join(_inside(node, warnings).split())


def _inside(node: Node, warnings: Warnings) -> str:
    return "".join(
        escape(each) if isinstance(each, str) else _element(each, node, warnings)
        for each in node.content
    )


def _element(node: Node, parent: Node, warnings: Warnings) -> str:
    write = TAGS.get(node.name)
    if write is None:
        listed = ", ".join(TAGS)
        if node.name in SHAPES:
            sentence = f"{tag(node.name)} may not stand in {tag(parent.name)}; {listed} are allowed"
            raise refusal(node, "misplaced_element", sentence)
        raise refusal(
            node,
            "unavailable_element",
            f"{tag(node.name)} in {tag(parent.name)} is not spoken; {listed} are",
        )
    for name in node.attributes:
        if name not in ATTRIBUTES.get(node.name, ()):
            warnings.unknown(node, name)
    return write(node, warnings)


def _bare(node: Node, warnings: Warnings) -> str:
    return _inside(node, warnings)


def _paused(node: Node, warnings: Warnings) -> str:
    """`p` and `s`: the voice pauses after them."""
    return f"<{node.name}>{_inside(node, warnings)}</{node.name}>"


def _break(node: Node, warnings: Warnings) -> str:
    warnings.stray_text(node)
    _must_be_empty(node)
    strength = node.attributes.get("strength", "medium")
    if strength not in _STRENGTHS:
        raise _bad(node, "strength", f"must be one of {', '.join(_STRENGTHS)}")
    ms = _STRENGTHS[strength]
    if (time := node.attributes.get("time")) is not None:
        found = _TIME.fullmatch(time)
        ms = round(float(found[1]) * (1000 if found[2] == "s" else 1)) if found else -1
        if not 0 <= ms <= LONGEST_BREAK_MS:
            raise _bad(node, "time", "must be a time up to 10s, such as 500ms or 1.5s")
    return f' <break time="{ms}ms"/> ' if ms else " "


def _say_as(node: Node, warnings: Warnings) -> str:
    kind = node.attributes.get("interpret-as", "")
    if kind in _READ:
        return _inside(node, warnings)
    if kind not in _SPELLED:
        allowed = ", ".join((*_READ, *_SPELLED))
        raise _bad(node, "interpret-as", f"must be one of {allowed}")
    _must_be_empty(node)
    text = "".join(node.text)
    if kind in _KEPT:
        text = _KEPT[kind].sub(" ", text)
    return f'<say-as interpret-as="characters">{escape(text)}</say-as>{_AFTER_SPELLING}'


def _prosody(node: Node, warnings: Warnings) -> str:
    said = {name: node.attributes[name] for name in _PROSODY if name in node.attributes}
    values = "".join(f' {name}="{_PROSODY[name](node, text)}"' for name, text in said.items())
    inside = _inside(node, warnings)
    return f"<prosody{values}>{inside}</prosody>" if values else inside


def _rate(node: Node, text: str) -> str:
    found = _RATE.fullmatch(text)
    if text not in _RATES and (found is None or not 20 <= int(found[1]) <= 200):
        raise _bad(node, "rate", f"must be one of {', '.join(_RATES)}, or 20% to 200%")
    return text


def _pitch(node: Node, text: str) -> str:
    if text not in _PITCHES and _PITCH.fullmatch(text) is None:
        raise _bad(node, "pitch", f"must be one of {', '.join(_PITCHES)}, or such as +10%")
    return text


def _volume(node: Node, text: str) -> str:
    """Decibels become a percentage: the voice takes them for something else."""
    if text in _VOLUMES:
        return text
    if _DECIBELS.fullmatch(text) is None:
        raise _bad(node, "volume", f"must be one of {', '.join(_VOLUMES)}, or such as -6dB")
    decibels = min(float(text.removesuffix("dB")), 6.0)
    return f"{round(100 * 10 ** (decibels / 20))}%"


def _emphasis(node: Node, warnings: Warnings) -> str:
    level = node.attributes.get("level", "moderate")
    if level not in _LEVELS:
        raise _bad(node, "level", f"must be one of {', '.join(_LEVELS)}")
    return f'<emphasis level="{level}">{_inside(node, warnings)}</emphasis>'


def _lang(node: Node, warnings: Warnings) -> str:
    language = node.attributes.get("xml:lang", "")
    if _LANGUAGE.fullmatch(language) is None:
        raise _bad(node, "xml:lang", "must be a language tag such as en-US")
    return f'<voice xml:lang="{language.lower()}">{_inside(node, warnings)}</voice>'


def _sub(node: Node, warnings: Warnings) -> str:
    """The alias is said in the place of what is written."""
    alias = node.attributes.get("alias", "")
    if not alias.strip():
        raise _bad(node, "alias", "must be what is to be said")
    _inside(node, warnings)
    return escape(alias)


def _must_be_empty(node: Node) -> None:
    for child in node.children:
        raise refusal(
            child, "misplaced_element", f"{tag(child.name)} may not stand in {tag(node.name)}"
        )


def _bad(node: Node, name: str, allowed: str) -> Exception:
    value = node.attributes.get(name, "")
    written = where(node, name, value) if name in node.attributes else tag(node.name)
    missing = "" if name in node.attributes else f" has no {shown(name)}, which"
    sentence = f"{written}{missing or ' is not allowed; it'} {allowed}"
    return refusal(node, "bad_value", sentence, attribute=name, value=value)


_PROSODY: Mapping[str, Callable[[Node, str], str]] = {
    "rate": _rate,
    "pitch": _pitch,
    "volume": _volume,
}
TAGS: Mapping[str, Write] = {
    "speak": _bare,
    "break": _break,
    "say-as": _say_as,
    "p": _paused,
    "s": _paused,
    "prosody": _prosody,
    "emphasis": _emphasis,
    "lang": _lang,
    "sub": _sub,
    "w": _bare,
}
"""Those that are spoken."""
ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "break": ("time", "strength"),
    "say-as": ("interpret-as", "format"),
    "prosody": tuple(_PROSODY),
    "emphasis": ("level",),
    "lang": ("xml:lang", "onlangfailure"),
    "sub": ("alias",),
    "w": ("role",),
    "speak": ("version", "xml:lang", "xmlns"),
}
