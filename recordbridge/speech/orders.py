"""What the service and the process of a speech engine tell each other: a line of JSON each."""

from __future__ import annotations

import msgspec

from recordbridge.ports.sounds import Utterance


class Order(msgspec.Struct, frozen=True):
    """Say it, and write a WAV to the path `into`."""

    utterance: Utterance
    into: str


class Answer(msgspec.Struct, frozen=True):
    """`error` is empty when the WAV is written, else a sentence."""

    error: str = ""
