"""Documents for the tests of the language."""

from __future__ import annotations

import pytest

from recordbridge.errors import DocumentError
from recordbridge.plivo.elements import Document, Element, RecordDefaults
from recordbridge.plivo.parser import parse

DEFAULTS = RecordDefaults()


def document(inside: str, defaults: RecordDefaults = DEFAULTS) -> Document:
    return parse(f"<Response>{inside}</Response>".encode(), defaults)


def only(inside: str, defaults: RecordDefaults = DEFAULTS) -> Element:
    """The one element of a document that gives no warnings."""
    parsed = document(inside, defaults)
    assert parsed.warnings == ()
    (element,) = parsed.elements
    return element


def refused(inside: str) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        document(inside)
    return caught.value
