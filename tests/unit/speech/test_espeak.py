"""The offline voice: it speaks, and whatever happens to its process costs one text."""

from __future__ import annotations

import asyncio
import os
import signal
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from structlog.testing import capture_logs

from recordbridge.errors import MediaError
from recordbridge.ports.sounds import Utterance
from recordbridge.speech import espeak
from recordbridge.speech.espeak import Espeak

HELLO = Utterance("Leave a message after the tone.", "WOMAN", "en-US")


@pytest.fixture
async def voice() -> AsyncIterator[Espeak]:
    running = Espeak()
    yield running
    await running.close()


def speech(path: Path) -> NDArray[np.float64]:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 22050)
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    return np.asarray(samples, np.float64)


def pitch(samples: NDArray[np.float64]) -> float:
    """The middle of the pitches (Hz) of the loud pieces of 40 ms."""
    found = []
    pieces = [samples[at : at + 882] for at in range(0, len(samples) - 882, 882)]
    for piece in (each for each in pieces if np.abs(each).mean() > 2000):
        own = np.correlate(piece, piece, "full")[881:]
        lag = 55 + int(np.argmax(own[55:350]))
        found.append(22050 / lag)
    return float(np.median(found))


async def said(
    engine: Espeak,
    folder: Path,
    text: str = HELLO.text,
    *,
    voice: str = "WOMAN",
    language: str = "en-US",
    ssml: bool = False,
) -> NDArray[np.float64]:
    into = folder / "said.wav"
    await engine.say(Utterance(text, voice, language, ssml), into)
    return speech(into)


