"""SSML within Speak: spoken as it is meant, or refused by name and place (A-19, F-2)."""

from __future__ import annotations

import pytest

from recordbridge.errors import DocumentError
from recordbridge.plivo import voices
from recordbridge.plivo.elements import Document, RecordDefaults, Speak
from recordbridge.plivo.parser import parse
from recordbridge.plivo.ssml import TAGS

pytestmark = pytest.mark.rule("F-2")


def parsed(inside: str, attributes: str = "") -> Document:
    document = f"<Response>\n<Speak {attributes}>{inside}</Speak></Response>"
    return parse(document.encode(), RecordDefaults())


def said(inside: str) -> str:
    (speak,) = parsed(inside).elements
    assert isinstance(speak, Speak)
    assert speak.ssml
    return speak.text


def refused(inside: str) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        parsed(inside)
    return caught.value


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ('a <break time="0.5s"/> b', 'a <break time="500ms"/> b'),
        ('a<break time="2s"/>b', 'a <break time="2000ms"/> b'),
        ('a <break strength="weak" time="1s"/> b', 'a <break time="1000ms"/> b'),
        ("a <break/> b", 'a <break time="400ms"/> b'),
        ('a <break strength="none"/> b', "a b"),
        ('a <break time="0ms"/> b', "a b"),
        ('<say-as interpret-as="digits">1-2 3</say-as>', "{}1 2 3{}"),
        ('<say-as interpret-as="telephone">+1 (555) 12</say-as>', "{}+1 555 12{}"),
        ('<say-as interpret-as="characters">a&amp;b</say-as>', "{}a&amp;b{}"),
        ('<say-as interpret-as="spell-out">ab</say-as>', "{}ab{}"),
        ('<say-as interpret-as="cardinal">12</say-as>', "12"),
        ("<p>a <s>b</s></p>", "<p>a <s>b</s></p>"),
        ('<prosody rate="slow" pitch="+10%" volume="x-loud">a</prosody>',) * 2,
        ('<prosody volume="+6dB">a</prosody>', '<prosody volume="200%">a</prosody>'),
        ('<prosody volume="-6dB">a</prosody>', '<prosody volume="50%">a</prosody>'),
        ("<prosody>a</prosody>", "a"),
        ("<emphasis>a</emphasis>", '<emphasis level="moderate">a</emphasis>'),
        ('<lang xml:lang="de-DE">a</lang>', '<voice xml:lang="de-de">a</voice>'),
        ('<sub alias="a &lt; b">c</sub>', "a &lt; b"),
        ('<w role="amazon:VB">read</w>', "read"),
        ("<speak>a <break/> b</speak>", 'a <break time="400ms"/> b'),
        ("a &lt;audio&gt; <w>b</w>", "a &lt;audio&gt; b"),
    ],
)
def test_what_is_spoken(written: str, text: str) -> None:
    frame = ('<say-as interpret-as="characters">', '</say-as><break time="10ms"/>')
    assert said(written) == (text.format(*frame) if "{}" in text else text)


def test_text_without_a_tag_stays_plain() -> None:
    (speak,) = parsed("a &lt;break/&gt; b").elements
    assert isinstance(speak, Speak)
    assert (speak.text, speak.ssml) == ("a <break/> b", False)


@pytest.mark.rule("A-19")
@pytest.mark.parametrize("name", ["audio", "phoneme", "voice", "mark", "amazon:effect", "b"])
def test_a_tag_that_is_not_spoken_is_refused_with_its_place(name: str) -> None:
    error = refused(f"hello\n  <{name} src='x'/>")
    assert (error.line, error.column, error.element) == (3, 3, name)
    assert error.kind == "unavailable_element"
    assert f"<{name}> in <Speak> is not spoken; {', '.join(TAGS)} are" in str(error)


@pytest.mark.rule("A-19")
@pytest.mark.parametrize(
    ("written", "attribute", "allowed"),
    [
        ('<break time="11s"/>', "time", "must be a time up to 10s, such as 500ms or 1.5s"),
        ('<break time="1"/>', "time", "must be a time"),
        ('<break time="-1s"/>', "time", "must be a time"),
        ('<break strength="huge"/>', "strength", "must be one of none, x-weak"),
        ('<say-as interpret-as="date">1</say-as>', "interpret-as", "must be one of cardinal"),
        ("<say-as>1</say-as>", "interpret-as", 'has no "interpret-as", which must be one of'),
        ('<prosody rate="10%">a</prosody>', "rate", "or 20% to 200%"),
        ('<prosody pitch="500Hz">a</prosody>', "pitch", "or such as +10%"),
        ('<prosody volume="11">a</prosody>', "volume", "or such as -6dB"),
        ('<emphasis level="much">a</emphasis>', "level", "must be one of strong"),
        ('<lang xml:lang="german!">a</lang>', "xml:lang", "must be a language tag"),
        ('<sub alias=" ">a</sub>', "alias", "must be what is to be said"),
    ],
)
def test_a_value_that_would_be_misread_is_refused(
    written: str, attribute: str, allowed: str
) -> None:
    error = refused(f"a {written}")
    assert (error.kind, error.attribute, error.line) == ("bad_value", attribute, 2)
    assert allowed in str(error)


def test_nothing_stands_within_what_is_spelled() -> None:
    error = refused('<say-as interpret-as="digits">1<break/>2</say-as>')
    assert (error.kind, error.element) == ("misplaced_element", "break")


def test_an_attribute_that_is_unknown_is_ignored_with_a_warning() -> None:
    document = parsed('<emphasis colour="red">a</emphasis>')
    assert 'has no attribute "colour"; it is ignored' in document.warnings[0]


@pytest.mark.rule("F-7")
def test_the_length_is_that_of_what_is_said() -> None:
    assert len(said(f"<p>{'a' * 2990}</p>")) > 2990
    assert "at most 3000 characters" in str(refused(f"<p>{'a' * 3001}</p>"))


def test_a_pause_alone_is_one_and_no_pause_is_nothing() -> None:
    assert said('<break time="1s"/>') == '<break time="1000ms"/>'
    document = parsed('<break strength="none"/>')
    assert document.elements == ()
    assert "has no text; it is passed over" in document.warnings[0]


@pytest.mark.parametrize(
    ("attributes", "language", "man"),
    [
        ('voice="Polly.Joanna"', "en-US", False),
        ('voice="Polly.Hans"', "de-DE", True),
        ('voice="Polly.Lea-Neural"', "fr-FR", False),
        ('voice="Polly.Hans" language="en-GB"', "en-GB", True),
        ('voice="MAN"', "en-US", True),
        ('language="sv-SE"', "sv-SE", False),
    ],
)
def test_voices_keep_their_language_and_sex(attributes: str, language: str, man: bool) -> None:
    document = parsed("a", attributes)
    (speak,) = document.elements
    assert isinstance(speak, Speak)
    assert speak.language == language
    assert voices.is_man(speak.voice) is man
    assert document.warnings == ()


def test_an_unknown_voice_is_warned_of() -> None:
    assert "is not known; a woman speaks" in parsed("a", 'voice="Polly.Nobody"').warnings[0]
