"""The calls: who calls, what the application answers, and how each recording has to end.

Five voicemails, and two recordings in the background: a session and a Dial.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

from tests.receiver import Receiver, Reply

THANKS = "<Response><Play>sound:auth-thankyou</Play></Response>"


@dataclass(frozen=True)
class Scene:
    """One call. `record` are attributes of Record, `then` the elements after it; `script` and
    `talk_s` say what the caller does.
    """

    name: str
    title: str
    number: str
    script: str
    talk_s: float
    reason: str
    record: dict[str, str] = field(default_factory=dict)
    digits: str | None = None
    then: str = ""

    @property
    def redirects(self) -> bool:
        """Whether the reply to `action` is the next document."""
        return self.record.get("redirect") != "false"

    @property
    def background(self) -> bool:
        """Whether the flow goes on while it records; such a file has two channels."""
        return bool({"recordSession", "startOnDialAnswer"} & self.record.keys())

    @property
    def channels(self) -> int:
        return 2 if self.background else 1

    @property
    def elements(self) -> str:
        """The names of what the document consists of, for people."""
        return ", ".join(f"<{name}>" for name in re.findall(r"<(\w+)", f"<Record/>{self.then}"))

    @property
    def file_format(self) -> str:
        return self.record.get("fileFormat", "mp3")

    def path(self, what: str) -> str:
        """The application's path for `answer`, `action` or `callback`."""
        return f"/{self.name}/{what}"

    def document(self, app: Receiver) -> str:
        """What the application answers when the call comes in."""
        urls = {
            "action": app.url(self.path("action")),
            "callbackUrl": app.url(self.path("callback")),
        }
        attributes = "".join(f" {k}={quoteattr(v)}" for k, v in (urls | self.record).items())
        return f"<Response><Record{attributes}/>{self.then}</Response>"

    def command(self) -> list[str]:
        """How the call is placed."""
        return ["asterisk/rig", "call", self.number, "--as", self.script,
                "--set", f"RIG_TALK_S={self.talk_s:g}", "--set", "RIG_HOLD_S=20"]  # fmt: skip


VOICEMAILS = (
    Scene("key", "the caller presses #", "101", "dtmf", 3, "finishOnKey", digits="#"),
    Scene(
        "silence", "the caller falls silent", "102", "talk-then-silence", 3, "silence",
        {"timeout": "2", "fileFormat": "wav", "redirect": "false"},
    ),
    Scene(
        "no-rtp", "the caller's phone stops sending (mute)", "103", "talk-then-mute", 3, "silence",
        {"timeout": "2", "redirect": "false", "callbackMethod": "GET"},
    ),
    Scene(
        "max-length", "the caller talks on and on", "104", "talk", 8, "maxLength",
        {"maxLength": "4", "fileFormat": "wav"},
    ),
    Scene(
        "hangup", "the caller hangs up", "105", "hangup-midway", 3, "hangup",
        {"playBeep": "false", "redirect": "false", "method": "GET"},
    ),
)  # fmt: skip
"""The key voicemail says nothing but where to report: every other attribute is at its default."""
BACKGROUND = (
    Scene(
        "session", "the whole call, in the background", "106", "talk", 3, "hangup",
        {"recordSession": "true", "fileFormat": "wav", "redirect": "false"},
        then='<Play loop="2">sound:auth-thankyou</Play><Wait length="2"/>',
    ),
    Scene(
        "dial", "a conversation, from the callee's answer on", "107", "talk", 5, "dialEnded",
        {"startOnDialAnswer": "true", "fileFormat": "wav", "redirect": "false"},
        then='<Dial timeLimit="5"><Number>15551230001</Number></Dial>',
    ),
)  # fmt: skip
"""The far sides: what the service plays; a phone at the carrier that answers and talks."""
SCENES = (*VOICEMAILS, *BACKGROUND)


def teach(app: Receiver) -> None:
    """Give the application its documents."""
    for each in SCENES:
        app.script(each.path("answer"), Reply(body=each.document(app)))
        if each.redirects and not each.background:
            app.script(each.path("action"), Reply(body=THANKS))


def of_path(path: str) -> tuple[Scene, str] | None:
    """The call and what was asked, from the path of a request."""
    name, _, what = path.strip("/").partition("/")
    return next(((each, what) for each in SCENES if each.name == name), None)