def alike(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """The same words by the same voice; noise, phases and pauses differ a little each time."""
    if abs(len(one) - len(other)) > 0.03 * len(one):
        return False
    most = min(len(one), len(other)) // 441 * 441
    loudness = [np.abs(each[:most]).reshape(-1, 441).mean(axis=1) for each in (one, other)]
    return float(np.corrcoef(*loudness)[0, 1]) > 0.95


async def test_it_speaks(voice: Espeak, tmp_path: Path) -> None:
    samples = await said(voice, tmp_path)
    assert 1.0 < len(samples) / 22050 < 4.0
    assert np.abs(samples).max() > 5000


async def test_a_man_and_a_woman(voice: Espeak, tmp_path: Path) -> None:
    woman = await said(voice, tmp_path)
    man = await said(voice, tmp_path, voice="Polly.Matthew")
    assert pitch(man) < 0.8 * pitch(woman)


async def test_that_a_voice_is_another_one_is_told_once(voice: Espeak, tmp_path: Path) -> None:
    with capture_logs() as told:
        for name in ("Polly.Hans", "Polly.Hans-Neural", "Polly.Joanna", "WOMAN", "Polly.Nobody"):
            await said(voice, tmp_path, voice=name)
    assert [(line["event"], line["voice"], line["language"]) for line in told] == [
        ("voice_replaced", "Polly.Hans", "de-DE"),
        ("voice_replaced", "Polly.Joanna", "en-US"),
    ]


@pytest.mark.parametrize(
    "language",
    [
        *("da-DK", "nl-NL", "en-AU", "en-GB", "en-US", "fr-FR", "fr-CA", "de-DE", "it-IT", "pl-PL"),
        *("pt-PT", "pt-BR", "ru-RU", "es-ES", "es-US", "sv-SE", "arb", "cmn-CN", "hi-IN", "tr-TR"),
    ],
)
async def test_the_hosted_product_s_languages_are_spoken(tmp_path: Path, language: str) -> None:
    """Not by the fallback's voice, which is Welsh here."""
    welsh = Espeak(fallback="cy")
    try:
        spoken = await said(welsh, tmp_path, text="1 2 3 4 5 6 7 8 9", language=language)
        fallback = await said(welsh, tmp_path, text="1 2 3 4 5 6 7 8 9", language="cy")
    finally:
        await welsh.close()
    assert not alike(spoken, fallback)


async def test_languages_differ_and_unknown_ones_fall_back(voice: Espeak, tmp_path: Path) -> None:
    english = await said(voice, tmp_path)
    german = await said(voice, tmp_path, language="de-DE")
    unknown = await said(voice, tmp_path, language="xx-YY")
    assert not alike(english, german)
    assert alike(english, unknown)


async def test_the_operator_chooses_the_fallback(tmp_path: Path) -> None:
    german = Espeak(fallback="de")
    try:
        expected = await said(german, tmp_path, language="de-DE")
        assert alike(await said(german, tmp_path, language="xx"), expected)
    finally:
        await german.close()
    assert german.signature != Espeak().signature


async def test_markup_in_plain_text_is_text(voice: Espeak, tmp_path: Path) -> None:
    plain = await said(voice, tmp_path, text="a <break time='3s'/> b")
    marked = await said(voice, tmp_path, text="a <break time='3s'/> b", ssml=True)
    assert len(marked) > 3 * 22050 > 0.9 * len(plain)


async def test_a_sound_in_markup_is_not_played(voice: Espeak, tmp_path: Path) -> None:
    """The library crashes over this unless it is told not to."""
    text = "<speak>one <audio src='/etc/passwd'>two</audio> three</speak>"
    assert len(await said(voice, tmp_path, text=text, ssml=True)) > 5000


@pytest.mark.parametrize("text", ["", " ", "\0", "你好", "x" * 5000, '\n{}"\\'])
async def test_any_text(voice: Espeak, tmp_path: Path, text: str) -> None:
    await said(voice, tmp_path, text=text)
    assert len(await said(voice, tmp_path)) > 20_000


async def test_many_at_once(voice: Espeak, tmp_path: Path) -> None:
    texts = [f"number {number}" for number in range(20)]
    await asyncio.gather(
        *(
            voice.say(Utterance(text, "MAN", "en-US"), tmp_path / f"{at}.wav")
            for at, text in enumerate(texts)
        )
    )
    alone = [await said(voice, tmp_path, text=text, voice="MAN") for text in texts]
    assert all(alike(speech(tmp_path / f"{at}.wav"), each) for at, each in enumerate(alone))


async def test_a_crash_costs_one_text(voice: Espeak, tmp_path: Path) -> None:
    await said(voice, tmp_path)
    assert voice._process is not None
    os.kill(voice._process.pid, signal.SIGSEGV)
    with pytest.raises(MediaError, match="broke down over this text"):
        await said(voice, tmp_path)
    assert len(await said(voice, tmp_path)) > 20_000


async def test_a_text_that_takes_too_long(tmp_path: Path) -> None:
    voice = Espeak(timeout_s=0.3)
    await asyncio.wait_for(_warm(voice, tmp_path), 10)
    assert voice._process is not None
    os.kill(voice._process.pid, signal.SIGSTOP)
    with pytest.raises(MediaError, match=r"was not spoken within 0\.3 s"):
        await said(voice, tmp_path)
    await voice.close()


async def _warm(voice: Espeak, folder: Path) -> None:
    """The first text includes the start of the process, which may take longer."""
    patient, voice._timeout_s = voice._timeout_s, 10
    await said(voice, folder)
    voice._timeout_s = patient


async def test_an_answer_is_never_taken_for_that_to_another_text(
    voice: Espeak, tmp_path: Path
) -> None:
    expected = await said(voice, tmp_path)
    abandoned = asyncio.create_task(said(voice, tmp_path, text="something else " * 200))
    await asyncio.sleep(0)
    abandoned.cancel()
    with pytest.raises(asyncio.CancelledError):
        await abandoned
    assert alike(await said(voice, tmp_path), expected)


async def test_no_room_is_told(voice: Espeak) -> None:
    with pytest.raises(MediaError, match="the speech cannot be written: No space left"):
        await voice.say(HELLO, Path("/dev/full"))


async def test_without_the_extra_it_is_named(
    voice: Espeak, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(espeak, "installed", lambda: False)
    with pytest.raises(MediaError, match=r"pip install 'recordbridge\[speech\]'"):
        await said(voice, tmp_path)


async def test_the_process_ends_with_the_service(voice: Espeak, tmp_path: Path) -> None:
    """Also when the service is killed: its standard input ends."""
    await said(voice, tmp_path)
    process = voice._process
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()
    assert await asyncio.wait_for(process.wait(), 10) == 0
