"""Documents as the official SDK writes them: every element with every argument it knows."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from plivo import plivoxml

from recordbridge.errors import DocumentError
from recordbridge.plivo.elements import (
    Callee,
    Dial,
    Document,
    Dtmf,
    Element,
    GetDigits,
    Hangup,
    Play,
    PreAnswer,
    Record,
    RecordDefaults,
    Redirect,
    Speak,
    Wait,
)
from recordbridge.plivo.parser import parse
from recordbridge.plivo.retry import Retry, Target
from recordbridge.plivo.shapes import SHAPES, TOP

URL = "https://h/x?a=1&b=2"
TARGET = Target(URL)
GET = Target(URL, "GET")

ARGUMENTS: dict[str, dict[str, Any]] = {
    "Record": {
        "action": f"{URL}#rc=3",
        "method": "GET",
        "file_format": "wav",
        "redirect": False,
        "timeout": 5,
        "max_length": 120,
        "play_beep": False,
        "finish_on_key": "12",
        "record_session": True,
        "start_on_dial_answer": True,
        "transcription_type": "auto",
        "transcription_url": URL,
        "transcription_method": "GET",
        "transcription_report_type": "full",
        "callback_url": URL,
        "callback_method": "GET",
        "record_channel_type": "stereo",
    },
    "Dial": {
        "action": URL,
        "method": "GET",
        "hangup_on_star": True,
        "time_limit": 3600,
        "timeout": 20,
        "caller_id": "+14155551111",
        "caller_name": "Ann",
        "confirm_sound": URL,
        "confirm_timeout": 10,
        "confirm_key": "1",
        "dial_music": "real",
        "callback_url": URL,
        "callback_method": "GET",
        "redirect": False,
        "digits_match": "1,22",
        "digits_match_b_leg": "*9",
        "sip_headers": "Tenant=acme,Id=7",
    },
    "Number": {"content": "+14155552222", "send_digits": "ww12#", "send_on_preanswer": True},
    "User": {
        "content": "sip:bob@phone.plivo.com",
        "send_digits": "9",
        "send_on_preanswer": True,
        "sip_headers": "Id=8,Extra=1",
    },
    "Speak": {"content": "Grüße & mehr", "voice": "MAN", "language": "de-DE", "loop": 0},
    "Play": {"content": f"{URL}", "loop": 3},
    "Wait": {"length": 7, "silence": True, "min_silence": 500, "beep": False},
    "Hangup": {"reason": "busy", "schedule": 30},
    "Redirect": {"content": URL, "method": "GET"},
    "DTMF": {"content": "12wW#A", "async_": False},
    "GetDigits": {
        "action": URL,
        "method": "GET",
        "timeout": 9,
        "digit_timeout": 3,
        "finish_on_key": "*",
        "num_digits": 4,
        "retries": 2,
        "redirect": False,
        "play_beep": True,
        "valid_digits": "123",
        "invalid_digits_sound": URL,
        "log": False,
    },
    "PreAnswer": {},
}
LATER = {"Number": {"send_digits_mode": "inband"}}
"""What the SDK knows and this release does not act upon."""


def element(name: str, **more: Any) -> Any:
    return getattr(plivoxml, f"{name}Element")(**ARGUMENTS[name] | more)


def parsed(*elements: Any) -> Document:
    response = plivoxml.ResponseElement()
    for each in elements:
        response.add(each)
    return parse(response.to_string().encode(), RecordDefaults())


def only(*elements: Any) -> Element:
    document = parsed(*elements)
    assert document.warnings == ()
    (result,) = document.elements
    return result


@pytest.mark.parametrize("name", ARGUMENTS)
def test_no_argument_of_the_sdk_is_forgotten_here(name: str) -> None:
    known = inspect.signature(getattr(plivoxml, f"{name}Element").__init__).parameters
    assert {*known} - {"self"} == {*ARGUMENTS[name], *LATER.get(name, {})}
    assert set(SHAPES) == set(ARGUMENTS)


@pytest.mark.rule("F-2")
def test_the_elements_of_the_sdk_are_known_or_refused_by_name() -> None:
    refused = {"Conference", "GetInput", "Message", "MultiPartyCall", "Stream"}
    assert set(plivoxml.ResponseElement._nestable) == {*TOP, *refused}
    for parent in ("GetDigits", "Dial"):
        children = SHAPES[parent].children
        assert children is not None
        assert set(children.names) == set(getattr(plivoxml, f"{parent}Element")._nestable)
    children = SHAPES["PreAnswer"].children
    assert children is not None
    assert {*children.names, "Message"} == set(plivoxml.PreAnswerElement._nestable)


@pytest.mark.rule("A-2", "A-14", "A-16", "A-20")
def test_record() -> None:
    assert only(element("Record")) == Record(
        action=Target(URL, "GET", Retry(retries=3)),
        redirect=False,
        file_format="wav",
        timeout_s=5,
        max_length_s=120,
        play_beep=False,
        finish_on_key="12",
        record_session=True,
        start_on_dial_answer=True,
        stereo=True,
        transcribe=True,
        transcription=GET,
        transcription_report="full",
        callback=GET,
        line=2,
        column=3,
    )


@pytest.mark.rule("F-4")
def test_dial() -> None:
    dial = element("Dial").add(element("Number")).add(element("User"))
    own = {"X-PH-Tenant": "acme", "X-PH-Id": "7"}
    assert only(dial) == Dial(
        callees=(
            Callee("+14155552222", False, "ww12#", True, own),
            Callee(
                "sip:bob@phone.plivo.com",
                True,
                "9",
                True,
                {"X-PH-Tenant": "acme", "X-PH-Id": "8", "X-PH-Extra": "1"},
            ),
        ),
        action=GET,
        redirect=False,
        timeout_s=20,
        time_limit_s=3600,
        caller_id="+14155551111",
        caller_name="Ann",
        hangup_on_star=True,
        confirm_sound=TARGET,
        confirm_key="1",
        confirm_timeout_s=10,
        real_music=True,
        callback=GET,
        digits_match=("1", "22"),
        digits_match_b=("*9",),
        line=2,
        column=3,
    )


def test_dial_by_the_methods_of_the_sdk() -> None:
    dial = plivoxml.DialElement(dial_music=URL)
    dial.add_number("14155552222").add_user("sip:bob@h", sip_headers="A=1")
    parsed_dial = only(dial)
    assert isinstance(parsed_dial, Dial)
    assert parsed_dial.dial_music == TARGET
    assert not parsed_dial.real_music
    assert [callee.address for callee in parsed_dial.callees] == ["14155552222", "sip:bob@h"]


def test_what_the_sdk_knows_of_numbers_and_we_do_not_is_warned_of() -> None:
    dial = plivoxml.DialElement().add(element("Number", **LATER["Number"]))
    (warning,) = parsed(dial).warnings
    assert '<Number> sendDigitsMode="inband" is not acted upon in this release' in warning


def test_speak_play_wait_hangup_redirect_dtmf() -> None:
    names = ("Speak", "Play", "Wait", "Hangup", "Redirect", "DTMF")
    document = parsed(*(element(name) for name in names))
    assert document.warnings == ()
    assert document.elements == (
        Speak("Grüße & mehr", "MAN", "de-DE", 0, line=2, column=3),
        Play(URL, 3, line=3, column=3),
        Wait(7, True, 500, line=4, column=3),
        Hangup("busy", 30, line=5, column=3),
        Redirect(GET, line=6, column=3),
        Dtmf("12wW#A", wait=True, line=7, column=3),
    )


def test_get_digits_with_its_prompts() -> None:
    gather = element("GetDigits")
    for name in ("Speak", "Play", "Wait"):
        gather.add(element(name))
    assert only(gather) == GetDigits(
        prompts=(
            Speak("Grüße & mehr", "MAN", "de-DE", 0, line=3, column=5),
            Play(URL, 3, line=4, column=5),
            Wait(7, True, 500, line=5, column=5),
        ),
        action=GET,
        redirect=False,
        timeout_s=9,
        digit_timeout_s=3,
        finish_on_key="*",
        num_digits=4,
        retries=2,
        play_beep=True,
        valid_digits="123",
        invalid_sound=URL,
        log=False,
        line=2,
        column=3,
    )


def test_pre_answer_with_all_it_may_contain() -> None:
    early = element("PreAnswer")
    names = ("Speak", "Play", "Wait", "GetDigits", "Redirect", "DTMF")
    for name in names:
        early.add(element(name))
    result = only(early)
    assert isinstance(result, PreAnswer)
    assert [type(each) for each in result.elements] == [
        *(Speak, Play, Wait, GetDigits, Redirect, Dtmf)
    ]
    assert [each.line for each in result.elements] == [3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("name", ARGUMENTS)
def test_without_arguments_the_defaults_hold(name: str) -> None:
    """What the SDK leaves out is not written, and then the contract's default counts."""
    content = {"content": ARGUMENTS[name]["content"]} if "content" in ARGUMENTS[name] else {}
    bare = getattr(plivoxml, f"{name}Element")(**content)
    if name in ("Number", "User"):
        bare = plivoxml.DialElement().add(bare)
    if name == "Dial":
        bare.add_number("1")
    result = only(bare)
    given = {"source", "text", "target", "digits", "callees", "line", "column"}
    for field in result.__struct_fields__:
        if field not in given:
            assert getattr(result, field) == DEFAULT[type(result).__name__].get(field)


