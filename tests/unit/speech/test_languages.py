"""Words of the language to voices."""

from __future__ import annotations

import pytest

from recordbridge.plivo.voices import is_man
from recordbridge.speech.languages import best

KNOWN = {"en-us": "US", "en-gb": "GB", "fr": "FR", "es-419": "LATIN", "cmn": "CMN", "ar": "AR"}


@pytest.mark.parametrize(
    ("language", "voice"),
    [
        ("en-US", "US"),
        ("en_GB", "GB"),
        ("en-GB-WLS", "GB"),
        ("fr-CA", "FR"),
        ("es-MX", "LATIN"),
        ("es-US", "LATIN"),
        ("cmn-CN", "CMN"),
        ("zh-CN", "CMN"),
        ("arb", "AR"),
        ("tlh", "FR"),
        ("", "FR"),
    ],
)
def test_the_best_voice_for_a_language(language: str, voice: str) -> None:
    assert best(language, KNOWN, "fr") == voice


def test_a_fallback_that_is_none_becomes_english() -> None:
    assert best("tlh", KNOWN, "WOMAN") == "US"


@pytest.mark.parametrize(
    ("voice", "man"),
    [
        ("MAN", True),
        ("WOMAN", False),
        ("Polly.Matthew", True),
        ("Polly.Joey-Neural", True),
        ("Polly.Joanna", False),
        ("Polly.Nobody", False),
        ("", False),
    ],
)
def test_men_and_women(voice: str, man: bool) -> None:
    assert is_man(voice) is man
