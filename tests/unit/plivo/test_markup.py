"""XML from a stranger: small, plain, and with true positions."""

import pytest

from recordbridge.errors import DocumentError
from recordbridge.plivo.markup import read


def refused(data: bytes) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        read(data)
    return caught.value


def place(error: DocumentError) -> tuple[int, int]:
    return error.line, error.column


def test_a_tree_with_attributes_text_and_positions() -> None:
    root = read(
        b'<?xml version="1.0"?>\r\n<A x="1&amp;2">\n  <B/>t&lt;<!-- c --><![CDATA[u]]></A>\n'
    )
    assert (root.name, root.attributes, root.line, root.column) == ("A", {"x": "1&2"}, 2, 1)
    assert "".join(root.text).strip() == "t<u"
    (child,) = root.children
    assert (child.name, child.line, child.column) == ("B", 3, 3)


def test_columns_count_characters_not_bytes() -> None:
    root = read("<A>é€😀<B/></A>".encode())
    assert root.children[0].column == 7


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "us-ascii"])
def test_every_encoding_gives_the_same_positions(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    text = "é" if encoding != "us-ascii" else "e"
    root = read(f'<?xml version="1.0" encoding="{declared}"?><A>{text}<B/></A>'.encode(encoding))
    assert "".join(root.text) == text
    start = len(f'<?xml version="1.0" encoding="{declared}"?>')
    assert (root.column, root.children[0].column) == (start + 1, start + 5)


def test_positions_survive_long_documents() -> None:
    lines = 2000
    root = read(b"<A>" + b"\n  <!-- " + b"x" * 20 + b" -->" + b"\n" * lines + b" <B/></A>")
    assert (root.children[0].line, root.children[0].column) == (lines + 2, 2)


def test_a_tag_longer_than_a_piece_points_at_its_start() -> None:
    root = read(b"<A>\n   <B " + b"\n" * 5000 + b'x="' + b"y" * 9000 + b'"/>\n<C/></A>')
    b, c = root.children
    assert (b.line, b.column) == (2, 4)
    assert (c.line, c.column) == (5003, 1)


@pytest.mark.rule("F-7")
@pytest.mark.parametrize("data", [b"", b" \r\n\t "])
def test_nothing_is_empty(data: bytes) -> None:
    assert refused(data).kind == "empty"


@pytest.mark.rule("F-7")
def test_100_kb_are_read_and_one_byte_more_is_not() -> None:
    shell = len(b"<A></A>")
    assert read(b"<A>" + b" " * (100_000 - shell) + b"</A>").name == "A"
    error = refused(b"<A>" + b" " * (100_001 - shell) + b"</A>")
    assert error.kind == "too_large"
    assert "100000" in str(error)


@pytest.mark.rule("F-7")
def test_1000_elements_are_read_and_one_more_is_not() -> None:
    assert len(read(b"<A>" + b"<B/>" * 999 + b"</A>").children) == 999
    error = refused(b"<A>\n" + b"<B/>" * 999 + b"\n <C/></A>")
    assert error.kind == "too_many_elements"
    assert (error.element, place(error)) == ("C", (3, 2))


@pytest.mark.rule("F-7")
def test_depth_8_is_read_and_9_is_not() -> None:
    assert read(b"<A>" * 8 + b"</A>" * 8)
    error = refused(b"<A>" * 9 + b"</A>" * 9)
    assert error.kind == "too_deep"
    assert place(error) == (1, 25)


@pytest.mark.rule("F-7")
def test_64_attributes_are_read_and_65_are_not() -> None:
    def document(number: int) -> bytes:
        attributes = " ".join(f"a{n}='1'" for n in range(number))
        return f"<A>\n<B {attributes}/></A>".encode()

    assert len(read(document(64)).children[0].attributes) == 64
    error = refused(document(65))
    assert error.kind == "too_many_attributes"
    assert (error.element, place(error)) == ("B", (2, 1))


@pytest.mark.rule("F-7")
@pytest.mark.parametrize(
    "doctype",
    [
        b"<!DOCTYPE A>",
        b'<!DOCTYPE A SYSTEM "http://127.0.0.1:1/x.dtd">',
        b'<!DOCTYPE A [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE A [<!ENTITY % p SYSTEM "http://127.0.0.1:1/"> %p;]>',
        b"<!DOCTYPE ",
    ],
)
def test_a_dtd_is_refused_at_its_first_token(doctype: bytes) -> None:
    error = refused(b"<?xml version='1.0'?>\n  " + doctype + b"<A>&e;</A>")
    assert error.kind == "dtd"
    assert place(error) == (2, 3)


@pytest.mark.rule("F-7")
def test_a_dtd_in_utf_16_is_refused_too() -> None:
    assert refused("<!DOCTYPE A><A/>".encode("utf-16")).kind == "dtd"


@pytest.mark.rule("F-7")
def test_entities_never_grow() -> None:
    levels = "".join(f"<!ENTITY e{n} '" + 10 * f"&e{n - 1};" + "'>" for n in range(1, 9))
    bomb = f'<!DOCTYPE A [<!ENTITY e0 "ha">{levels}]><A x="&e8;">&e8;</A>'
    assert refused(bomb.encode()).kind == "dtd"


@pytest.mark.rule("F-7")
@pytest.mark.parametrize("data", [b"<A>&nbsp;</A>", b'<A x="&e;"/>'])
def test_an_entity_that_xml_does_not_have_is_refused(data: bytes) -> None:
    assert refused(data).kind == "entity"


@pytest.mark.parametrize("name", ["windows-1252", "utf-7", "koi8-r", "ebcdic-cp-us"])
def test_other_encodings_are_refused_by_name(name: str) -> None:
    error = refused(f'<?xml version="1.0" encoding="{name}"?><A/>'.encode())
    assert error.kind == "encoding"
    assert name in str(error)


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [
        (b"hello", 1, 1),
        (b'{"a": 1}', 1, 1),
        (b"<A>", 1, 4),
        (b"<A></B>", 1, 6),
        (b"<A/><B/>", 1, 5),
        (b"<A>\n <B x=1/></A>", 2, 7),
        (b'<A x="1" x="2"/>', 1, 10),
        (b"<A>\xff</A>", 1, 4),
        (b"<A>\x00</A>", 1, 4),
        (b"<A>a & b</A>", 1, 7),
        (b" <?xml version='1.0'?><A/>", 1, 2),
    ],
)
def test_what_is_not_well_formed_says_where(data: bytes, line: int, column: int) -> None:
    error = refused(data)
    assert error.kind == "syntax"
    assert place(error) == (line, column)
