"""The elements of a call-flow document as values: what the parser gives and the machine runs.

Each carries the position of its start tag (`line`, `column`, from 1) for logs and errors.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from recordbridge.plivo.retry import Target


class Record(msgspec.Struct, frozen=True, tag="Record"):
    """`<Record>` (A-2 to A-20). `finish_on_key` is the set of ending keys, empty for none."""

    action: Target | None = None
    redirect: bool = True
    file_format: Literal["mp3", "wav"] = "mp3"
    timeout_s: int = 15
    max_length_s: int = 60
    play_beep: bool = True
    finish_on_key: str = "#"
    record_session: bool = False
    start_on_dial_answer: bool = False
    stereo: bool | None = None
    """`recordChannelType`; None = by mode: plain mono, background stereo (A-12)."""
    transcribe: bool = False
    transcription: Target | None = None
    transcription_report: Literal["compact", "full"] = "compact"
    callback: Target | None = None
    line: int = 1
    column: int = 1


class Play(msgspec.Struct, frozen=True, tag="Play"):
    """`<Play>`: `source` is a URL or an Asterisk sound `sound:NAME`; `loop` 0 = for ever."""

    source: str
    loop: int = 1
    line: int = 1
    column: int = 1


class Wait(msgspec.Struct, frozen=True, tag="Wait"):
    """`<Wait>`: pause of `length_s` seconds."""

    length_s: int = 1
    line: int = 1
    column: int = 1


class Hangup(msgspec.Struct, frozen=True, tag="Hangup"):
    """`<Hangup>`: `reason` None = normal, or by position (F-2); `schedule_s` 0 = now."""

    reason: Literal["rejected", "busy"] | None = None
    schedule_s: int = 0
    line: int = 1
    column: int = 1


class Redirect(msgspec.Struct, frozen=True, tag="Redirect"):
    """`<Redirect>`: the next document comes from `target`; nothing after it runs."""

    target: Target
    line: int = 1
    column: int = 1


Element = Record | Play | Wait | Hangup | Redirect


class Document(msgspec.Struct, frozen=True):
    """A checked document; `warnings` are sentences for the log (A-1, A-13, A-21, H-1)."""

    elements: tuple[Element, ...] = ()
    warnings: tuple[str, ...] = ()


class RecordDefaults(msgspec.Struct, frozen=True):
    """A-18: defaults of Record that YAML may change, for all or per application."""

    timeout: int = 15
    max_length: int = 60
    play_beep: bool = True
    finish_on_key: str = "#"
    file_format: Literal["mp3", "wav"] = "mp3"
    stereo: bool | None = None
