"""What espeak-ng says, as it writes it down itself: the sounds of each text, without a recogniser.

The voice's engine in this process, told to trace its phonemes while it speaks.
"""

from __future__ import annotations

import ctypes
import re
from pathlib import Path

from recordbridge.ports.sounds import Utterance
from recordbridge.speech.espeak_process import Engine

_IPA = 2
_UNHEARD = re.compile(r"[\sˈˌ]+")
"""Stress and pauses: where markup may differ from plain words."""


class Phonemes:
    """The engine, once for a process; `folder` is written to."""

    def __init__(self, folder: Path) -> None:
        self._engine = Engine("en-us")
        self._folder = folder
        self._libc = ctypes.CDLL(None)
        self._libc.fopen.restype = ctypes.c_void_p
        self._libc.fclose.argtypes = [ctypes.c_void_p]
        self._trace = self._engine._library.espeak_SetPhonemeTrace
        self._trace.argtypes = [ctypes.c_int, ctypes.c_void_p]

    def of(self, utterance: Utterance) -> str:
        """In the International Phonetic Alphabet, in one piece."""
        traced = self._folder / "phonemes.txt"
        stream = self._libc.fopen(str(traced).encode(), b"w")
        self._trace(_IPA, stream)
        try:
            assert not self._engine.say(utterance, str(self._folder / "said.wav"))
        finally:
            self._trace(0, None)
            self._libc.fclose(stream)
        return _UNHEARD.sub("", traced.read_text())
