"""What stands where in a document, and what becomes of it: Dial, Speak, GetDigits and the rest."""

import pytest

from recordbridge.errors import DocumentError
from recordbridge.plivo.elements import (
    Callee,
    Dial,
    Dtmf,
    GetDigits,
    Play,
    PreAnswer,
    Speak,
    Wait,
)
from recordbridge.plivo.parser import parse_prompts
from recordbridge.plivo.retry import Retry, Target
from tests.unit.plivo.documents import document, only, refused


def dial(attributes: str = "", inside: str = "<Number>1</Number>") -> Dial:
    element = only(f"<Dial {attributes}>{inside}</Dial>")
    assert isinstance(element, Dial)
    return element


@pytest.mark.rule("F-4")
def test_a_dial_of_numbers_and_users_in_order() -> None:
    assert dial(
        'action="https://h/a#rc=2" method="GET" callbackUrl="https://h/c" callbackMethod="GET"'
        ' confirmSound="https://h/s" confirmKey="*" dialMusic="https://h/m#rt=500"',
        "\n <Number> +1 (415) 555-1111 </Number> <User>sip:bob@h:5061;transport=udp</User>",
    ) == Dial(
        callees=(Callee("+14155551111"), Callee("sip:bob@h:5061;transport=udp", user=True)),
        action=Target("https://h/a", "GET", Retry(retries=2)),
        callback=Target("https://h/c", "GET"),
        confirm_sound=Target("https://h/s"),
        confirm_key="*",
        dial_music=Target("https://h/m", retry=Retry(read_ms=500)),
        column=11,
    )


@pytest.mark.rule("A-21")
def test_empty_attributes_of_a_dial_count_as_absent() -> None:
    assert dial(
        'action="" callbackUrl="" confirmSound="" dialMusic="" callerId="" callerName=""'
        ' confirmKey="" digitsMatch="" digitsMatchBLeg="" sipHeaders=""',
        '<Number sendDigits="" sipHeaders="">1</Number>',
    ) == Dial(callees=(Callee("1"),), column=11)


@pytest.mark.rule("A-21")
def test_a_time_limit_of_a_day_is_the_longest() -> None:
    assert dial('timeLimit="86400"').time_limit_s == 86_400
    parsed = document('<Dial timeLimit="100000"><Number>1</Number></Dial>')
    (element,) = parsed.elements
    assert isinstance(element, Dial)
    assert element.time_limit_s == 86_400
    assert "86400, which is used instead" in parsed.warnings[0]


@pytest.mark.rule("F-2")
@pytest.mark.parametrize("inside", ["", "100", "<!-- <Number>1</Number> -->"])
def test_a_dial_needs_somebody_to_call(inside: str) -> None:
    error = refused(f"<Wait/>\n <Dial>{inside}</Dial>")
    assert (error.kind, error.element, error.line, error.column) == (
        "missing_element",
        "Dial",
        2,
        2,
    )
    assert "<Dial> must contain at least one <Number> or <User>" in str(error)


@pytest.mark.rule("F-4")
def test_headers_of_the_dial_go_to_all_and_a_callee_has_the_last_word() -> None:
    element = dial(
        'sipHeaders="Tenant=acme, Id=7"',
        '<Number>1</Number><Number sipHeaders="id=8">2</Number>'
        '<User sipHeaders="X-PH-Extra=a b">c</User>',
    )
    assert [callee.sip_headers for callee in element.callees] == [
        {"X-PH-Tenant": "acme", "X-PH-Id": "7"},
        {"X-PH-Tenant": "acme", "X-PH-id": "8"},
        {"X-PH-Tenant": "acme", "X-PH-Id": "7", "X-PH-Extra": "a b"},
    ]


def test_headers_that_may_not_be_sent_are_dropped_with_a_warning() -> None:
    parsed = document(
        '<Dial sipHeaders="Good=1,PH-x=1,plivoId=2,bad_name=3"><Number>1</Number></Dial>'
    )
    (element,) = parsed.elements
    assert isinstance(element, Dial)
    assert element.callees[0].sip_headers == {"X-PH-Good": "1"}
    assert len(parsed.warnings) == 3
    assert all(text.startswith("line 1, column 11: <Dial> sipHeaders=") for text in parsed.warnings)
    assert "'plivoId' is dropped: its name is reserved" in parsed.warnings[1]


