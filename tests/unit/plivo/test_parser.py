"""From bytes to checked elements."""

import pytest

from recordbridge.errors import DocumentError
from recordbridge.plivo.elements import (
    Document,
    Hangup,
    Play,
    Record,
    RecordDefaults,
    Redirect,
    Wait,
)
from recordbridge.plivo.parser import parse
from recordbridge.plivo.retry import Retry, Target
from tests.unit.plivo.documents import DEFAULTS, document, only, refused


def record(attributes: str = "", defaults: RecordDefaults = DEFAULTS) -> Record:
    element = only(f"<Record {attributes}/>", defaults)
    assert isinstance(element, Record)
    return element


@pytest.mark.rule("A-2", "A-3", "A-4", "A-5", "A-6", "A-7", "A-8", "A-9", "A-10", "A-11", "A-12")
@pytest.mark.rule("A-13", "A-14", "A-15", "A-16", "A-17", "A-20", "D-17")
def test_the_defaults_of_record() -> None:
    assert record() == Record(
        action=None,
        redirect=True,
        file_format="mp3",
        timeout_s=15,
        max_length_s=60,
        play_beep=True,
        finish_on_key="#",
        record_session=False,
        start_on_dial_answer=False,
        stereo=None,
        transcribe=False,
        transcription=None,
        transcription_report="compact",
        callback=None,
        line=1,
        column=11,
    )


@pytest.mark.rule("A-2", "A-3", "A-4", "A-5", "A-6", "A-7", "A-8", "A-9", "A-10", "A-11", "A-12")
@pytest.mark.rule("A-13", "A-14", "A-15", "A-16", "A-17", "A-20")
def test_every_attribute_of_record() -> None:
    assert record(
        'action="https://h/a#rc=3&amp;rp=ct,5xx" method="GET" fileFormat="wav" redirect="false"'
        ' timeout="3" maxLength="90" playBeep="false" finishOnKey="1*" recordSession="true"'
        ' startOnDialAnswer="true" recordChannelType="mono" transcriptionType="auto"'
        ' transcriptionUrl="https://h/t" transcriptionMethod="GET" transcriptionReportType="full"'
        ' callbackUrl="https://h/c#ct=500" callbackMethod="GET"'
    ) == Record(
        action=Target("https://h/a", "GET", Retry(retries=3, on=("ct", "5xx"))),
        redirect=False,
        file_format="wav",
        timeout_s=3,
        max_length_s=90,
        play_beep=False,
        finish_on_key="1*",
        record_session=True,
        start_on_dial_answer=True,
        stereo=False,
        transcribe=True,
        transcription=Target("https://h/t", "GET"),
        transcription_report="full",
        callback=Target("https://h/c", "GET", Retry(connect_ms=500)),
        line=1,
        column=11,
    )


@pytest.mark.rule("A-3", "A-15", "A-17")
def test_methods_are_post_unless_told_and_do_not_cross() -> None:
    element = record('action="https://h/a" callbackMethod="GET" callbackUrl="https://h/c"')
    assert element.action == Target("https://h/a", "POST")
    assert element.callback == Target("https://h/c", "GET")


def test_a_method_without_its_url_is_checked_all_the_same() -> None:
    assert record('method="GET"').action is None
    assert refused('<Record method="PUT"/>').attribute == "method"


@pytest.mark.rule("A-18")
def test_defaults_come_from_the_operator_and_the_document_wins() -> None:
    defaults = RecordDefaults(
        timeout=4,
        max_length=600,
        play_beep=False,
        finish_on_key="",
        file_format="wav",
        stereo=True,
    )
    element = record(defaults=defaults)
    assert (element.timeout_s, element.max_length_s, element.play_beep) == (4, 600, False)
    assert (element.finish_on_key, element.file_format, element.stereo) == ("", "wav", True)
    element = record('timeout="5" finishOnKey="#" recordChannelType="mono"', defaults)
    assert (element.timeout_s, element.finish_on_key, element.stereo) == (5, "#", False)


