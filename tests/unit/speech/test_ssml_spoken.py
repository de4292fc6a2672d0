"""What the voice makes of SSML, measured in samples and in the sounds it is made of (F-2)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from recordbridge.plivo.elements import RecordDefaults, Speak
from recordbridge.plivo.parser import parse
from recordbridge.ports.sounds import Utterance
from recordbridge.speech.espeak import Espeak
from tests.unit.speech.phonemes import Phonemes
from tests.unit.speech.test_espeak import pitch, speech

pytestmark = pytest.mark.rule("F-2")
RATE = 22050
LOUD = 200
FOX = "the quick brown fox jumps over the lazy dog"


@pytest.fixture
async def voice() -> AsyncIterator[Espeak]:
    running = Espeak()
    yield running
    await running.close()


def spoken(inside: str, attributes: str = "") -> Utterance:
    """What an application's Speak comes to."""
    document = parse(
        f"<Response><Speak {attributes}>{inside}</Speak></Response>".encode(), RecordDefaults()
    )
    (speak,) = document.elements
    assert isinstance(speak, Speak)
    return Utterance(speak.text, speak.voice, speak.language, speak.ssml)


async def said(
    voice: Espeak, folder: Path, inside: str, attributes: str = ""
) -> NDArray[np.float64]:
    into = folder / "said.wav"
    await voice.say(spoken(inside, attributes), into)
    return speech(into)


def pause_ms(samples: NDArray[np.float64]) -> float:
    """The longest stretch of quiet between two loud samples."""
    loud = np.flatnonzero(np.abs(samples) > LOUD)
    return float(np.diff(loud).max()) * 1000 / RATE


def loudness(samples: NDArray[np.float64]) -> float:
    loud = samples[np.abs(samples) > LOUD]
    return float(np.sqrt(np.square(loud).mean()))


@pytest.mark.parametrize(
    ("written", "ms"),
    [
        ('time="0.5s"', 500), ('time="1s"', 1000), ('time="2500ms"', 2500), ('time="10s"', 10_000),
        ('strength="weak"', 250), ("", 400), ('strength="x-strong"', 1000),
    ],
)  # fmt: skip
async def test_a_break_is_as_long_as_it_says(
    voice: Espeak, tmp_path: Path, written: str, ms: int
) -> None:
    """To within the edges of the words beside it, at any rate of speech."""
    for frame in ("{}", '<prosody rate="fast">{}</prosody>'):
        samples = await said(voice, tmp_path, frame.format(f"one <break {written}/> two"))
        assert abs(pause_ms(samples) - ms) < 70


async def test_rate_volume_and_pitch(voice: Espeak, tmp_path: Path) -> None:
    async def prosody(values: str) -> NDArray[np.float64]:
        return await said(voice, tmp_path, f"<prosody {values}>{FOX}</prosody>")

    plain = await said(voice, tmp_path, FOX)
    lengths = [len(await prosody(f'rate="{rate}"')) for rate in ("50%", "slow", "fast", "200%")]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] > 1.4 * len(plain) > 1.4 * 1.4 * lengths[-1]
    assert 1.7 < loudness(await prosody('volume="+6dB"')) / loudness(plain) < 2.3
    assert 0.4 < loudness(await prosody('volume="-6dB"')) / loudness(plain) < 0.6
    assert np.abs(await prosody('volume="silent"')).max() < LOUD
    pitches = [pitch(await prosody(f'pitch="{each}"')) for each in ("x-low", "medium", "x-high")]
    assert pitches[0] < 0.95 * pitches[1] < 0.95 * 0.98 * pitches[2]


async def test_another_language_for_a_few_words_by_the_same_person(
    voice: Espeak, tmp_path: Path
) -> None:
    words = "Guten Morgen, wie geht es Ihnen"
    german = await said(voice, tmp_path, f"<w>{words}</w>", 'language="de-DE" voice="MAN"')
    within = await said(voice, tmp_path, f'<lang xml:lang="de-DE">{words}</lang>', 'voice="MAN"')
    unknown = await said(voice, tmp_path, f'<lang xml:lang="tlh">{words}</lang>', 'voice="MAN"')
    english = await said(voice, tmp_path, f"<w>{words}</w>", 'voice="MAN"')
    assert abs(len(within) - len(german)) < 0.05 * len(german)
    assert abs(len(unknown) - len(english)) < 0.05 * len(english)
    assert abs(len(english) - len(german)) > 0.1 * len(german)
    assert 0.9 < pitch(within) / pitch(german) < 1.1


async def test_a_number_is_read_and_digits_are_spelled(voice: Espeak, tmp_path: Path) -> None:
    """One thousand two hundred thirty four is longer than one two three four."""
    spelled = '<say-as interpret-as="{}">1234</say-as>'
    lengths = {
        kind: len(await said(voice, tmp_path, spelled.format(kind)))
        for kind in ("cardinal", "digits", "characters", "telephone")
    }
    number = len(await said(voice, tmp_path, "<w>1234</w>"))
    digits = len(await said(voice, tmp_path, "<w>one two three four</w>"))
    assert abs(lengths["cardinal"] - number) < 0.02 * number
    for kind in ("digits", "characters", "telephone"):
        assert abs(lengths[kind] - digits) < 0.15 * digits < 0.15 * 0.8 * number


@pytest.mark.parametrize(
    ("written", "plainly"),
    [
        ('Your code is <say-as interpret-as="digits">4-7 1 5</say-as>.', "Your code is 4 7 1 5."),
        ('<say-as interpret-as="telephone">+44 (471) 555</say-as>', "plus 4 4 4 7 1 5 5 5"),
        ('It is <say-as interpret-as="spell-out">bcd</say-as>.', "It is B C D."),
        ('It is <say-as interpret-as="cardinal">1234</say-as>.', "It is 1234."),
        ('This is <sub alias="the city bank">TCB</sub>, hold.', "This is the city bank, hold."),
        ("<p>Enter your password.</p><s>Press it.</s>", "Enter your password. Press it."),
        ("Press one <emphasis level='strong'>two</emphasis> now.", "Press one two now."),
        ("Press one, <break/> two.", "Press one, two."),
        ('<prosody rate="slow" pitch="+10%" volume="-6dB">Hello</prosody> you.', "Hello you."),
        ('Say <w role="amazon:VB">please</w> &amp; thanks.', "Say please and thanks."),
    ],
)  # fmt: skip
def test_it_says_the_words_that_are_meant(phonemes: Phonemes, written: str, plainly: str) -> None:
    """The same sounds as the text that is written plainly, and not those of others."""
    assert phonemes.of(spoken(written)) == phonemes.of(Utterance(plainly, "WOMAN", "en-US"))


def test_digits_are_said_one_by_one_and_words_in_their_language(phonemes: Phonemes) -> None:
    digits, number = (
        phonemes.of(spoken(f'<say-as interpret-as="{kind}">1234</say-as>'))
        for kind in ("digits", "cardinal")
    )
    assert digits == "wʌntuːθɹiːfɔːɹ"
    assert number != digits
    german = phonemes.of(spoken('<lang xml:lang="de-DE">Guten Morgen</lang>'))
    assert german == phonemes.of(Utterance("Guten Morgen", "WOMAN", "de-DE"))
    assert german != phonemes.of(Utterance("Guten Morgen", "WOMAN", "en-US"))


@pytest.fixture(scope="module")
def phonemes(tmp_path_factory: pytest.TempPathFactory) -> Phonemes:
    return Phonemes(tmp_path_factory.mktemp("phonemes"))
