"""A call-flow document from bytes to elements: the whole of it is checked before any runs (A-1).

First the markup alone (F-7), then the meaning, in the document's order: the first mistake
rejects all of it (A-19). What is merely odd becomes a warning. What stands where is told by
`shapes`, what is not run yet by `gate`.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from recordbridge.plivo import ssml, voices
from recordbridge.plivo.attributes import SPEAK_BODY, Attribute
from recordbridge.plivo.elements import (
    Document,
    Element,
    Prompt,
    Record,
    RecordDefaults,
    Speak,
)
from recordbridge.plivo.gate import NOT_YET, require_supported
from recordbridge.plivo.markup import Node, read
from recordbridge.plivo.retry import Target
from recordbridge.plivo.sentences import Warnings, refusal, shown, tag, where
from recordbridge.plivo.shapes import PROMPTS, SHAPES, TOP, Part, Shape, Values

__all__ = ["NOT_YET", "ROOT", "SHAPES", "parse", "parse_prompts", "require_supported"]

ROOT = "Response"


def parse(data: bytes, defaults: RecordDefaults) -> Document:
    """The document's elements in order, with warnings.

    Raises DocumentError with a kind of `markup.read`, or `wrong_root`, `unknown_element`,
    `unavailable_element` (of SSML), `misplaced_element`, `missing_element`, `bad_value`; it points
    at the start tag.
    """
    reading = _Reading(defaults)
    parts = reading.response(data, TOP)
    elements = msgspec.convert(parts, tuple[Element, ...])
    return Document(elements, reading.warnings.sentences())


def parse_prompts(data: bytes) -> tuple[Prompt, ...]:
    """What a document of confirmSound or dialMusic lets hear: Play, Speak and Wait only.

    Raises DocumentError as `parse` does.
    """
    parts = _Reading(RecordDefaults()).response(data, PROMPTS)
    return tuple(part for part in parts if isinstance(part, Prompt))


def parse_record(
    values: Mapping[str, str], defaults: RecordDefaults
) -> tuple[Record, tuple[str, ...]]:
    """A Record of names and values without markup (FastAGI), with warnings.

    Raises ValueError with a sentence about the first that is not allowed (A-19).
    """
    shape, said = SHAPES["Record"], list[str]()
    fields: Values = _record_defaults(defaults)
    for name, text in values.items():
        row = shape.attributes.get(name)
        if row is None:
            said.append(f"Record has no attribute {shown(name)}; it is ignored")
            continue
        heard: list[str] = []
        try:
            value = row.check(text, heard)
        except ValueError as error:
            raise ValueError(f"{name}={shown(text)} is not allowed; it {error}") from error
        said += (f"{name}={shown(text)}: {sentence}" for sentence in heard)
        if row.field is not None:
            fields[row.field] = value
    _join_methods(fields, shape.methods)
    return msgspec.convert(fields, Record), tuple(said)


class _Reading:
    """One document being read."""

    def __init__(self, defaults: RecordDefaults) -> None:
        self.warnings = Warnings()
        self._defaults = defaults

    def response(self, data: bytes, allowed: tuple[str, ...]) -> tuple[Part, ...]:
        root = read(data)
        if root.name != ROOT:
            raise refusal(root, "wrong_root", f"the root is {tag(root.name)}; it must be <{ROOT}>")
        for name in root.attributes:
            self.warnings.unknown(root, name)
        self.warnings.stray_text(root)
        return self._children(root, allowed)

    def _children(self, node: Node, allowed: tuple[str, ...]) -> tuple[Part, ...]:
        parts = [self._part(child, _shape(child, node, allowed)) for child in node.children]
        return tuple(part for part in parts if part is not None)

    def _part(self, node: Node, shape: Shape) -> Part | None:
        values: Values = {"line": node.line, "column": node.column}
        if shape.struct is Record:
            values |= _record_defaults(self._defaults)
        for name, text in node.attributes.items():
            row = shape.attributes.get(name)
            if row is None:
                self.warnings.unknown(node, name)
            else:
                self._check(node, row, name, text, values)
        if shape.struct is Speak:
            self._speech(node, values)
        else:
            self._content(node, shape, values)
        _join_methods(values, shape.methods)
        if shape.finish is not None:
            shape.finish(values)
        if shape.struct is Speak and not values["text"]:
            self.warnings.add(node, f"{tag(node.name)} has no text; it is passed over")
            return None
        return msgspec.convert(values, shape.struct)

    def _speech(self, node: Node, values: Values) -> None:
        """Plain text, or with elements in it SSML; its length is that of what is said."""
        self._check(node, SPEAK_BODY, "", _all_text(node).strip(), values)
        if node.children:
            values["text"] = ssml.spoken(node, self.warnings)
            values["ssml"] = True
        self._voice(node, values)

    def _voice(self, node: Node, values: Values) -> None:
        """A voice speaks its own language, unless another one is asked for."""
        name = str(values.get("voice", ""))
        known = voices.polly(name)
        if known is not None and "language" not in values:
            values["language"] = known.language
        elif known is None and name.startswith(voices.POLLY):
            self.warnings.add(node, f"{where(node, 'voice', name)} is not known; a woman speaks")

    def _content(self, node: Node, shape: Shape, values: Values) -> None:
        allowed = shape.children
        inner = self._children(node, allowed.names if allowed else ())
        if shape.body is None:
            self.warnings.stray_text(node)
        else:
            self._check(node, shape.body, "", "".join(node.text).strip(), values)
        if allowed is None:
            return
        if len(inner) < allowed.least:
            names = " or ".join(f"<{name}>" for name in allowed.names)
            raise refusal(
                node, "missing_element", f"{tag(node.name)} must contain at least one {names}"
            )
        values[allowed.field] = inner

    def _check(self, node: Node, row: Attribute, name: str, text: str, values: Values) -> None:
        said: list[str] = []
        place = where(node, name, "..." if row.secret else text)
        try:
            value = row.check(text, said)
        except ValueError as error:
            message = f"{place} is not allowed; it {error}"
            raise refusal(node, "bad_value", message, attribute=name, value=text) from error
        for sentence in said:
            self.warnings.add(node, f"{place}: {sentence}")
        if row.field is not None:
            values[row.field] = value
        elif value != row.idle:
            self.warnings.add(node, f"{place} is not acted upon in this release")


def _shape(node: Node, parent: Node, allowed: tuple[str, ...]) -> Shape:
    """The shape of an element that may stand in its parent; one unknown is refused as such."""
    if node.name in allowed:
        return SHAPES[node.name]
    what, inside = tag(node.name), tag(parent.name)
    if node.name == ROOT:
        raise refusal(node, "misplaced_element", f"<{ROOT}> may only be the root")
    only = f"{', '.join(allowed)} are allowed" if allowed else "no element is allowed there"
    if node.name in SHAPES:
        sentence = f"{what} may not stand in {inside}; {only}"
        raise refusal(node, "misplaced_element", sentence)
    raise refusal(node, "unknown_element", f"{what} is no element of this language; {only}")


def _all_text(node: Node) -> str:
    """Of the element and all within."""
    return "".join(each if isinstance(each, str) else _all_text(each) for each in node.content)


def _join_methods(values: Values, methods: Mapping[str, str]) -> None:
    for method_field, target_field in methods.items():
        method = values.pop(method_field, None)
        target = values.get(target_field)
        if isinstance(target, Target) and isinstance(method, str) and method != target.method:
            values[target_field] = msgspec.structs.replace(target, method=method)


def _record_defaults(defaults: RecordDefaults) -> Values:
    return {
        "timeout_s": defaults.timeout,
        "max_length_s": defaults.max_length,
        "play_beep": defaults.play_beep,
        "finish_on_key": defaults.finish_on_key,
        "file_format": defaults.file_format,
        "stereo": defaults.stereo,
    }