@pytest.mark.rule("T-1")
def test_a_transcription_url_alone_asks_for_a_transcription() -> None:
    assert record('transcriptionUrl="https://h/t"').transcribe
    assert record('transcriptionType="auto"').transcribe
    assert not record('transcriptionUrl=""').transcribe


@pytest.mark.rule("A-21")
def test_an_empty_url_attribute_counts_as_absent() -> None:
    assert record('action="" callbackUrl="" transcriptionUrl="" method="GET"') == record()


@pytest.mark.rule("A-1")
def test_an_unknown_attribute_is_ignored_with_one_warning_naming_it() -> None:
    parsed = document('\n<Record maxlength="0" Timeout="x"/>\n<Record maxlength="1"/><Wait x="1"/>')
    first, _, _ = parsed.elements
    assert isinstance(first, Record)
    assert first.max_length_s == 60
    assert parsed.warnings == (
        'line 2, column 1: <Record> has no attribute "maxlength"; it is ignored',
        'line 2, column 1: <Record> has no attribute "Timeout"; it is ignored',
        'line 3, column 24: <Wait> has no attribute "x"; it is ignored',
    )


@pytest.mark.rule("A-1")
def test_a_hostile_number_of_warnings_is_cut_short() -> None:
    elements = "".join(
        "<Wait " + " ".join(f'a{n}x{m}="1"' for m in range(60)) + "/>" for n in range(20)
    )
    warnings = document(elements).warnings
    assert len(warnings) == 51
    assert warnings[-1] == "1150 more warnings are not shown"


@pytest.mark.rule("A-1")
@pytest.mark.parametrize("inside", ["<record/>", "<RECORD/>", "<Play>SOUND:x</Play>"])
def test_names_and_values_are_case_sensitive(inside: str) -> None:
    assert refused(inside).kind in {"unknown_element", "bad_value"}


@pytest.mark.rule("A-1", "A-19")
def test_a_bad_value_at_the_end_rejects_all() -> None:
    inside = '<Play>sound:a</Play>\n <Wait length="2"/>\n  <Record\n timeout="0"/>'
    error = refused(inside)
    assert (error.line, error.column, error.kind) == (3, 3, "bad_value")
    assert (error.element, error.attribute, error.value) == ("Record", "timeout", "0")
    assert str(error) == (
        'line 3, column 3: <Record> timeout="0" is not allowed;'
        " it must be a whole number of seconds, 1 or more, in 1 to 9 digits"
    )


@pytest.mark.rule("A-19")
def test_a_long_or_odd_value_is_shown_short_and_on_one_line() -> None:
    error = refused(f'<Record fileFormat="{"x" * 5000}"/>')
    assert len(str(error)) < 300
    assert error.value == "x" * 5000
    error = refused('<Record fileFormat="a&#10;b&#x202e;"/>')
    assert "a\\nb\\u202e" in str(error)


@pytest.mark.rule("A-13", "A-21", "H-1")
def test_warnings_of_values_name_the_place() -> None:
    parsed = document(
        '<Record maxLength="90000" transcriptionType="hybrid" action="https://h/#rc=9"/>'
    )
    (element,) = parsed.elements
    assert isinstance(element, Record)
    assert (element.max_length_s, element.transcribe) == (86_400, True)
    assert element.action == Target("https://h/", retry=Retry(retries=5))
    assert len(parsed.warnings) == 3
    assert all(text.startswith("line 1, column 11: <Record> ") for text in parsed.warnings)
    assert 'maxLength="90000": ' in parsed.warnings[0]


@pytest.mark.rule("F-2")
def test_the_other_elements() -> None:
    parsed = parse(
        b"""<?xml version="1.0" encoding="UTF-8"?>
<Response>
  <Play loop="0"> https://h/a.mp3?x=1&amp;y=2 </Play>
  <Play>sound:hello&amp;world</Play>
  <Wait length="7"/>
  <Hangup reason="busy" schedule="30"/>
  <Redirect method="GET">
    https://h/next#tt=9000
  </Redirect>
</Response>
""",
        DEFAULTS,
    )
    assert parsed.warnings == ()
    assert parsed.elements == (
        Play("https://h/a.mp3?x=1&y=2", loop=0, line=3, column=3),
        Play("sound:hello&world", line=4, column=3),
        Wait(7, line=5, column=3),
        Hangup("busy", 30, line=6, column=3),
        Redirect(Target("https://h/next", "GET", Retry(total_ms=9000)), line=7, column=3),
    )