DEFAULT: dict[str, dict[str, object]] = {
    "Record": {
        "redirect": True,
        "file_format": "mp3",
        "timeout_s": 15,
        "max_length_s": 60,
        "play_beep": True,
        "finish_on_key": "#",
        "record_session": False,
        "start_on_dial_answer": False,
        "transcribe": False,
        "transcription_report": "compact",
    },
    "Dial": {
        "redirect": True,
        "timeout_s": 120,
        "time_limit_s": 14_400,
        "hangup_on_star": False,
        "confirm_key": "",
        "confirm_timeout_s": 120,
        "real_music": False,
        "digits_match": (),
        "digits_match_b": (),
    },
    "Speak": {"voice": "WOMAN", "language": "en-US", "loop": 1, "ssml": False},
    "Play": {"loop": 1},
    "Wait": {"length_s": 1, "silence": False, "min_silence_ms": 2000},
    "Hangup": {"schedule_s": 0},
    "Redirect": {},
    "Dtmf": {"wait": False},
    "GetDigits": {
        "prompts": (),
        "redirect": True,
        "timeout_s": 5,
        "digit_timeout_s": 2,
        "finish_on_key": "#",
        "num_digits": 99,
        "retries": 1,
        "play_beep": False,
        "valid_digits": "1234567890*#",
        "invalid_sound": "",
        "log": True,
    },
    "PreAnswer": {"elements": ()},
}
"""What is not named is None."""


