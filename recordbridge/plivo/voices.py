"""Who speaks: the voices that the hosted product names, by their language and sex.

We have other voices. Of a `Polly` name its language and sex are kept, the person is not.
"""

from __future__ import annotations

from typing import NamedTuple

POLLY = "Polly."
_WOMEN = {
    "arb": "Zeina", "ar-AE": "Hala", "ca-ES": "Arlet", "cmn-CN": "Zhiyu", "yue-CN": "Hiujin",
    "cs-CZ": "Jitka", "da-DK": "Naja Sofie", "nl-BE": "Lisa", "nl-NL": "Lotte Laura",
    "en-AU": "Nicole Olivia", "en-GB": "Amy Emma", "en-IN": "Aditi Raveena", "en-IE": "Niamh",
    "en-NZ": "Aria", "en-SG": "Jasmine", "en-ZA": "Ayanda",
    "en-US": "Danielle Ivy Joanna Kendra Kimberly Ruth Salli", "fi-FI": "Suvi",
    "fr-BE": "Isabelle", "fr-CA": "Chantal Gabrielle", "fr-FR": "Celine Lea",
    "de-AT": "Hannah", "de-CH": "Sabrina", "de-DE": "Marlene Vicki", "hi-IN": "Kajal",
    "is-IS": "Dora", "it-IT": "Bianca Carla", "ja-JP": "Mizuki Kazuha Tomoko",
    "ko-KR": "Seoyeon Jihye", "nb-NO": "Liv Ida", "pl-PL": "Ewa Maja Ola",
    "pt-BR": "Camila Vitoria", "pt-PT": "Ines", "ro-RO": "Carmen", "ru-RU": "Tatyana",
    "es-ES": "Conchita Lucia", "es-MX": "Mia", "es-US": "Lupe Penelope",
    "sv-SE": "Astrid Elin", "tr-TR": "Filiz Burcu", "cy-GB": "Gwyneth",
}  # fmt: skip
_MEN = {
    "ar-AE": "Zayd", "da-DK": "Mads", "nl-NL": "Ruben", "en-AU": "Russell",
    "en-GB": "Arthur Brian", "en-GB-WLS": "Geraint",
    "en-US": "Gregory Joey Justin Kevin Matthew Stephen", "fr-CA": "Liam",
    "fr-FR": "Mathieu Remi", "de-DE": "Daniel Hans", "is-IS": "Karl", "it-IT": "Adriano Giorgio",
    "ja-JP": "Takumi", "pl-PL": "Jacek Jan", "pt-BR": "Ricardo Thiago", "pt-PT": "Cristiano",
    "ru-RU": "Maxim", "es-ES": "Enrique Sergio Raul", "es-MX": "Andres", "es-US": "Miguel Pedro",
}  # fmt: skip


class Voice(NamedTuple):
    """Somebody who speaks that language."""

    name: str
    language: str
    man: bool


VOICES: dict[str, Voice] = {
    name.lower(): Voice(name, language, man)
    for man, table in ((False, _WOMEN), (True, _MEN))
    for language, names in table.items()
    for name in names.split()
}
"""Polly's, by name in lower case."""


def polly(voice: str) -> Voice | None:
    """Who `Polly.Joanna` or `Polly.Joanna-Neural` is; None for any other word or name."""
    if not voice.startswith(POLLY):
        return None
    return VOICES.get(voice.removeprefix(POLLY).partition("-")[0].lower())


def is_man(voice: str) -> bool:
    """Whether a man's voice is asked for: `MAN`, `Polly.Matthew`, `Polly.Joey-Neural`."""
    known = polly(voice)
    return voice == "MAN" if known is None else known.man