def test_defaults_of_the_other_elements() -> None:
    assert only("<Wait/>") == Wait(1, column=11)
    assert only("<Hangup/>") == Hangup(None, 0, column=11)
    assert only("<Redirect><![CDATA[https://h/x?a=1&b=2]]></Redirect>") == Redirect(
        Target("https://h/x?a=1&b=2"), column=11
    )


def test_an_empty_response_is_a_document() -> None:
    assert parse(b"<Response/>", DEFAULTS) == Document()


@pytest.mark.rule("F-2")
@pytest.mark.parametrize(
    "name",
    ["Conference", "MultiPartyCall", "Stream", "GetInput", "Message", "Say", "speak", "x:Record"],
)
def test_an_unknown_element_rejects_the_document_by_name(name: str) -> None:
    error = refused(f"<Wait/>\n<{name}>x</{name}>")
    assert (error.kind, error.element) == ("unknown_element", name)
    assert (error.line, error.column) == (2, 1)
    assert f"<{name}>" in str(error)


@pytest.mark.parametrize(
    ("inside", "kind", "element"),
    [
        ("<Record><Play>sound:a</Play></Record>", "misplaced_element", "Play"),
        ("<Record><Foo/></Record>", "unknown_element", "Foo"),
        ("<Play>sound:a<Wait/></Play>", "misplaced_element", "Wait"),
        ("<Response/>", "misplaced_element", "Response"),
        ("<Play/>", "bad_value", "Play"),
        ("<Play>hello</Play>", "bad_value", "Play"),
        ("<Redirect/>", "bad_value", "Redirect"),
        ("<Redirect>/next</Redirect>", "bad_value", "Redirect"),
    ],
)
def test_what_may_not_stand_where(inside: str, kind: str, element: str) -> None:
    error = refused(inside)
    assert (error.kind, error.element) == (kind, element)


@pytest.mark.parametrize("root", ["response", "Record", "html", "Responses"])
def test_the_root_is_response(root: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse(f"<{root}/>".encode(), DEFAULTS)
    assert (caught.value.kind, caught.value.element) == ("wrong_root", root)


def test_text_where_none_belongs_is_ignored_with_a_warning() -> None:
    parsed = document("\n hello <Wait> x </Wait> world")
    assert parsed.elements == (Wait(1, line=2, column=8),)
    assert len(parsed.warnings) == 2
    assert "<Response>" in parsed.warnings[0]
    assert "<Wait>" in parsed.warnings[1]


def test_attributes_of_response_are_unknown() -> None:
    parsed = parse(b'<Response xmlns="http://x"/>', DEFAULTS)
    assert len(parsed.warnings) == 1
    assert '"xmlns"' in parsed.warnings[0]


def test_what_wait_does_not_do_is_warned_of() -> None:
    assert document('<Wait silence="false" beep="false"/>').warnings == ()
    (warning,) = document('<Wait silence="true" minSilence="500" beep="true"/>').warnings
    assert 'beep="true" is not acted upon' in warning


@pytest.mark.rule("F-7")
@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "empty"),
        (b"oops", "syntax"),
        (b"<Response>" + b" " * 101_000 + b"</Response>", "too_large"),
        (b"<Response>" + b"<Foo/>" * 1000 + b"</Response>", "too_many_elements"),
        (b"<Response>" + b"<Foo>" * 8 + b"</Foo>" * 8 + b"</Response>", "too_deep"),
        (b"<!DOCTYPE Response><Response/>", "dtd"),
    ],
)
def test_markup_is_judged_before_meaning(data: bytes, kind: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse(data, DEFAULTS)
    assert caught.value.kind == kind
