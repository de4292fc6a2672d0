"""The process in which espeak-ng runs: orders on standard input, WAVs of its own rate on disk.

Started by `recordbridge.speech.espeak`; one line in, one line out, in order.
"""

from __future__ import annotations

import ctypes as c
import os
import re
import sys
import wave
from collections.abc import Iterator
from typing import Any

import espeakng_loader
import msgspec

from recordbridge.plivo.voices import is_man
from recordbridge.ports.sounds import Utterance
from recordbridge.speech.languages import best, nearest
from recordbridge.speech.orders import Answer, Order

LONGEST_S = 3600
_SYNCHRONOUS = 2
_DO_NOT_EXIT = 0x8000
_UTF8 = 1
_SSML = 0x10
_LANGUAGE = re.compile(r'<voice xml:lang="([A-Za-z0-9-]+)">')
_MAN, _WOMAN = "+m3", "+f3"
"""Variants that change the pitch and formants of any language's voice."""

_Samples = c.CFUNCTYPE(c.c_int, c.POINTER(c.c_short), c.c_int, c.c_void_p)
_Uri = c.CFUNCTYPE(c.c_int, c.c_int, c.c_char_p, c.c_char_p)


class _VoiceEntry(c.Structure):
    """`espeak_VOICE` of speak_lib.h."""

    _fields_ = (
        ("name", c.c_char_p),
        ("languages", c.c_void_p),
        ("identifier", c.c_char_p),
        ("rest", c.c_ubyte * 4),
        ("score", c.c_int),
        ("spare", c.c_void_p),
    )


class Engine:
    """The library, which has one state for the whole process."""

    def __init__(self, fallback: str) -> None:
        self._library: Any = c.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path().encode()
        self._rate = int(self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, _DO_NOT_EXIT))
        if self._rate <= 0:
            raise RuntimeError("espeak-ng cannot be initialised")
        self._fallback = fallback
        self._library.espeak_ListVoices.restype = c.POINTER(c.POINTER(_VoiceEntry))
        self._voices = self._by_language()
        self._pcm = bytearray()
        self._callbacks = (_Samples(self._take), _Uri(_ignore))  # must live as long as the library
        self._library.espeak_SetSynthCallback(self._callbacks[0])
        self._library.espeak_SetUriCallback(self._callbacks[1])

    def say(self, utterance: Utterance, into: str) -> str:
        """Write a WAV; a sentence when that is not possible, else nothing."""
        voice = best(utterance.language, self._voices, self._fallback)
        variant = _MAN if is_man(utterance.voice) else _WOMAN
        if self._library.espeak_SetVoiceByName((voice + variant).encode()):
            return f"the speech engine has no voice for {utterance.language}"
        text = utterance.text.replace("\0", " ")
        if utterance.ssml:
            text = _LANGUAGE.sub(lambda found: self._other(found[1]), text)
        if utterance.ssml and not text.lstrip().startswith("<speak"):
            text = f"<speak>{text}</speak>"
        data = text.encode()
        self._pcm.clear()
        flags = _UTF8 | (_SSML if utterance.ssml else 0)
        size = c.c_size_t(len(data) + 1)
        if self._library.espeak_Synth(data, size, 0, 0, 0, flags, None, None):
            return "the speech engine cannot say this text"
        if len(self._pcm) > self._most:
            return f"the speech is longer than {LONGEST_S} s"
        with wave.open(into, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(self._rate)
            file.writeframes(self._pcm)
        return ""

    def _other(self, language: str) -> str:
        """Words in another language; one that is not known is spoken like the rest."""
        tag = nearest(language, self._voices)
        return f'<voice xml:lang="{tag}">' if tag else "<voice>"

    @property
    def _most(self) -> int:
        return LONGEST_S * self._rate * 2

    def _take(self, samples: c._Pointer[c.c_short], count: int, _events: int | None) -> int:
        """Called by the library; 1 stops it."""
        if samples and count > 0:
            self._pcm += c.string_at(samples, 2 * count)
        return int(len(self._pcm) > self._most)

    def _by_language(self) -> dict[str, str]:
        """The best voice (lowest priority number) of every language tag."""
        found: dict[str, tuple[int, str]] = {}
        listed = self._library.espeak_ListVoices(None)
        index = 0
        while listed[index]:
            entry = listed[index].contents
            identifier = entry.identifier.decode()
            for priority, language in _languages(entry.languages):
                found[language] = min(found.get(language, (99, "")), (priority, identifier))
            index += 1
        return {language: identifier for language, (_, identifier) in found.items()}


def _languages(address: int) -> Iterator[tuple[int, str]]:
    """Pairs of a priority byte and a text that ends with a zero; a zero priority ends the list."""
    while priority := c.string_at(address, 1)[0]:
        text = c.string_at(address + 1)
        yield priority, text.decode()
        address += 2 + len(text)


def _ignore(_kind: int, _uri: bytes, _base: bytes) -> int:
    """Sounds that SSML names are not played: without this the library crashes over them."""
    return 1


def main() -> None:
    """Until standard input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever the library prints is no answer
    engine = Engine(sys.argv[1])
    for line in sys.stdin.buffer:
        order = msgspec.json.decode(line, type=Order)
        try:
            error = engine.say(order.utterance, order.into)
        except OSError as failure:
            error = f"the speech cannot be written: {failure.strerror or failure}"
        answers.write(msgspec.json.encode(Answer(error)) + b"\n")
        answers.flush()


if __name__ == "__main__":
    main()
