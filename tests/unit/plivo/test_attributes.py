"""The checks behind the attribute tables, one by one."""

import pytest

from recordbridge.plivo import attributes as rows
from recordbridge.plivo.attributes import Attribute
from recordbridge.plivo.checks import Value
from recordbridge.plivo.retry import Retry, Target


def value(row: Attribute, text: str) -> Value:
    """The value of a text that is right without a warning."""
    warnings: list[str] = []
    result = row.check(text, warnings)
    assert warnings == []
    return result


def warned(row: Attribute, text: str) -> tuple[Value, str]:
    warnings: list[str] = []
    result = row.check(text, warnings)
    (warning,) = warnings
    return result, warning


def refuses(row: Attribute, *texts: str) -> None:
    for text in texts:
        with pytest.raises(ValueError, match=r"^must be "):
            row.check(text, [])


RECORD = rows.RECORD
URLS = ["action", "transcriptionUrl", "callbackUrl"]
METHODS = ["method", "transcriptionMethod", "callbackMethod"]
FLAGS = ["redirect", "playBeep", "recordSession", "startOnDialAnswer"]


@pytest.mark.rule("A-2", "A-14", "A-16", "H-1")
@pytest.mark.parametrize("name", URLS)
def test_urls(name: str) -> None:
    row = RECORD[name]
    assert value(row, "https://h/x#rc=3") == Target("https://h/x", "POST", Retry(retries=3))
    refuses(row, "h", "/x", "ftp://h/x", "https://", " https://h/x", "https://h/x y", "none")


@pytest.mark.rule("A-21")
@pytest.mark.parametrize("name", URLS)
def test_an_empty_url_is_absent(name: str) -> None:
    assert value(RECORD[name], "") is None


@pytest.mark.rule("A-3", "A-15", "A-17", "D-3", "D-16")
@pytest.mark.parametrize("name", METHODS)
def test_methods(name: str) -> None:
    assert value(RECORD[name], "GET") == "GET"
    assert value(RECORD[name], "POST") == "POST"
    refuses(RECORD[name], "", "get", "Post", "PUT", " GET")


@pytest.mark.rule("A-4", "D-4")
def test_file_format() -> None:
    assert value(RECORD["fileFormat"], "mp3") == "mp3"
    assert value(RECORD["fileFormat"], "wav") == "wav"
    refuses(RECORD["fileFormat"], "", "MP3", "ogg", "wav ")


@pytest.mark.rule("A-5", "A-8", "A-10", "A-11")
@pytest.mark.parametrize("name", FLAGS)
def test_flags(name: str) -> None:
    assert value(RECORD[name], "true") is True
    assert value(RECORD[name], "false") is False
    refuses(RECORD[name], "", "True", "FALSE", "1", "0", "yes", " true")


@pytest.mark.rule("A-6")
def test_timeout() -> None:
    assert value(RECORD["timeout"], "1") == 1
    assert value(RECORD["timeout"], "86400") == 86_400
    refuses(RECORD["timeout"], "0", "000", "-1", "+1", "1.5", "1 ", "", "x")


@pytest.mark.rule("A-7")
def test_max_length() -> None:
    assert value(RECORD["maxLength"], "2") == 2
    refuses(RECORD["maxLength"], "1", "0", "-2", "", "1e3", "0x10")


@pytest.mark.rule("A-21")
@pytest.mark.parametrize("name", ["timeout", "maxLength"])
def test_integers_are_1_to_9_ascii_digits_up_to_a_day(name: str) -> None:
    row = RECORD[name]
    assert value(row, "000000015") == 15
    for text in ("86401", "999999999"):
        assert warned(row, text)[0] == 86_400
    refuses(row, "0000000015", "1000000000", "١٥", "\uff11\uff15", "²", "1_0")


@pytest.mark.rule("A-9")
def test_finish_on_key() -> None:
    row = RECORD["finishOnKey"]
    assert value(row, "#") == "#"
    assert value(row, "1234567890*#") == "1234567890*#"
    assert value(row, "11#1") == "1#"
    assert value(row, "none") == ""
    assert value(row, "") == ""
    refuses(row, "a", "NONE", "any", "1,2", "# ", "١", "A")


@pytest.mark.rule("A-12")
def test_channel_type() -> None:
    assert value(RECORD["recordChannelType"], "stereo") is True
    assert value(RECORD["recordChannelType"], "mono") is False
    refuses(RECORD["recordChannelType"], "", "Mono", "both")


@pytest.mark.rule("A-13")
def test_transcription_type() -> None:
    row = RECORD["transcriptionType"]
    assert value(row, "auto") is True
    assert warned(row, "hybrid") == (True, "hybrid is taken as auto")
    assert warned(row, "manual") == (True, "manual is taken as auto")
    refuses(row, "", "Auto", "none")


@pytest.mark.rule("A-20")
def test_transcription_report_type() -> None:
    assert value(RECORD["transcriptionReportType"], "compact") == "compact"
    assert value(RECORD["transcriptionReportType"], "full") == "full"
    refuses(RECORD["transcriptionReportType"], "", "Full")


def test_play_sounds() -> None:
    assert value(rows.PLAY_BODY, "sound:vm-goodbye") == "sound:vm-goodbye"
    assert value(rows.PLAY_BODY, "sound:digits/1&custom/a_b.c") == "sound:digits/1&custom/a_b.c"
    refuses(
        rows.PLAY_BODY,
        *("", "sound:", "sound:a&", "sound:&a", "sound:a b", "sound:/etc/passwd", "sound:../x"),
        *("sound:a/../../x", "sound:a,sound:b", "sound:a;b", "sound:é", "SOUND:a", "hello"),
    )


def test_play_urls() -> None:
    assert value(rows.PLAY_BODY, "https://H/a.mp3") == "https://h/a.mp3"
    assert warned(rows.PLAY_BODY, "https://h/a.mp3#rc=3")[0] == "https://h/a.mp3"
    refuses(rows.PLAY_BODY, "file:///etc/passwd", "/tmp/a.wav", "https://h/a b.mp3")


def test_play_loop() -> None:
    assert value(rows.PLAY["loop"], "0") == 0
    assert value(rows.PLAY["loop"], "1000") == 1000
    assert warned(rows.PLAY["loop"], "1001")[0] == 1000
    refuses(rows.PLAY["loop"], "", "-1", "forever")


def test_wait() -> None:
    assert value(rows.WAIT["length"], "10") == 10
    refuses(rows.WAIT["length"], "0", "")
    assert value(rows.WAIT["minSilence"], "2000") == 2000
    beep = "duration=300,inter_silence=50,intra_silence=500,threshold=256"
    assert value(rows.WAIT["beep"], beep) == beep
    assert value(rows.WAIT["beep"], "true") is True
    refuses(rows.WAIT["beep"], "", "loud", "duration=", "duration=1,", "volume=3")


def test_hangup() -> None:
    assert value(rows.HANGUP["reason"], "rejected") == "rejected"
    assert value(rows.HANGUP["reason"], "busy") == "busy"
    refuses(rows.HANGUP["reason"], "", "normal", "Busy")
    assert value(rows.HANGUP["schedule"], "60") == 60
    assert value(rows.HANGUP["schedule"], "0") == 0
    refuses(rows.HANGUP["schedule"], "", "-1")


def test_redirect_needs_a_url() -> None:
    assert value(rows.REDIRECT_BODY, "https://h/x") == Target("https://h/x")
    refuses(rows.REDIRECT_BODY, "", "x")
