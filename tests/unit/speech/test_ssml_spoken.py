"""What the voice makes of SSML, measured in samples and heard by a recogniser (F-2)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from recordbridge.plivo.elements import RecordDefaults, Speak
from recordbridge.plivo.parser import parse
from recordbridge.ports.sounds import Utterance
from recordbridge.speech.espeak import Espeak
from recordbridge.speech.whisper import Whisper
from tests.unit.speech.test_espeak import pitch, speech

pytestmark = pytest.mark.rule("F-2")
RATE = 22050
LOUD = 200
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
FOX = "the quick brown fox jumps over the lazy dog"


@pytest.fixture
async def voice() -> AsyncIterator[Espeak]:
    running = Espeak()
    yield running
    await running.close()


async def said(
    voice: Espeak, folder: Path, inside: str, attributes: str = ""
) -> NDArray[np.float64]:
    document = parse(
        f"<Response><Speak {attributes}>{inside}</Speak></Response>".encode(), RecordDefaults()
    )
    (speak,) = document.elements
    assert isinstance(speak, Speak)
    into = folder / "said.wav"
    await voice.say(Utterance(speak.text, speak.voice, speak.language, speak.ssml), into)
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
    async def spoken(prosody: str) -> NDArray[np.float64]:
        return await said(voice, tmp_path, f"<prosody {prosody}>{FOX}</prosody>")

    plain = await said(voice, tmp_path, FOX)
    lengths = [len(await spoken(f'rate="{rate}"')) for rate in ("50%", "slow", "fast", "200%")]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] > 1.4 * len(plain) > 1.4 * 1.4 * lengths[-1]
    assert 1.7 < loudness(await spoken('volume="+6dB"')) / loudness(plain) < 2.3
    assert 0.4 < loudness(await spoken('volume="-6dB"')) / loudness(plain) < 0.6
    assert np.abs(await spoken('volume="silent"')).max() < LOUD
    pitches = [pitch(await spoken(f'pitch="{each}"')) for each in ("x-low", "medium", "x-high")]
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
    ("written", "heard"),
    [
        ('Your code is <say-as interpret-as="digits">4-7 1 5</say-as>.', "4 7 1 5"),
        ('Please call <say-as interpret-as="telephone">(471) 555</say-as>.', "471 555"),
        ('Welcome to <sub alias="the city bank">TCB</sub>, please hold.', "the city bank"),
        ("<p>Enter your password.</p><p>Press the pound key.</p>", "your password press the pound"),
        ("Press one <break/> or <emphasis level='strong'>two</emphasis> now.", "press one or two"),
    ],
)
async def test_it_is_understood(
    voice: Espeak, tmp_path: Path, ear: Whisper, written: str, heard: str
) -> None:
    await said(voice, tmp_path, written)
    found = await ear.listen(tmp_path / "said.wav", stereo=False, duration_ms=9000, model="")
    assert plain(heard) in plain(" ".join(each.text for each in found))


@pytest.fixture
async def ear() -> AsyncIterator[Whisper]:
    running = Whisper("tiny.en", gives_way=False)
    yield running
    await running.rest()


def plain(text: str) -> str:
    """Letters and digits; a number that is read as digits is one, however it is written."""
    for digit, word in enumerate(DIGITS):
        text = re.sub(rf"\b{word}\b", str(digit), text, flags=re.IGNORECASE)
    return re.sub("[^a-z0-9]", "", text.lower())