@pytest.mark.rule("F-2")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Conference", {"content": "room"}),
        ("GetInput", {"action": URL}),
        ("Message", {"content": "x", "src": "1", "dst": "2"}),
        ("MultiPartyCall", {"content": "room", "role": "agent"}),
        ("Stream", {"content": "wss://h/"}),
    ],
)
def test_other_elements_of_the_sdk_reject_the_document_by_name(
    name: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(DocumentError) as caught:
        parsed(element("Wait"), getattr(plivoxml, f"{name}Element")(**arguments))
    assert (caught.value.kind, caught.value.element) == ("unknown_element", name)
    assert (caught.value.line, caught.value.column) == (3, 3)


@pytest.mark.parametrize(
    ("method", "arguments", "text"),
    [
        ("add_break", {"strength": "weak", "time": "1s"}, 'hello <break time="1000ms"/>'),
        ("add_cont", {"content": "x"}, "hello x"),
        ("add_emphasis", {"content": "x", "level": "none"}, 'hello<emphasis level="none">x'),
        ("add_lang", {"content": "x", "xmllang": "it"}, 'hello<voice xml:lang="it">x'),
        ("add_p", {"content": "x"}, "hello<p>x"),
        ("add_prosody", {"content": "x", "rate": "slow"}, 'hello<prosody rate="slow">x'),
        ("add_s", {"content": "x"}, "hello<s>x"),
        ("add_say_as", {"content": "1", "interpret_as": "digits"}, "hello<say-as"),
        ("add_sub", {"content": "x", "alias": "y"}, "helloy"),
        ("add_w", {"content": "x", "role": "y"}, "hellox"),
    ],
)
def test_speech_markup_of_the_sdk_is_spoken(
    method: str, arguments: dict[str, Any], text: str
) -> None:
    speak = plivoxml.SpeakElement("hello", voice="Polly.Joanna")
    getattr(speak, method)(**arguments)
    (element,) = parsed(speak).elements
    assert isinstance(element, Speak)
    assert element.text.startswith(text)


@pytest.mark.parametrize(
    ("method", "arguments", "name", "kind"),
    [
        ("add_phoneme", {"content": "x", "ph": "x"}, "phoneme", "unavailable_element"),
        ("add_say_as", {"content": "1", "interpret_as": "date"}, "say-as", "bad_value"),
    ],
)
def test_speech_markup_that_is_not_spoken_is_refused_by_name(
    method: str, arguments: dict[str, Any], name: str, kind: str
) -> None:
    speak = plivoxml.SpeakElement("hello", voice="Polly.Joanna")
    getattr(speak, method)(**arguments)
    with pytest.raises(DocumentError) as caught:
        parsed(speak)
    assert (caught.value.kind, caught.value.element) == (kind, name)
