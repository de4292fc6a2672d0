"""The five voicemails: who calls, what the application answers, and how each has to end."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

from tests.receiver import Receiver, Reply

THANKS = "<Response><Play>sound:auth-thankyou</Play></Response>"


@dataclass(frozen=True)
class Voicemail:
    """One call. `record` are attributes of Record, `caller` what the caller's script is told."""

    name: str
    title: str
    number: str
    script: str
    talk_s: float
    reason: str
    record: dict[str, str] = field(default_factory=dict)
    digits: str | None = None

    @property
    def redirects(self) -> bool:
        """Whether the reply to `action` is the next document."""
        return self.record.get("redirect") != "false"

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
        return f"<Response><Record{attributes}/></Response>"

    def command(self) -> list[str]:
        """How the call is placed."""
        return ["asterisk/rig", "call", self.number, "--as", self.script,
                "--set", f"RIG_TALK_S={self.talk_s:g}", "--set", "RIG_HOLD_S=20"]  # fmt: skip


VOICEMAILS = (
    Voicemail("key", "the caller presses #", "101", "dtmf", 3, "finishOnKey", digits="#"),
    Voicemail(
        "silence", "the caller falls silent", "102", "talk-then-silence", 3, "silence",
        {"timeout": "2", "fileFormat": "wav", "redirect": "false"},
    ),
    Voicemail(
        "no-rtp", "the caller's phone stops sending (mute)", "103", "talk-then-mute", 3, "silence",
        {"timeout": "2", "redirect": "false", "callbackMethod": "GET"},
    ),
    Voicemail(
        "max-length", "the caller talks on and on", "104", "talk", 8, "maxLength",
        {"maxLength": "4", "fileFormat": "wav"},
    ),
    Voicemail(
        "hangup", "the caller hangs up", "105", "hangup-midway", 3, "hangup",
        {"playBeep": "false", "redirect": "false", "method": "GET"},
    ),
)  # fmt: skip
"""The key voicemail says nothing but where to report: every other attribute is at its default."""


def teach(app: Receiver) -> None:
    """Give the application its documents."""
    for each in VOICEMAILS:
        app.script(each.path("answer"), Reply(body=each.document(app)))
        if each.redirects:
            app.script(each.path("action"), Reply(body=THANKS))


def of_path(path: str) -> tuple[Voicemail, str] | None:
    """The voicemail and what was asked, from the path of a request."""
    name, _, what = path.strip("/").partition("/")
    return next(((each, what) for each in VOICEMAILS if each.name == name), None)
