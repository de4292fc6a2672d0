"""The calls of `make soak`: for each way to record, what the flow is and what the caller does.

A scene is one number. Its flow is fixed, so what has to come of a call is known beforehand:
how many recordings, each with one action and one callback; only where the caller hangs up at
a random moment there may be fewer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.receiver import Receiver, Reply
from tests.service.sounds import wav

MODES = ("plain", "session stereo", "session mono", "startOnDialAnswer", "both flags")
TALKS, LATE, BUSY, NEVER, HANGS_UP = "01", "06", "07", "08", "05"
"""The last digits of callees of the carrier: what they do (asterisk/README.md)."""


@dataclass(frozen=True)
class Scene:
    """What calls of a number do. `cut_s`: the caller hangs up somewhere in this time."""

    mode: str
    number: str
    name: str
    flow: str
    records: int
    script: str
    variables: Mapping[str, str] = field(default_factory=dict)
    cut_s: float = 0.0

    @property
    def taps(self) -> int:
        """The most snoops that such a call may have at once."""
        return self.flow.count("<Record ") + self.flow.count("Session='true'") + 1


class Writing:
    """Writes the scenes of one receiver, with ascending numbers."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self.scenes: list[Scene] = []
        receiver.script("/sound.wav", Reply(body=wav(1.5), content_type="audio/wav"))
        receiver.script("/next", Reply(body=f"<Response>{self.play()}<Hangup/></Response>"))
        receiver.script("/joined", Reply(body=f"<Response>{self.dial(TALKS)}</Response>"))

    def play(self) -> str:
        return f"<Play>{self._receiver.url('/sound.wav')}</Play>"

    def redirect(self, path: str) -> str:
        return f"<Redirect>{self._receiver.url(path)}</Redirect>"

    def keys(self) -> str:
        action = self._receiver.url("/keys")
        return (
            f"<GetDigits action='{action}' redirect='false' numDigits='2' timeout='5'>"
            "<Speak>Two keys.</Speak></GetDigits>"
        )

    def dial(self, callee: str, limit: int = 5) -> str:
        """Ring that callee: briefly if it never answers, else longer than a busy machine needs."""
        ring_s = 4 if callee == NEVER else 20
        action = self._receiver.url("/dialled")
        return (
            f"<Dial action='{action}' redirect='false' timeout='{ring_s}' timeLimit='{limit}'>"
            f"<Number>155512300{callee}</Number></Dial>"
        )

    def record(self, attributes: str, action: str = "/action", redirect: str = "false") -> str:
        callback = self._receiver.url("/callback")
        return (
            f"<Record action='{self._receiver.url(action)}' redirect='{redirect}'"
            f" callbackUrl='{callback}' {attributes}/>"
        )

    def add(
        self, mode: str, name: str, flow: str, records: int, cut_s: float = 0.0, **caller: str
    ) -> None:
        """The caller follows `script` (it talks unless told otherwise); the rest are variables."""
        script = caller.pop("script", "talk")
        number = f"9{len(self.scenes):03d}"
        self.scenes.append(
            Scene(
                mode, number, name, f"<Response>{flow}</Response>", records, script, caller, cut_s
            )
        )


def scenes(receiver: Receiver) -> list[Scene]:
    """All of them, ten or so for each mode."""
    writing = Writing(receiver)
    _plain(writing)
    for kind in ("stereo", "mono"):
        _session(writing, kind)
    for mode, flags in _DIALLED.items():
        _dialled(writing, mode, flags)
    return writing.scenes


