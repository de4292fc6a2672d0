"""What the language knows and this release does not run yet: one row each.

To open an element, or a value of an attribute, delete its row. The gate sees elements within
elements too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from recordbridge.errors import DocumentError
from recordbridge.plivo.elements import Document, Element, GetDigits, PreAnswer
from recordbridge.plivo.shapes import TOP


class Closed(NamedTuple):
    """An element that is refused; with a field, only where that flag is true."""

    element: type[Element]
    attribute: str = ""
    field: str = ""


NOT_YET: tuple[Closed, ...] = ()


def require_supported(document: Document) -> None:
    """Reject what is parsed but not run by this release.

    Raises DocumentError of kind `unavailable_element` or `unavailable_value`.
    """
    require_elements(document.elements)


def require_elements(elements: Iterable[Element]) -> None:
    """The same, of the prompts of a confirmSound or dialMusic document for one."""
    for element in _each(elements):
        for row in NOT_YET:
            if isinstance(element, row.element) and (
                not row.field or getattr(element, row.field) is True
            ):
                raise _refusal(element, row)


def _each(elements: Iterable[Element]) -> Iterator[Element]:
    for element in elements:
        yield element
        match element:
            case GetDigits(prompts=inner) | PreAnswer(elements=inner):
                yield from _each(inner)
            case _:
                pass


def _refusal(element: Element, row: Closed) -> DocumentError:
    name = tag(type(element))
    if row.attribute:
        message = f'<{name}> {row.attribute}="true" is not available in this release;'
        message += " it must be false"
    else:
        message = f"<{name}> is not available in this release; {', '.join(_open())} are allowed"
    return DocumentError(
        message,
        line=element.line,
        column=element.column,
        element=name,
        attribute=row.attribute,
        value="true" if row.attribute else "",
        kind="unavailable_value" if row.attribute else "unavailable_element",
    )


def tag(struct: type[Element]) -> str:
    """The name of the element that becomes this struct."""
    return str(struct.__struct_config__.tag)


def _open() -> list[str]:
    closed = {tag(row.element) for row in NOT_YET if not row.field}
    return [name for name in TOP if name not in closed]
