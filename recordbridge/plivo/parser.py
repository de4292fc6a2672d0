"""A call-flow document from bytes to elements: the whole of it is checked before any runs (A-1).

First the markup alone (F-7), then the meaning, in the document's order: the first mistake
rejects all of it (A-19). What is merely odd becomes a warning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from recordbridge.errors import DocumentError
from recordbridge.plivo import attributes as rows
from recordbridge.plivo.attributes import Attribute, Value
from recordbridge.plivo.elements import (
    Document,
    Element,
    Hangup,
    Play,
    Record,
    RecordDefaults,
    Redirect,
    Wait,
)
from recordbridge.plivo.markup import Node, read
from recordbridge.plivo.retry import Target

ROOT = "Response"
MOST_WARNINGS = 50

Values = dict[str, Value]


class Shape(NamedTuple):
    """What an element may consist of: the struct it becomes, its attributes, its body if any."""

    struct: type[Element]
    attributes: Mapping[str, Attribute]
    body: Attribute | None = None
    methods: Mapping[str, str] = {}
    """From the field of a method to the field of the target it belongs to."""


SHAPES: Mapping[str, Shape] = {
    "Record": Shape(Record, rows.RECORD, methods=rows.METHODS),
    "Play": Shape(Play, rows.PLAY, rows.PLAY_BODY),
    "Wait": Shape(Wait, rows.WAIT),
    "Hangup": Shape(Hangup, rows.HANGUP),
    "Redirect": Shape(Redirect, rows.REDIRECT, rows.REDIRECT_BODY, {"method": "target"}),
}
NOT_YET = frozenset({"Dial", "Number", "User", "Speak", "GetDigits", "PreAnswer", "DTMF"})
"""F-2: elements of the language that this release does not run."""


def parse(data: bytes, defaults: RecordDefaults) -> Document:
    """The document's elements in order, with warnings.

    Raises DocumentError with a kind of `markup.read`, or `wrong_root`, `unknown_element`,
    `unavailable_element`, `misplaced_element`, `bad_value`; it points at the start tag.
    """
    root = read(data)
    if root.name != ROOT:
        raise _refusal(root, "wrong_root", f"the root is {_tag(root)}; it must be <{ROOT}>")
    warnings = _Warnings()
    for name in root.attributes:
        warnings.unknown(root, name)
    _refuse_text(root, warnings)
    elements = tuple(_element(node, defaults, warnings) for node in root.children)
    return Document(elements, warnings.sentences())


def require_supported(document: Document) -> None:
    """Reject what is parsed but not run by this release: background recordings.

    Raises DocumentError of kind `unavailable_value`.
    """
    for element in document.elements:
        if isinstance(element, Record) and (element.record_session or element.start_on_dial_answer):
            name = "recordSession" if element.record_session else "startOnDialAnswer"
            raise DocumentError(
                f'<Record> {name}="true" is not available in this release; it must be false',
                line=element.line,
                column=element.column,
                element="Record",
                attribute=name,
                value="true",
                kind="unavailable_value",
            )


class _Warnings:
    """Sentences with positions: an unknown attribute once per document, and a cap on all."""

    def __init__(self) -> None:
        self._kept: list[str] = []
        self._dropped = 0
        self._unknown: set[tuple[str, str]] = set()

    def add(self, node: Node, sentence: str) -> None:
        if len(self._kept) < MOST_WARNINGS:
            self._kept.append(f"line {node.line}, column {node.column}: {sentence}")
        else:
            self._dropped += 1

    def unknown(self, node: Node, name: str) -> None:
        if (node.name, name) not in self._unknown:
            self._unknown.add((node.name, name))
            self.add(node, f"{_tag(node)} has no attribute {_shown(name)}; it is ignored")

    def sentences(self) -> tuple[str, ...]:
        more = (f"{self._dropped} more warnings are not shown",) if self._dropped else ()
        return (*self._kept, *more)


def _element(node: Node, defaults: RecordDefaults, warnings: _Warnings) -> Element:
    shape = _shape(node)
    values: Values = {"line": node.line, "column": node.column}
    if shape.struct is Record:
        values |= _record_defaults(defaults)
    for name, text in node.attributes.items():
        row = shape.attributes.get(name)
        if row is None:
            warnings.unknown(node, name)
        else:
            _check(node, row, name, text, values, warnings)
    if shape.body is None:
        _refuse_text(node, warnings)
    else:
        _check(node, shape.body, "", "".join(node.text).strip(), values, warnings)
    for child in node.children:
        _shape(child)  # an unknown element is refused by its own name first
        raise _refusal(child, "misplaced_element", f"{_tag(child)} may not stand in {_tag(node)}")
    _join_methods(values, shape.methods)
    if values.get("transcription") is not None:  # T-1: the URL alone asks for it as well
        values["transcribe"] = True
    return msgspec.convert(values, shape.struct)


def _shape(node: Node) -> Shape:
    shape = SHAPES.get(node.name)
    if shape is not None:
        return shape
    if node.name in NOT_YET:
        sentence = f"{_tag(node)} is not available in this release"
        raise _refusal(node, "unavailable_element", f"{sentence}; {_allowed_elements()}")
    if node.name == ROOT:
        raise _refusal(node, "misplaced_element", f"<{ROOT}> may only be the root")
    raise _refusal(
        node,
        "unknown_element",
        f"{_tag(node)} is no element of this language; {_allowed_elements()}",
    )


def _check(
    node: Node, row: Attribute, name: str, text: str, values: Values, warnings: _Warnings
) -> None:
    said: list[str] = []
    try:
        value = row.check(text, said)
    except ValueError as error:
        where = _where(node, name, text)
        raise _refusal(
            node, "bad_value", f"{where} is not allowed; it {error}", attribute=name, value=text
        ) from error
    for sentence in said:
        warnings.add(node, f"{_where(node, name, text)}: {sentence}")
    if row.field is not None:
        values[row.field] = value
    elif value != row.idle:
        warnings.add(node, f"{_where(node, name, text)} is not acted upon in this release")


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


def _refuse_text(node: Node, warnings: _Warnings) -> None:
    text = "".join(node.text).strip()
    if text:
        warnings.add(node, f"the text {_shown(text)} inside {_tag(node)} is ignored")


def _refusal(
    node: Node, kind: str, message: str, *, attribute: str = "", value: str = ""
) -> DocumentError:
    return DocumentError(
        message,
        line=node.line,
        column=node.column,
        element=node.name,
        attribute=attribute,
        value=value,
        kind=kind,
    )


def _allowed_elements() -> str:
    return f"{', '.join(SHAPES)} are allowed"


def _where(node: Node, name: str, text: str) -> str:
    if name:
        return f"{_tag(node)} {name}={_shown(text)}"
    return f"the text {_shown(text)} of {_tag(node)}"


def _tag(node: Node) -> str:
    return f"<{_short(node.name)}>"


def _shown(text: str) -> str:
    """The value in quotes, on one line, with what does not print escaped."""
    return '"' + repr(_short(text))[1:-1] + '"'


def _short(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:120]}..."
