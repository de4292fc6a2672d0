"""What YAML would pass over silently, and the two tags."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.settings.conftest import Load, Mistakes

pytestmark = pytest.mark.rule("O-3")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "log: {level: info}\nlog: {level: debug}\n",
            "6: log: the key stands in line 5 already; give it once",
        ),
        (
            "recording:\n  defaults:\n    timeout: 5\n    timeout: 6\n",
            "8: recording.defaults.timeout: the key stands in line 7 already; give it once",
        ),
        (
            "speech:\n  voice: 0123\n",
            (
                "6: speech.voice: YAML reads 0123 without quotes as the number 83; "
                'write "0123" if it is a text, or a number in plain decimal digits'
            ),
        ),
        (
            "recording:\n  defaults: {timeout: 1:30}\n",
            (
                "6: recording.defaults.timeout: YAML reads 1:30 without quotes as the number 90; "
                'write "1:30" if it is a text, or a number in plain decimal digits'
            ),
        ),
        (
            "recording:\n  defaults:\n    finishOnKey: #\n",
            (
                "7: recording.defaults.finishOnKey: the value is empty, because an unquoted # "
                'begins a comment; write "#" in quotes, or none for no key'
            ),
        ),
        (
            "speech: {voice: !env NOBODY}\n",
            (
                "5: speech.voice: the environment variable NOBODY is not set; "
                "set NOBODY or use !file PATH"
            ),
        ),
        ("speech: {voice: !env }\n", "5: speech.voice: !env names no variable; write !env NAME"),
        (
            "speech: {voice: !file }\n",
            (
                "5: speech.voice: !file names no file; "
                "write !file PATH of a text file that the service may read"
            ),
        ),
        (
            "speech: !env {voice: x}\n",
            (
                "5: speech: !env stands before a list or mapping; "
                "the tags are !env NAME and !file PATH"
            ),
        ),
        (
            "speech: {voice: !secret x}\n",
            "5: speech.voice: the tag !secret is unknown; the tags are !env NAME and !file PATH",
        ),
        (
            "speech: {voice: !!python/name:os.system }\n",
            (
                "5: speech.voice: the tag !!python/name:os.system is unknown; "
                "the tags are !env NAME and !file PATH"
            ),
        ),
        (
            "speech: {voice: 2024-99-99}\n",
            "5: speech.voice: 2024-99-99 is not what YAML takes it for; put it in quotes",
        ),
        (
            "? [speech]\n: 1\n",
            "5: (file): a key is a list or a mapping; keys are words",
        ),
        (
            "speech: &me {voice: *me}\n",
            "5: speech.voice: the alias contains itself; aliases lead to finished values",
        ),
    ],
)
def test_a_trap_of_yaml_is_told_in_one_sentence(mistakes: Mistakes, text: str, line: str) -> None:
    assert mistakes(text) == [line]


def test_a_missing_file_is_told_with_its_path(mistakes: Mistakes, tmp_path: Path) -> None:
    assert mistakes("speech:\n  voice: !file voice\n") == [
        (
            f"6: speech.voice: {tmp_path}/voice cannot be read (No such file or directory); "
            "write !file PATH of a text file that the service may read"
        )
    ]


def test_a_file_that_is_no_text_is_told(mistakes: Mistakes, tmp_path: Path) -> None:
    (tmp_path / "voice").write_bytes(b"\xff\xfe\x00")
    assert mistakes("speech: {voice: !file voice}\n") == [
        (
            f"5: speech.voice: {tmp_path}/voice is not UTF-8 text; "
            "write !file PATH of a text file that the service may read"
        )
    ]


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_file_is_read_beside_the_yaml_without_its_line_break(
    read: Load, tmp_path: Path, end: str
) -> None:
    (tmp_path / "voice").write_bytes(b"de" + end.encode())
    assert read("speech: {voice: !file voice}\n").speech.voice == "de"


def test_a_variable_may_stand_for_a_number_and_a_truth_value(
    read: Load, tmp_path: Path, mistakes: Mistakes
) -> None:
    (tmp_path / "trim").write_text("False\n")
    settings = read("recording: {trim_silence: !file trim, defaults: {timeout: !env PORT}}\n")
    assert settings.recording.trim_silence is False
    assert settings.recording.defaults.timeout == 17
    assert mistakes("recording: {defaults: {timeout: !env TOKEN}}\n") == [
        (
            "5: recording.defaults.timeout: !env TOKEN is not allowed; "
            "a whole number of seconds from 1 to 86400"
        )
    ]


def test_what_a_variable_holds_is_not_told(mistakes: Mistakes) -> None:
    """It may be a secret that went into the wrong key."""
    assert mistakes("service: {public_url: !env TOKEN}\n") == [
        (
            "5: service.public_url: !env TOKEN does not begin with http:// or https://; "
            "an absolute http or https URL without user, query or fragment"
        )
    ]


def test_a_variable_of_digits_stays_a_text_where_a_text_is_meant(read: Load) -> None:
    assert read("speech: {voice: !env PORT}\n").speech.voice == "17"


def test_anchors_and_merge_keys_work_and_what_stands_here_wins(read: Load) -> None:
    settings = read(
        """\
        applications:
          one: &one {account: MAEXAMPLEACCOUNT0001, answer_url: "http://a/", retention_days: 3}
          two: {<<: *one, retention_days: 4}
        """
    )
    assert settings.applications["two"].answer_url == "http://a/"
    assert settings.applications["two"].retention_days == 4


def test_a_merge_key_must_lead_to_a_mapping(mistakes: Mistakes) -> None:
    assert mistakes("speech: {<<: 5}\n") == [
        "5: speech: << does not lead to a mapping; <<: *ANCHOR"
    ]


def test_keys_that_yaml_takes_for_something_else_are_words(read: Load) -> None:
    settings = read(
        "applications: {on: {account: MAEXAMPLEACCOUNT0001, answer_url: 'http://a/'}}\n"
    )
    assert list(settings.applications) == ["on"]