def _plain(w: Writing) -> None:
    short = w.record("maxLength='3' playBeep='false' fileFormat='wav'")

    def add(name: str, flow: str, records: int = 1, cut_s: float = 0.0, **caller: str) -> None:
        w.add("plain", name, flow, records, cut_s, **{"RIG_TALK_S": "10"} | caller)

    add(
        "key",
        "<Speak>Hello.</Speak>" + w.record("maxLength='20' fileFormat='wav'"),
        script="dtmf",
        RIG_TALK_S="5",
    )
    add("silence", w.play() + w.record("timeout='2' fileFormat='mp3'"), RIG_TALK_S="4")
    add("no sound", w.record("timeout='2'"), script="talk-then-mute", RIG_TALK_S="2")
    add("maxLength, twice", short + w.play() + short, 2)
    add("GetDigits", w.keys() + short, script="dtmf", RIG_TALK_S="5", RIG_KEY="12")
    add("next document", w.record("maxLength='3'", "/next", "true"))
    add("after a Dial", w.dial(HANGS_UP) + short)
    add("after busy", w.dial(BUSY) + w.record("maxLength='3' playBeep='true'"))
    add("caller hangs up", w.record("maxLength='20'"), script="hangup-midway", RIG_TALK_S="3")
    cut = w.play() + w.record("maxLength='20'") + w.play()
    add("any moment", cut, cut_s=7)
    add("any moment, wav", cut.replace("maxLength", "fileFormat='wav' maxLength"), cut_s=3)


def _session(w: Writing, kind: str) -> None:
    about = f"recordSession='true' recordChannelType='{kind}' maxLength='60'"
    record = w.record(f"{about} fileFormat='wav'")
    record_mp3 = w.record(about)

    def add(name: str, flow: str, records: int = 1, cut_s: float = 0.0, **caller: str) -> None:
        w.add(f"session {kind}", name, flow, records, cut_s, **{"RIG_TALK_S": "10"} | caller)

    add("prompts", record + "<Speak>Hello.</Speak>" + w.play() + "<Wait length='3'/>")
    add("Dial", record_mp3 + w.dial(TALKS))
    add("busy", record + w.dial(BUSY) + "<Speak>Nobody is there.</Speak>")
    add("never answers", record + w.dial(NEVER))
    add("answers late", record_mp3 + w.dial(LATE))
    add("callee hangs up", record + w.dial(HANGS_UP) + w.play())
    add("GetDigits", record + w.keys(), script="dtmf", RIG_TALK_S="3", RIG_KEY="34")
    ends = record.replace("maxLength='60'", "maxLength='3'")
    add("maxLength", ends + "<Wait length='6'/>")
    inner = w.record("maxLength='3' fileFormat='wav'")
    add("a plain one in it", record + inner + w.dial(HANGS_UP), 2)
    add("next document", w.record(about, "/joined", "true") + "<Wait length='20'/>")
    add("any moment", record + w.play() + w.dial(TALKS, 8), cut_s=9)
    add("any moment, early", record_mp3 + w.dial(LATE), cut_s=4)


_DIALLED = {
    "startOnDialAnswer": "startOnDialAnswer='true'",
    "both flags": "startOnDialAnswer='true' recordSession='true'",
}


def _dialled(w: Writing, mode: str, flags: str) -> None:
    record = w.record(f"{flags} maxLength='60' fileFormat='wav'")
    record_mp3 = w.record(f"{flags} maxLength='60' recordChannelType='mono'")

    def add(name: str, flow: str, records: int = 1, cut_s: float = 0.0, **caller: str) -> None:
        w.add(mode, name, flow, records, cut_s, **{"RIG_TALK_S": "10"} | caller)

    add("talk", record + w.dial(TALKS) + "<Wait length='2'/>")
    add("busy", record + w.dial(BUSY) + w.play(), 0)
    add("never answers", record + w.dial(NEVER), 0)
    add("answers late", record_mp3 + w.dial(LATE))
    add("callee hangs up", record + w.dial(HANGS_UP) + w.play())
    add("in a later document", record_mp3 + w.redirect("/joined"))
    add("after prompts", "<Speak>Hello.</Speak>" + record + w.play() + w.dial(TALKS, 3))
    ends = record.replace("maxLength='60'", "maxLength='2'")
    add("maxLength", ends + w.dial(TALKS) + "<Wait length='2'/>")
    add("caller hangs up", record + w.dial(TALKS, 20), script="hangup-midway", RIG_TALK_S="4")
    add("any moment", record + w.dial(TALKS, 8), cut_s=5)
    add("any moment, late", record_mp3 + w.dial(LATE, 5), cut_s=7)