@pytest.mark.rule("H-6", "A-19")
def test_a_password_in_a_url_is_not_shown() -> None:
    url = "https://me:secret@app.example/a"
    (warning,) = document(f'<Record action="{url}#zz=1"/>').warnings
    refusal = str(refused(f'<Record action="{url} b"/>'))
    for told in (warning, refusal):
        assert '<Record> action="https://me:...@app.example/a' in told
        assert "secret" not in told


@pytest.mark.rule("H-6")
def test_what_is_not_acted_upon_is_warned_of_and_a_password_is_not_shown() -> None:
    parsed = document(
        '<Dial callType="voice"><Number sendDigitsMode="inband">1</Number>'
        '<User sipAuthUsername="bob" sipAuthPassword="s3cret">bob</User></Dial>'
    )
    assert [text.partition(": ")[2] for text in parsed.warnings] == [
        '<Number> sendDigitsMode="inband" is not acted upon in this release',
        '<User> sipAuthUsername="bob" is not acted upon in this release',
        '<User> sipAuthPassword="..." is not acted upon in this release',
    ]


@pytest.mark.rule("A-1")
def test_attributes_of_one_child_are_not_those_of_the_other() -> None:
    parsed = document(
        '<Dial loop="1"><Number sipAuthUsername="x" sendOnPreAnswer="true">1</Number></Dial>'
    )
    assert [text.partition(": ")[2] for text in parsed.warnings] == [
        '<Dial> has no attribute "loop"; it is ignored',
        '<Number> has no attribute "sipAuthUsername"; it is ignored',
        '<Number> has no attribute "sendOnPreAnswer"; it is ignored',
    ]


def test_speak_is_read_as_running_text() -> None:
    element = only(
        '<Speak voice="Polly.Amy" language="en-GB">\n  Hello,\n\t <![CDATA[A & B]]>\n</Speak>'
    )
    assert element == Speak("Hello, A & B", "Polly.Amy", "en-GB", column=11)


def test_speak_has_a_longest_text() -> None:
    assert only(f"<Speak>{'é' * 3000}</Speak>") == Speak("é" * 3000, column=11)
    error = refused(f"<Speak>{'x' * 3001}</Speak>")
    assert (error.kind, error.element, error.attribute) == ("bad_value", "Speak", "")
    assert "must be at most 3000 characters" in str(error)


def test_speak_without_text_is_passed_over_with_a_warning() -> None:
    parsed = document("<Wait/>\n<Speak> \n </Speak><GetDigits><Speak/></GetDigits>")
    assert [type(element) for element in parsed.elements] == [Wait, GetDigits]
    assert parsed.elements[1] == GetDigits(line=3, column=10)
    assert parsed.warnings == (
        "line 2, column 1: <Speak> has no text; it is passed over",
        "line 3, column 21: <Speak> has no text; it is passed over",
    )


def test_the_values_of_a_speak_without_text_are_checked_all_the_same() -> None:
    assert refused('<Speak loop="x"/>').attribute == "loop"


@pytest.mark.parametrize("name", ["break", "say-as", "prosody", "speak", "amazon:effect"])
def test_speech_markup_stands_in_speak_only(name: str) -> None:
    assert refused(f"<Play><{name}/></Play>").kind == "unknown_element"
    assert refused(f"<{name}/>").kind == "unknown_element"


def test_get_digits_keeps_its_prompts_in_order() -> None:
    assert only(
        '<GetDigits finishOnKey="none" invalidDigitsSound="sound:invalid" validDigits="1123">'
        "<Play>sound:a</Play>\n<Wait/><Speak>b</Speak></GetDigits>"
    ) == GetDigits(
        prompts=(
            Play("sound:a", column=95),
            Wait(1, line=2, column=1),
            Speak("b", line=2, column=8),
        ),
        finish_on_key="",
        invalid_sound="sound:invalid",
        valid_digits="123",
        column=11,
    )


def test_dtmf_waits_when_it_is_not_async() -> None:
    assert only("<DTMF>1w2W*#AD</DTMF>") == Dtmf("1w2W*#AD", column=11)
    assert only('<DTMF async="true">1</DTMF>') == Dtmf("1", column=11)
    assert only('<DTMF async="false">1</DTMF>') == Dtmf("1", wait=True, column=11)


