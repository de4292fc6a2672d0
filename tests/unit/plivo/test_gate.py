"""What is parsed and not run by this release is refused with its own sentence."""

import pytest

from recordbridge.errors import DocumentError
from recordbridge.plivo import gate
from recordbridge.plivo.elements import Dial, Dtmf, Element, GetDigits, PreAnswer, Record, Speak
from recordbridge.plivo.gate import NOT_YET, Closed, require_elements
from recordbridge.plivo.parser import parse_prompts, require_supported
from recordbridge.plivo.shapes import TOP
from tests.unit.plivo.documents import document

EXAMPLES = {
    "Dial": "<Dial><Number>100</Number></Dial>",
    "Speak": "<Speak>Hello</Speak>",
    "GetDigits": "<GetDigits/>",
    "PreAnswer": "<PreAnswer/>",
    "DTMF": "<DTMF>1</DTMF>",
    "Record": "<Record/>",
    "Play": "<Play>sound:a</Play>",
    "Wait": "<Wait/>",
    "Hangup": "<Hangup/>",
    "Redirect": "<Redirect>https://h/</Redirect>",
}


def refused(inside: str) -> DocumentError:
    parsed = document(inside)
    with pytest.raises(DocumentError) as caught:
        require_supported(parsed)
    return caught.value


@pytest.mark.rule("F-2")
@pytest.mark.parametrize("name", TOP)
def test_an_element_is_open_or_refused_by_name(name: str) -> None:
    if name not in {gate.tag(row.element) for row in NOT_YET if not row.field}:
        require_supported(document(EXAMPLES[name]))
        return
    error = refused(f"<Wait/>\n  {EXAMPLES[name]}")
    assert (error.kind, error.element) == ("unavailable_element", name)
    assert (error.line, error.column) == (2, 3)
    assert f"<{name}> is not available in this release" in str(error)


@pytest.mark.parametrize("struct", [Speak, GetDigits, PreAnswer, Dtmf, Dial])
def test_a_row_closes_its_element_and_nothing_else(
    struct: type[Element], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = gate.tag(struct)
    monkeypatch.setattr(gate, "NOT_YET", (Closed(struct),))
    for other in set(TOP) - {name}:
        require_supported(document(EXAMPLES[other]))
    assert refused(EXAMPLES[name]).element == name
    assert name not in str(refused(EXAMPLES[name])).partition(";")[2]


def test_a_closed_element_within_an_open_one_is_refused_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gate, "NOT_YET", (Closed(Speak),))
    error = refused("<PreAnswer><GetDigits>\n <Speak>x</Speak></GetDigits></PreAnswer>")
    assert (error.element, error.line, error.column) == ("Speak", 2, 2)
    prompts = parse_prompts(b"<Response><Wait/><Speak>x</Speak></Response>")
    with pytest.raises(DocumentError):
        require_elements(prompts)
    require_elements(prompts[:1])


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ('recordSession="true"', "recordSession"),
        ('startOnDialAnswer="true"', "startOnDialAnswer"),
        ('recordSession="true" startOnDialAnswer="true"', "recordSession"),
    ],
)
def test_a_flag_of_a_later_release_is_parsed_and_refused(
    attributes: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = (
        Closed(Record, "recordSession", "record_session"),
        Closed(Record, "startOnDialAnswer", "start_on_dial_answer"),
    )
    monkeypatch.setattr(gate, "NOT_YET", rows)
    error = refused(f"\n <Record {attributes}/>")
    assert (error.kind, error.attribute) == ("unavailable_value", name)
    assert (error.line, error.column) == (2, 2)
    assert f'{name}="true" is not available in this release; it must be false' in str(error)


def test_a_plain_recording_is_supported() -> None:
    require_supported(document('<Record recordSession="false"/><Wait/>'))


def test_nothing_is_refused_when_no_row_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "NOT_YET", ())
    require_supported(document("".join(EXAMPLES.values()) + '<Record recordSession="true"/>'))
