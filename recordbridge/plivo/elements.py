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


class Speak(msgspec.Struct, frozen=True, tag="Speak"):
    """`<Speak>`: `text` is plain or SSML (then `ssml`); `loop` 0 = for ever."""

    text: str
    voice: str = "WOMAN"
    language: str = "en-US"
    loop: int = 1
    ssml: bool = False
    line: int = 1
    column: int = 1


class Wait(msgspec.Struct, frozen=True, tag="Wait"):
    """`<Wait>`: pause of `length_s` seconds; with `silence` it ends early after so much quiet."""

    length_s: int = 1
    silence: bool = False
    min_silence_ms: int = 2000
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


class Dtmf(msgspec.Struct, frozen=True, tag="DTMF"):
    """`<DTMF>`: keys to send (`w` = half a second, `W` = a second); `wait` = not async."""

    digits: str
    wait: bool = False
    line: int = 1
    column: int = 1


Prompt = Play | Speak | Wait
"""What may be heard while digits are awaited, before an answer, or instead of ringing."""


class GetDigits(msgspec.Struct, frozen=True, tag="GetDigits"):
    """`<GetDigits>`: `finish_on_key` empty = none; `invalid_sound` a source as in Play."""

    prompts: tuple[Prompt, ...] = ()
    action: Target | None = None
    redirect: bool = True
    timeout_s: int = 5
    digit_timeout_s: int = 2
    finish_on_key: str = "#"
    num_digits: int = 99
    retries: int = 1
    play_beep: bool = False
    valid_digits: str = "1234567890*#"
    invalid_sound: str = ""
    log: bool = True
    line: int = 1
    column: int = 1


class PreAnswer(msgspec.Struct, frozen=True, tag="PreAnswer"):
    """`<PreAnswer>`: elements that run as early media, before the call is answered."""

    elements: tuple[Play | Speak | Wait | GetDigits | Redirect | Dtmf, ...] = ()
    line: int = 1
    column: int = 1


class Callee(msgspec.Struct, frozen=True):
    """`<Number>` or `<User>` in a Dial: `address` is the number, or the user part / SIP URI.

    `send_digits` are pressed when it answers (`w` = half a second), or with `send_on_preanswer`
    as soon as it can be heard; `sip_headers` include those of the Dial and are named `X-PH-...`.
    """

    address: str
    user: bool = False
    send_digits: str = ""
    send_on_preanswer: bool = False
    sip_headers: dict[str, str] = {}


class Dial(msgspec.Struct, frozen=True, tag="Dial"):
    """`<Dial>` (F-4): all callees ring at once, the first to answer gets the call.

    `caller_id` None = the caller's own; `real_music` = what the callee sends while it rings.
    """

    callees: tuple[Callee, ...]
    action: Target | None = None
    redirect: bool = True
    timeout_s: int = 120
    time_limit_s: int = 14_400
    caller_id: str | None = None
    caller_name: str | None = None
    hangup_on_star: bool = False
    confirm_sound: Target | None = None
    confirm_key: str = ""
    confirm_timeout_s: int = 120
    dial_music: Target | None = None
    real_music: bool = False
    callback: Target | None = None
    digits_match: tuple[str, ...] = ()
    digits_match_b: tuple[str, ...] = ()
    line: int = 1
    column: int = 1


Element = Record | Play | Speak | Wait | Hangup | Redirect | Dtmf | GetDigits | PreAnswer | Dial


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