def test_pre_answer_nests_get_digits() -> None:
    assert only("<PreAnswer><GetDigits><Wait/></GetDigits></PreAnswer>") == PreAnswer(
        (GetDigits((Wait(column=33),), column=22),), column=11
    )


@pytest.mark.rule("F-2", "A-19")
@pytest.mark.parametrize(
    ("parent", "child", "kind"),
    [
        ("Dial", "Play", "misplaced_element"),
        ("Dial", "Dial", "misplaced_element"),
        ("Dial", "Sip", "unknown_element"),
        ("Number", "Number", "misplaced_element"),
        ("User", "Number", "misplaced_element"),
        ("GetDigits", "Record", "misplaced_element"),
        ("GetDigits", "GetDigits", "misplaced_element"),
        ("GetDigits", "Message", "unknown_element"),
        ("PreAnswer", "Message", "unknown_element"),
        ("PreAnswer", "Record", "misplaced_element"),
        ("PreAnswer", "Dial", "misplaced_element"),
        ("PreAnswer", "Hangup", "misplaced_element"),
        ("PreAnswer", "PreAnswer", "misplaced_element"),
        ("Speak", "Play", "misplaced_element"),
        ("DTMF", "Wait", "misplaced_element"),
        ("Wait", "Response", "misplaced_element"),
        ("Response", "Number", "misplaced_element"),
        ("Response", "User", "misplaced_element"),
        ("Response", "break", "unknown_element"),
    ],
)
def test_what_may_not_stand_where(parent: str, child: str, kind: str) -> None:
    inside = f"\n   <{child}/>"
    if parent != "Response":
        inside = f"<{parent}>{inside}</{parent}>"
    if parent in ("Number", "User"):
        inside = f"<Dial>{inside}</Dial>"
    error = refused(inside)
    assert (error.kind, error.element, error.line, error.column) == (kind, child, 2, 4)


@pytest.mark.rule("A-19")
@pytest.mark.parametrize(
    ("before", "bad", "after"),
    [
        ("<Dial><Number>1</Number>", '<Number sendDigits="x">2</Number>', "</Dial>"),
        ("<Dial>", "<User/>", "</Dial>"),
        ("<GetDigits><Wait/>", "<Play>x</Play>", "</GetDigits>"),
        ("<PreAnswer><GetDigits>", '<Wait length="0"/>', "</GetDigits></PreAnswer>"),
    ],
)
def test_a_bad_value_of_a_child_is_told_with_the_childs_position(
    before: str, bad: str, after: str
) -> None:
    error = refused(f"{before}\n\n     {bad}{after}")
    assert (error.kind, error.line, error.column) == ("bad_value", 3, 6)
    assert f"<{error.element}" == bad.replace("/>", " ").replace(">", " ").partition(" ")[0]


@pytest.mark.rule("F-4")
def test_prompts_are_play_speak_and_wait() -> None:
    data = b"<Response><Play>sound:a</Play>\n<Speak>b</Speak><Wait length='2'/><Speak/></Response>"
    assert parse_prompts(data) == (
        Play("sound:a", column=11),
        Speak("b", line=2, column=1),
        Wait(2, line=2, column=17),
    )
    assert parse_prompts(b"<Response/>") == ()


@pytest.mark.rule("F-2")
@pytest.mark.parametrize(
    ("inside", "kind", "element"),
    [
        ("<Hangup/>", "misplaced_element", "Hangup"),
        ("<Record/>", "misplaced_element", "Record"),
        ("<Redirect>https://h/</Redirect>", "misplaced_element", "Redirect"),
        ("<GetDigits><Play>sound:a</Play></GetDigits>", "misplaced_element", "GetDigits"),
        ("<Foo/>", "unknown_element", "Foo"),
        ("<Play>x</Play>", "bad_value", "Play"),
    ],
)
def test_anything_else_rejects_a_document_of_prompts(inside: str, kind: str, element: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_prompts(f"<Response><Wait/>{inside}</Response>".encode())
    assert (caught.value.kind, caught.value.element) == (kind, element)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "empty"),
        (b"RIFF", "syntax"),
        (b"<Play/>", "wrong_root"),
        (b"<!DOCTYPE x><Response/>", "dtd"),
        (b"<Response>" + b" " * 101_000 + b"</Response>", "too_large"),
    ],
)
def test_a_document_of_prompts_is_guarded_like_any_other(data: bytes, kind: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_prompts(data)
    assert caught.value.kind == kind
