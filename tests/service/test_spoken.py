"""What an application's Speak comes to in the caller's ear: SSML, voices, loop, said once (F-2).

The caller must hear the sound that the service made ready, sample for sample; and that sound must
be the voice's, as it says the same words when they are written plainly.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recordbridge.media.sounds import Decoder
from recordbridge.ports.sounds import Utterance
from recordbridge.speech.espeak import Espeak
from tests.service.audio import Sound, first_loud, heard_of, read_wav
from tests.service.service import Service
from tests.service.steps import silence

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.rule("F-2"),
]

LOUD = 200
REJECTED = "8011"


async def said(folder: Path, text: str, voice: str, language: str) -> Sound:
    """Plain words by the same voice, made fit for Asterisk in the same way."""
    engine, decoder = Espeak(), Decoder()
    try:
        await engine.say(Utterance(text, voice, language), folder / "raw.wav")
        await decoder.decode(folder / "raw.wav", folder / "said.wav")
    finally:
        decoder.close()
        await engine.close()
    return read_wav((folder / "said.wav").read_bytes())


def sounds(service: Service) -> dict[Path, int]:
    """What the service has made ready; one that is made anew is another file."""
    folder = service.program.folder / "recordings/sounds"
    return {each: each.stat().st_ino for each in folder.glob("*.wav")}


async def called(service: Service, *elements: str) -> tuple[Sound, dict[Path, int]]:
    """What a caller of such a document hears, and what was made ready for it."""
    before, line = sounds(service), service.line()
    line.answers(*elements)
    call = await line.call([silence(30)])
    await call.answered()
    ear = await call.listen()
    hangup = (await line.next("hangup", 40)).params
    assert hangup["HangupCauseCode"] == "4010"
    heard = await ear.heard()
    await call.ended()
    after = sounds(service)
    return heard, {path: after[path] for path in after if before.get(path) != after[path]}


def is_heard(sound: Sound, heard: Sound) -> bool:
    """Three of four pieces as they are; an overloaded machine breaks some. Of another sound it
    would be none but those that are silent.
    """
    pieces = heard_of(sound.samples, heard.samples)
    return pieces.count(True) >= 0.75 * len(pieces)


def pauses_ms(sound: Sound) -> float:
    """The longest stretch of quiet between two loud samples."""
    loud = np.flatnonzero(np.abs(sound.samples) > LOUD)
    return float(np.diff(loud).max()) * 1000 / sound.rate


def spoken_ms(sound: Sound) -> float:
    """From the first loud sample to the last."""
    loud = np.flatnonzero(np.abs(sound.samples) > LOUD)
    return float(loud[-1] - loud[0]) * 1000 / sound.rate


def alike(one: Sound, other: Sound) -> float:
    """How well the loudness of the two goes together, from the first loud sample on."""
    first, second = (
        Sound(each.samples[first_loud(each.samples) :], each.rate).levels() for each in (one, other)
    )
    most = min(len(first), len(second))
    return float(np.corrcoef(first[:most], second[:most])[0, 1])


async def test_ssml_is_heard_twice_and_made_once(service: Service, tmp_path: Path) -> None:
    """Digits one by one, a pause as long as it says; a second call finds it ready."""
    inside = (
        'Your code is <say-as interpret-as="digits">4715</say-as>.'
        '<break time="1500ms"/>Thank <emphasis level="strong">you</emphasis>.'
    )
    speak = f'<Speak voice="Polly.Matthew" loop="2">{inside}</Speak>'
    first, made = await called(service, '<Wait length="1"/>', speak)
    (path,) = made
    sound = read_wav(path.read_bytes())
    assert 1500 <= pauses_ms(sound) <= 1900
    digits = await said(tmp_path, "Your code is 4 7 1 5. Thank you.", "MAN", "en-US")
    number = await said(tmp_path, "Your code is 4715. Thank you.", "MAN", "en-US")
    words_ms = spoken_ms(sound) - pauses_ms(sound)
    assert abs(words_ms - spoken_ms(digits)) < abs(words_ms - spoken_ms(number))
    assert is_heard(sound, first)
    assert spoken_ms(first) > 1.9 * spoken_ms(sound), "loop"

    again, made = await called(service, '<Wait length="1"/>', speak)
    assert made == {}
    assert is_heard(sound, again)


async def test_a_hosted_voice_speaks_its_language_by_its_sex(
    service: Service, tmp_path: Path
) -> None:
    """`Polly.Hans` alone is a German man; that he is another one is in the log, once."""
    text = "Guten Morgen. Bitte hinterlassen Sie eine Nachricht."
    speak = f'<Speak voice="Polly.Hans">{text}</Speak>'
    heard, made = await called(service, '<Wait length="1"/>', speak)
    (path,) = made
    sound = read_wav(path.read_bytes())
    assert is_heard(sound, heard)
    ours, woman, english = [
        await said(tmp_path, text, *whom)
        for whom in (("MAN", "de-DE"), ("WOMAN", "de-DE"), ("MAN", "en-US"))
    ]
    assert alike(sound, ours) > max(0.9, alike(sound, woman), alike(sound, english))
    told = await service.program.said("voice_replaced", voice="Polly.Hans")
    assert told["language"] == "de-DE"


async def test_what_the_voice_would_misread_is_refused_by_its_place(service: Service) -> None:
    line = service.line()
    line.answers("<Speak>Hello <audio src='https://app.example.com/a.mp3'/></Speak>")
    call = await line.call([silence(30)])
    hangup = (await line.next("hangup")).params
    assert hangup["HangupCauseCode"] == REJECTED
    await call.ended()
    told = await service.program.said("document_failed", call_uuid=hangup["CallUUID"])
    assert "line 1" in told["reason"]
    assert "<audio> in <Speak> is not spoken; speak, break" in told["reason"]
