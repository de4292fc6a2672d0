"""Whatever arrives: a document comes out, or a DocumentError with a true position."""

from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordbridge.errors import DocumentError
from recordbridge.plivo.elements import Document, RecordDefaults
from recordbridge.plivo.gate import tag
from recordbridge.plivo.parser import parse, parse_prompts
from recordbridge.plivo.shapes import SHAPES
from recordbridge.plivo.ssml import TAGS as SSML

DEFAULTS = RecordDefaults()
TEXT = st.text(st.characters(categories=("L", "M", "N", "P", "S", "Z")), max_size=20)
WORDS = ["true", "false", "GET", "POST", "mp3", "wav", "mono", "auto", "hybrid", "none", "#", ""]
URLS = ["https://h/x#rc=3", "https://h/é?x=1", "http://[::1]:8080/", "sound:a&b", "sound:a"]
DIALLED = ["+1 (415) 555-1111", "sip:a@h", "a=1,PH-b=2", "real", "1,22", "12wW#", "en-US", "MAN"]
VALUES = st.one_of(
    TEXT,
    st.integers(-5, 100_000).map(str),
    st.sampled_from([*WORDS, *URLS, *DIALLED]),
)
WIRE_NAMES = {name for shape in SHAPES.values() for name in shape.attributes}
NAMES = st.sampled_from(sorted({*WIRE_NAMES, "x", "Timeout"}))
TAGS = st.sampled_from([*SHAPES, *sorted(SSML), "audio", "Record", "Conference", "Foo", "Response"])


@st.composite
def elements(draw: st.DrawFn, name: str = "", depth: int = 0) -> tuple[str, str]:
    """An element and its name: often one that may be used, with values that often fit."""
    name = name or draw(TAGS)
    shape = SHAPES.get(name)
    known = sorted(shape.attributes) if shape else []
    keys = st.one_of(st.sampled_from(known), NAMES) if known else NAMES
    attributes = draw(st.dictionaries(keys, VALUES, max_size=3))
    written = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    body = escape(draw(VALUES)) if shape is None or shape.body or draw(st.booleans()) else ""
    if depth < 3 and shape is not None and shape.children is not None:
        fitting = draw(st.lists(st.sampled_from([*shape.children.names, ""]), max_size=3))
        body += "".join(draw(elements(each, depth + 1))[1] for each in fitting)
    return name, f"<{name}{written}>{body}</{name}>"


def outcome(data: bytes) -> Document | None:
    try:
        return parse(data, DEFAULTS)
    except DocumentError as error:
        refusal = error
    assert refusal.kind
    assert refusal.line >= 1
    assert refusal.column >= 1
    assert len(str(refusal).splitlines()) == 1
    return None


@pytest.mark.rule("F-6", "F-7")
@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    outcome(data)


@pytest.mark.rule("A-1", "A-19")
@given(st.lists(elements(), max_size=6))
def test_any_elements(parts: list[tuple[str, str]]) -> None:
    data = "<Response>\n" + "\n".join(text for _, text in parts) + "\n</Response>"
    parsed = outcome(data.encode())
    if parsed is None:
        return
    lines = {number: name for number, (name, _) in enumerate(parts, start=2)}
    for element in parsed.elements:
        assert (lines.pop(element.line), element.column) == (tag(type(element)), 1)
    assert set(lines.values()) <= {"Speak"}  # one without text is passed over


@pytest.mark.rule("F-2")
@given(st.lists(elements(), max_size=4))
def test_any_prompts(parts: list[tuple[str, str]]) -> None:
    data = "<Response>" + "".join(text for _, text in parts) + "</Response>"
    try:
        prompts = parse_prompts(data.encode())
    except DocumentError:
        return
    assert {name for name, _ in parts} <= {"Play", "Speak", "Wait"}
    assert len(prompts) <= len(parts)


@pytest.mark.rule("A-19")
@given(st.lists(elements(), max_size=4), st.integers(0, 200), st.integers(0, 30))
def test_the_position_of_a_bad_value_is_that_of_its_start_tag(
    parts: list[tuple[str, str]], lines: int, spaces: int
) -> None:
    good = [text for _, text in parts if outcome(f"<Response>{text}</Response>".encode())]
    before = "<Response>" + "".join(good) + "\n" * lines + " " * spaces
    data = before + '<Record\n\n timeout="0"/></Response>'
    with pytest.raises(DocumentError) as caught:
        parse(data.encode(), DEFAULTS)
    written = before.replace("\r\n", "\n").split("\n")
    assert (caught.value.line, caught.value.column) == (len(written), len(written[-1]) + 1)


@given(st.lists(elements(), max_size=6))
def test_what_was_parsed_is_cut_in_any_piece_the_same(parts: list[tuple[str, str]]) -> None:
    """Comments that push elements across the reader's pieces change nothing but positions."""
    plain = "<Response>" + "".join(text for _, text in parts) + "</Response>"
    filler = f"<!--{'x' * 3000}-->"
    padded = "<Response>" + "".join(filler + text for _, text in parts) + "</Response>"
    one, two = outcome(plain.encode()), outcome(padded.encode())
    assert (one is None) == (two is None)
    if one is not None and two is not None:
        assert [type(element) for element in one.elements] == [type(e) for e in two.elements]
        assert len(one.warnings) == len(two.warnings)
