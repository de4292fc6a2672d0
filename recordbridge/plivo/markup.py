"""F-7: XML from a stranger as a small tree of nodes, or a DocumentError by name.

Nothing here knows what an element means. The law: a document that is too large, too deep, not
well-formed or has a DTD is refused before its meaning is looked at, and no entity is ever
defined, expanded or fetched. Positions count from 1, columns in characters.
"""

from __future__ import annotations

import codecs
from xml.parsers import expat

from recordbridge.errors import DocumentError

MOST_BYTES = 100_000
MOST_ELEMENTS = 1000
MOST_DEPTH = 8
MOST_ATTRIBUTES = 64

# expat's own; for any other name Python would offer its 8-bit codecs.
ENCODINGS = ("UTF-8", "UTF-16", "ISO-8859-1", "US-ASCII")
_KNOWN_ENCODINGS = frozenset((*ENCODINGS, "UTF-16LE", "UTF-16BE"))
# After a refusal expat reads on to the end of what it was given; small pieces bound that.
_PIECE = 4096
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UNDEFINED_ENTITY = 11


class Node:
    """An element with its attributes as written, its text pieces, and its start tag's position.

    `content` is text and children in their order.
    """

    __slots__ = ("attributes", "children", "column", "content", "line", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str], line: int, column: int) -> None:
        self.name = name
        self.attributes = attributes
        self.line = line
        self.column = column
        self.text: list[str] = []
        self.children: list[Node] = []
        self.content: list[str | Node] = []


def read(data: bytes) -> Node:
    """The root of the document.

    Raises DocumentError of kind `empty`, `too_large`, `dtd`, `entity`, `encoding`, `syntax`,
    `too_many_elements`, `too_deep` or `too_many_attributes`.
    """
    if len(data) > MOST_BYTES:
        raise DocumentError(
            f"the document has {len(data)} bytes; at most {MOST_BYTES} are allowed",
            kind="too_large",
        )
    if not data.strip():
        raise DocumentError("the document is empty; <Response> is needed", kind="empty")
    reader = _Reader(data)
    try:
        return reader.run(data)
    except expat.ExpatError as error:
        kind = "entity" if error.code == _UNDEFINED_ENTITY else "syntax"
        line, column = reader.position(error.lineno, error.offset)
        raise DocumentError(
            f"not well-formed XML: {expat.ErrorString(error.code)}",
            line=line,
            column=column,
            kind=kind,
        ) from error


class _Reader:
    """The handlers of one expat parser."""

    def __init__(self, data: bytes) -> None:
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._open: list[Node] = []
        self._root: Node | None = None
        self._count = 0
        # expat counts a byte order mark as a column of the first line.
        self._mark = int(data.startswith(_MARKS))

    def run(self, data: bytes) -> Node:
        parser = self._parser
        parser.XmlDeclHandler = self._declaration
        parser.DefaultHandler = self._other
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        try:
            for offset in range(0, len(data), _PIECE):
                parser.Parse(data[offset : offset + _PIECE], False)
            parser.Parse(b"", True)
        finally:  # the parser and its handlers hold each other
            parser.XmlDeclHandler = parser.DefaultHandler = None
            parser.StartElementHandler = parser.EndElementHandler = None
            parser.CharacterDataHandler = None
        assert self._root is not None
        return self._root

    def position(self, line: int, offset: int) -> tuple[int, int]:
        return line, offset + 1 - (self._mark if line == 1 else 0)

    def _here(self) -> tuple[int, int]:
        return self.position(self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber)

    def _refusal(self, kind: str, message: str, element: str = "") -> DocumentError:
        line, column = self._here()
        return DocumentError(message, line=line, column=column, element=element, kind=kind)

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.upper() not in _KNOWN_ENCODINGS:
            raise self._refusal(
                "encoding", f"encoding {encoding!r} is not read; {', '.join(ENCODINGS)} are"
            )

    def _other(self, token: str) -> None:
        # Comments, white space outside the root and the like; a DTD shows by its first token.
        if token.startswith("<!DOCTYPE"):
            raise self._refusal("dtd", "a document type declaration (DTD) is not allowed")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MOST_ELEMENTS:
            raise self._refusal(
                "too_many_elements", f"more than {MOST_ELEMENTS} elements are not allowed", name
            )
        if len(self._open) >= MOST_DEPTH:
            raise self._refusal(
                "too_deep", f"elements nested more than {MOST_DEPTH} deep are not allowed", name
            )
        if len(attributes) > MOST_ATTRIBUTES:
            raise self._refusal(
                "too_many_attributes",
                f"<{name[:40]}> has {len(attributes)} attributes;"
                f" at most {MOST_ATTRIBUTES} are allowed",
                name,
            )
        node = Node(name, attributes, *self._here())
        if self._open:
            self._open[-1].children.append(node)
            self._open[-1].content.append(node)
        else:
            self._root = node
        self._open.append(node)

    def _end(self, _name: str) -> None:
        self._open.pop()

    def _characters(self, text: str) -> None:
        self._open[-1].text.append(text)
        self._open[-1].content.append(text)
