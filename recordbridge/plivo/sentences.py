"""What is said of a node of a document: refusals that point at its start tag, and warnings.

Every sentence is one line; what a stranger wrote is shown short, in quotes, with what does not
print escaped. A secret is never shown (H-6).
"""

from __future__ import annotations

from recordbridge.errors import DocumentError
from recordbridge.plivo.markup import Node
from recordbridge.urls import without_password

MOST_WARNINGS = 50


class Warnings:
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
            self.add(node, f"{tag(node.name)} has no attribute {shown(name)}; it is ignored")

    def stray_text(self, node: Node) -> None:
        text = "".join(node.text).strip()
        if text:
            self.add(node, f"the text {shown(text)} inside {tag(node.name)} is ignored")

    def sentences(self) -> tuple[str, ...]:
        more = (f"{self._dropped} more warnings are not shown",) if self._dropped else ()
        return (*self._kept, *more)


def refusal(
    node: Node, kind: str, message: str, *, attribute: str = "", value: str = ""
) -> DocumentError:
    """The error that rejects the document because of this node."""
    return DocumentError(
        message,
        line=node.line,
        column=node.column,
        element=node.name,
        attribute=attribute,
        value=value,
        kind=kind,
    )


def where(node: Node, name: str, text: str) -> str:
    """An attribute with its value; without a name the body."""
    if name:
        return f"{tag(node.name)} {name}={shown(text)}"
    return f"the text {shown(text)} of {tag(node.name)}"


def tag(name: str) -> str:
    return f"<{_short(name)}>"


def shown(text: str) -> str:
    """The value in quotes, on one line, with what does not print escaped."""
    return '"' + repr(_short(without_password(text)))[1:-1] + '"'


def _short(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:120]}..."
