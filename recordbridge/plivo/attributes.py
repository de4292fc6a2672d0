"""The attributes and bodies of the elements: one row each, from wire name to field and check.

What an element may contain stands in `shapes`. A new attribute is a new row here (A-1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from recordbridge.plivo import checks, dialled
from recordbridge.plivo.checks import Check, Value, flag, one_of, target, whole

MOST_LOOPS = 1000
MOST_DIGITS = 99


class Attribute(NamedTuple):
    """A row: the struct's `field` and the check.

    Without a field the attribute is checked and then not acted upon, which is worth a warning
    when its value differs from `idle`. The value of a `secret` one is never shown.
    """

    field: str | None
    check: Check
    idle: Value = None
    secret: bool = False


_METHOD = one_of("GET", "POST")
_LOOP = Attribute("loop", whole(0, most=MOST_LOOPS))

RECORD: Mapping[str, Attribute] = {
    "action": Attribute("action", target),
    "method": Attribute("method", _METHOD),
    "fileFormat": Attribute("file_format", one_of("mp3", "wav")),
    "redirect": Attribute("redirect", flag),
    "timeout": Attribute("timeout_s", whole(1, "seconds")),
    "maxLength": Attribute("max_length_s", whole(2, "seconds")),
    "playBeep": Attribute("play_beep", flag),
    "finishOnKey": Attribute("finish_on_key", checks.keys),
    "recordSession": Attribute("record_session", flag),
    "startOnDialAnswer": Attribute("start_on_dial_answer", flag),
    "recordChannelType": Attribute("stereo", checks.stereo),
    "transcriptionType": Attribute("transcribe", checks.transcription),
    "transcriptionUrl": Attribute("transcription", target),
    "transcriptionMethod": Attribute("transcription_method", _METHOD),
    "transcriptionReportType": Attribute("transcription_report", one_of("compact", "full")),
    "callbackUrl": Attribute("callback", target),
    "callbackMethod": Attribute("callback_method", _METHOD),
}
PLAY: Mapping[str, Attribute] = {"loop": _LOOP}
PLAY_BODY = Attribute("source", checks.sound)
SPEAK: Mapping[str, Attribute] = {
    "voice": Attribute("voice", checks.voice),
    "language": Attribute("language", checks.language),
    "loop": _LOOP,
}
SPEAK_BODY = Attribute("text", checks.speech)
WAIT: Mapping[str, Attribute] = {
    "length": Attribute("length_s", whole(1, "seconds")),
    "silence": Attribute("silence", flag),
    "minSilence": Attribute("min_silence_ms", whole(1, "milliseconds")),
    "beep": Attribute(None, checks.tone, idle=False),
}
HANGUP: Mapping[str, Attribute] = {
    "reason": Attribute("reason", one_of("rejected", "busy")),
    "schedule": Attribute("schedule_s", whole(0, "seconds")),
}
REDIRECT: Mapping[str, Attribute] = {"method": Attribute("method", _METHOD)}
REDIRECT_BODY = Attribute("target", checks.needed_target)
DTMF: Mapping[str, Attribute] = {"async": Attribute("wait", checks.opposite)}
DTMF_BODY = Attribute("digits", checks.digits)
GET_DIGITS: Mapping[str, Attribute] = {
    "action": Attribute("action", target),
    "method": Attribute("method", _METHOD),
    "redirect": Attribute("redirect", flag),
    "timeout": Attribute("timeout_s", whole(1, "seconds")),
    "digitTimeout": Attribute("digit_timeout_s", whole(1, "seconds")),
    "finishOnKey": Attribute("finish_on_key", checks.one_key),
    "numDigits": Attribute("num_digits", whole(1, most=MOST_DIGITS)),
    "retries": Attribute("retries", whole(1)),
    "playBeep": Attribute("play_beep", flag),
    "validDigits": Attribute("valid_digits", checks.some_keys),
    "invalidDigitsSound": Attribute("invalid_sound", checks.sound_or_none),
    "log": Attribute("log", flag),
}
PRE_ANSWER: Mapping[str, Attribute] = {}
DIAL: Mapping[str, Attribute] = {
    "action": Attribute("action", target),
    "method": Attribute("method", _METHOD),
    "redirect": Attribute("redirect", flag),
    "timeout": Attribute("timeout_s", whole(1, "seconds")),
    "timeLimit": Attribute("time_limit_s", whole(1, "seconds")),
    "callerId": Attribute("caller_id", dialled.caller_id),
    "callerName": Attribute("caller_name", checks.name_or_none),
    "hangupOnStar": Attribute("hangup_on_star", flag),
    "confirmSound": Attribute("confirm_sound", target),
    "confirmKey": Attribute("confirm_key", checks.one_key),
    "confirmTimeout": Attribute("confirm_timeout_s", whole(1, "seconds")),
    "dialMusic": Attribute("dial_music", checks.music),
    "callbackUrl": Attribute("callback", target),
    "callbackMethod": Attribute("callback_method", _METHOD),
    "digitsMatch": Attribute("digits_match", checks.patterns),
    "digitsMatchBLeg": Attribute("digits_match_b", checks.patterns),
    "sipHeaders": Attribute("sip_headers", dialled.sip_headers),
    "callType": Attribute(None, one_of("voice"), idle="voice"),
}
NUMBER: Mapping[str, Attribute] = {
    "sendDigits": Attribute("send_digits", checks.digits_or_none),
    "sendOnPreanswer": Attribute("send_on_preanswer", flag),
    "sendDigitsMode": Attribute(None, checks.ignored, idle=""),
    "sipHeaders": Attribute("sip_headers", dialled.sip_headers),
}
NUMBER_BODY = Attribute("address", dialled.number)
USER: Mapping[str, Attribute] = {
    **NUMBER,
    "sipAuthUsername": Attribute(None, checks.ignored, idle=""),
    "sipAuthPassword": Attribute(None, checks.ignored, idle="", secret=True),
}
USER_BODY = Attribute("address", dialled.user)

METHODS: Mapping[str, str] = {
    "method": "action",
    "transcription_method": "transcription",
    "callback_method": "callback",
}
"""Fields that hold the method of another field's target."""
