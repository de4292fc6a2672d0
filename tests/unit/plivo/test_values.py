"""Every attribute and body of every element, with every kind of wrong value (A-1, A-19)."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

import pytest

from recordbridge.plivo.shapes import SHAPES
from tests.unit.plivo.documents import document, refused

BODY = ""
FLAG = (("true", "false"), ("", "True", "FALSE", "1", "0", "yes", " true", "true "))
METHOD = (("GET", "POST"), ("", "get", "Post", "PUT", "GET "))
NO_INTEGER = ("", "-1", "+1", "1.5", "1 ", "x", "1e3", "0x10", "1_0", "١", "²", "0000000015")
COUNT = (("1", "9", "000000015", "86400"), ("0", "000", *NO_INTEGER))
FROM_0 = (("0", "1", "000000015"), NO_INTEGER)
FROM_2 = (("2", "86400"), ("1", "0", *NO_INTEGER))
NO_URL = ("h", "/x", "ftp://h/x", "https://", " https://h/x", "https://h/x y", "none", "h:80")
NO_URL_BODY = tuple(each for each in NO_URL if each == each.strip())
URL = (("", "https://h/x?a=1&b=2#rc=3", "http://[::1]:8080"), NO_URL)
SOUND = (("sound:a", "sound:a/b&c", "https://h/a.mp3"), ("a", "sound:", "sound:a;b", *NO_URL))
ONE_KEY = (("", "none", "#", "*", "0", "9"), ("##", "12", "A", "None", " ", "w", "١"))
DIGITS = (("1", "0123456789ABCD*#wW", "1" * 256), ("a", "E", "1 2", "1,2", "+1", "1" * 257))
PATTERNS = (("", "1", "1,22", "*9, #", "1" * 32), (",", "1,", "1,,2", "a", "1;2", "A", "1" * 33))
HEADERS = (("", "a=1", "a=1,b=2", "nothing", "a==", "X-PH-a=1"), ())
ANYTHING = (("", "inband", "\u202e"), ())

TABLE: dict[tuple[str, str], tuple[tuple[str, ...], tuple[str, ...]]] = {
    **{("Record", name): URL for name in ("action", "transcriptionUrl", "callbackUrl")},
    **{("Record", name): METHOD for name in ("method", "transcriptionMethod", "callbackMethod")},
    **{
        ("Record", name): FLAG
        for name in ("redirect", "playBeep", "recordSession", "startOnDialAnswer")
    },
    ("Record", "fileFormat"): (("mp3", "wav"), ("", "MP3", "ogg", "wav ")),
    ("Record", "timeout"): COUNT,
    ("Record", "maxLength"): FROM_2,
    ("Record", "finishOnKey"): (("", "none", "#", "1234567890*#", "11"), ("A", "any", "1,2", " ")),
    ("Record", "recordChannelType"): (("mono", "stereo"), ("", "Mono", "both")),
    ("Record", "transcriptionType"): (("auto", "hybrid", "manual"), ("", "Auto", "none")),
    ("Record", "transcriptionReportType"): (("compact", "full"), ("", "Full")),
    ("Play", "loop"): FROM_0,
    ("Play", BODY): (SOUND[0], ("", "a", "sound:", "sound:a;b", *NO_URL_BODY)),
    ("Speak", "voice"): (
        ("WOMAN", "MAN", "Polly.Amy", "Polly.Lupe-Neural"),
        ("", "woman", "Alice", "Polly", "Polly.", "Polly.*", "polly.Amy", "Polly.A b", "MAN "),
    ),
    ("Speak", "language"): (
        ("en-US", "de", "arb", "cmn-CN", "en-GB-WLS", "zh-Hans-CN", "es-419"),
        ("", "english", "en_US", "e", "en-", "-US", "en US", "en-USUSUSUSU", "é-FR"),
    ),
    ("Speak", "loop"): FROM_0,
    ("Speak", BODY): (("", "hello", "x" * 3000), ("x" * 3001,)),
    ("Wait", "length"): COUNT,
    ("Wait", "silence"): FLAG,
    ("Wait", "minSilence"): COUNT,
    ("Wait", "beep"): (
        ("true", "false", "duration=300,inter_silence=50,intra_silence=500,threshold=256"),
        ("", "loud", "duration=", "duration=1,", "volume=3", "True"),
    ),
    ("Hangup", "reason"): (("rejected", "busy"), ("", "normal", "Busy")),
    ("Hangup", "schedule"): FROM_0,
    ("Redirect", "method"): METHOD,
    ("Redirect", BODY): (("https://h/x#rc=3",), ("", *NO_URL_BODY)),
    ("DTMF", "async"): FLAG,
    ("DTMF", BODY): (DIGITS[0], ("", *DIGITS[1])),
    ("GetDigits", "action"): URL,
    ("GetDigits", "method"): METHOD,
    **{("GetDigits", name): FLAG for name in ("redirect", "playBeep", "log")},
    **{("GetDigits", name): COUNT for name in ("timeout", "digitTimeout", "retries")},
    ("GetDigits", "numDigits"): (("1", "99", "100"), ("0", *NO_INTEGER)),
    ("GetDigits", "finishOnKey"): ONE_KEY,
    ("GetDigits", "validDigits"): (("1", "1234567890*#", "11"), ("", "A", "none", "1,2", "1 2")),
    ("GetDigits", "invalidDigitsSound"): (("", *SOUND[0]), SOUND[1]),
    **{("Dial", name): URL for name in ("action", "confirmSound", "callbackUrl")},
    ("Dial", "dialMusic"): (("real", *URL[0]), ("Real", "REAL", *NO_URL)),
    **{("Dial", name): METHOD for name in ("method", "callbackMethod")},
    **{("Dial", name): FLAG for name in ("redirect", "hangupOnStar")},
    **{("Dial", name): COUNT for name in ("timeout", "timeLimit", "confirmTimeout")},
    ("Dial", "callerId"): (
        ("", "+1 (415) 555-1111", "100", "anonymous", "sip:bob@h:5060", "alice.b"),
        ("a b", "<100>", '"x" <100>', "1" * 81, "a\u00e9", "a&b", "a,b", "a/b", "+"),
    ),
    ("Dial", "callerName"): (("", "Ann O'Hara & Söhne", "x" * 50), ("x" * 51, "a\nb", "a\u202eb")),
    ("Dial", "confirmKey"): ONE_KEY,
    ("Dial", "digitsMatch"): PATTERNS,
    ("Dial", "digitsMatchBLeg"): PATTERNS,
    ("Dial", "sipHeaders"): HEADERS,
    ("Dial", "callType"): (("voice",), ("", "Voice", "whatsapp")),
    ("Number", BODY): (
        ("100", "+14155551111", "(415) 555-1111", "415.555.1111", "*97", "1" * 40),
        ("", "+", "alice", "1&2", "1,2", "1/2", "1@h", "1;x", "++1", "1+2", "١", "1" * 41, "<1>"),
    ),
    ("User", BODY): (
        ("bob", "sip:bob@h", "sips:a.b+c@h.example:5061;transport=tls", "sip:bob@[::1]:5060"),
        (
            *("", "sip:", "a b", "bob@", "@h", "a@b@c", "a/b", "a&b", "a,b", "a|b", "a@h:", "<a>"),
            *('"a"', "a@h?x=1", "a;", "tel:1", "é", "a" * 65, "$(x)", "${X}"),
        ),
    ),
    **{
        (each, name): expected
        for each in ("Number", "User")
        for name, expected in {
            "sendDigits": (("", *DIGITS[0]), DIGITS[1]),
            "sendOnPreanswer": FLAG,
            "sendDigitsMode": ANYTHING,
            "sipHeaders": HEADERS,
        }.items()
    },
    ("User", "sipAuthUsername"): ANYTHING,
    ("User", "sipAuthPassword"): ANYTHING,
}
BODIES = {
    "Play": "sound:a",
    "Speak": "hello",
    "Redirect": "https://h/",
    "DTMF": "1",
    "Number": "1",
    "User": "bob",
    "Dial": "<Number>1</Number>",
}
"""What must stand in an element when one of its attributes is tried."""


def written(element: str, name: str, value: str) -> str:
    """The element with this value; the body is tried with white space around it."""
    attribute = f" {name}={quoteattr(value, {chr(10): '&#10;'})}" if name else ""
    body = BODIES.get(element, "") if name else f"\n {escape(value)}\t"
    text = f"<{element}{attribute}>{body}</{element}>"
    return f"<Dial>{text}</Dial>" if element in ("Number", "User") else text


RIGHT = [(*place, value) for place, (right, _) in TABLE.items() for value in right]
WRONG = [(*place, value) for place, (_, wrong) in TABLE.items() for value in wrong]


def test_the_table_has_every_attribute_and_body() -> None:
    known = {(name, wire) for name, shape in SHAPES.items() for wire in shape.attributes}
    bodies = {(name, BODY) for name, shape in SHAPES.items() if shape.body is not None}
    assert set(TABLE) == known | bodies


@pytest.mark.rule("F-2", "A-1")
@pytest.mark.parametrize(("element", "name", "value"), RIGHT)
def test_a_value_that_is_allowed(element: str, name: str, value: str) -> None:
    parsed = document(written(element, name, value))
    assert len(parsed.elements) == int((element, name, value) != ("Speak", BODY, ""))


@pytest.mark.rule("F-2", "A-1", "A-19", "A-21")
@pytest.mark.parametrize(("element", "name", "value"), WRONG)
def test_a_value_that_is_not_allowed(element: str, name: str, value: str) -> None:
    error = refused(written(element, name, value))
    assert (error.kind, error.element, error.attribute) == ("bad_value", element, name)
    assert error.value == value
    assert "is not allowed; it must be " in str(error)
    assert len(str(error).splitlines()) == 1
