"""Intents: what shall happen, in the imperative. Output of the machine.

`Pbx` intents go to Asterisk. Those that can be found again by their id and undone go out with
the commit (`early`); all others wait for it, because a third party sees them (commit and act).
"""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

from recordbridge.instant import Instant
from recordbridge.plivo.retry import Target


class Intent(msgspec.Struct, frozen=True, tag=True):
    """Root of all intents."""

    early: ClassVar[bool] = False


class Pbx(Intent, frozen=True):
    """Something Asterisk shall do. `channel_id` is the call's channel."""

    early: ClassVar[bool] = True
    channel_id: str


class Answer(Pbx, frozen=True):
    pass


class HangUp(Pbx, frozen=True):
    """`reason`: `normal`, `rejected`, `busy`, `congestion`."""

    reason: str = "normal"


class Follow(Pbx, frozen=True):
    """Hear of a channel that is not in our application: its answer, its keys, its end.

    `target` is that channel, empty = the call's own; the end of another is told as `PeerGone`.
    """

    target: str = ""


class SetVariable(Pbx, frozen=True):
    """Of the call's channel; the dialplan can read it."""

    name: str
    value: str


class SendBack(Pbx, frozen=True):
    """The call leaves our application and goes on in the dialplan behind `Stasis`."""


class BeginSnoop(Pbx, frozen=True):
    """Listen to the channel: `in` = what that party says, `out` = what it hears, `both`."""

    snoop_id: str
    direction: Literal["in", "out", "both"]


class EndSnoop(Pbx, frozen=True):
    snoop_id: str


class WatchTalking(Pbx, frozen=True):
    """TALK_DETECT on the snoop, before it is recorded: `threshold` mean amplitude."""

    snoop_id: str
    threshold: int
    silence_ms: int = 500


class BeginCapture(Pbx, frozen=True):
    """Record the snoop under `name`; limits are Asterisk's own back-up, seconds, 0 = none."""

    snoop_id: str
    name: str
    max_silence_s: int = 0
    max_duration_s: int = 0


class EndCapture(Pbx, frozen=True):
    """N-1: waits for the commit of its reason, unless the file will have `told` it as well."""

    early: ClassVar[bool] = False
    name: str
    told: bool = False


class BeginPlayback(Pbx, frozen=True):
    """Not repeatable: marked before it is sent. `media` is `sound:NAME` or a list of them.

    `target` is the channel that hears it: the call's own, or a leg; empty = the call's.
    """

    early: ClassVar[bool] = False
    playback_id: str
    media: str
    target: str = ""


class EndPlayback(Pbx, frozen=True):
    playback_id: str


class FindPlayback(Pbx, frozen=True):
    """Does it still play? Silence means yes; that it is gone is told as a refusal (`gone`)."""

    playback_id: str


class Ring(Pbx, frozen=True):
    """The caller hears ringing (180 when unanswered, else a tone); `on` False ends it."""

    on: bool = True


class Progress(Pbx, frozen=True):
    """Early media: the unanswered caller is about to hear something (183)."""


class SendKeys(Pbx, frozen=True):
    """Press keys on the channel `target` (the call's own or a leg). Not repeatable.

    `digits` may hold `w` (0.5 s) and `W` (1 s); `KeysSent` tells the end.
    """

    early: ClassVar[bool] = False
    keys_id: str
    target: str
    digits: str


class SendTones(Pbx, frozen=True):
    """Let the members of a bridge hear keys, as in SendKeys. Not repeatable; `EndPlayback` ends it.

    For a leg that has not been answered: Asterisk presses no keys on it.
    """

    early: ClassVar[bool] = False
    tones_id: str
    bridge_id: str
    digits: str


class BeginLeg(Pbx, frozen=True):
    """Dial `endpoint`; the channel gets `leg_id` and enters our application when answered.

    Not repeatable: looked up after a restart, never dialled again. Told by `LegRinging`,
    `LegAnswered`, `LegEnded`.
    """

    early: ClassVar[bool] = False
    leg_id: str
    endpoint: str
    caller_id: str
    caller_name: str
    timeout_s: int
    headers: dict[str, str] = {}
    """SIP headers to add: `X-PH-...`."""


class EndLeg(Pbx, frozen=True):
    """Hang the leg up; `reason` as in HangUp, or `elsewhere` (another leg was answered)."""

    leg_id: str
    reason: str = "normal"


class MakeBridge(Pbx, frozen=True):
    """A mixing bridge that lets us hear keys."""

    bridge_id: str


class JoinBridge(Pbx, frozen=True):
    """Put channels (by id, in one request) into the bridge."""

    bridge_id: str
    members: tuple[str, ...]


class LeaveBridge(Pbx, frozen=True):
    """Take a channel out of the bridge: done when what is asked next is carried out.

    `member` is a leg; empty = the call's channel.
    """

    bridge_id: str
    member: str = ""


class EndBridge(Pbx, frozen=True):
    """Delete the bridge; its members stay in our application."""

    bridge_id: str


class FetchMedia(Intent, frozen=True):
    """Make the audio at an http(s) URL playable; told by `MediaReady` or `MediaFailed`."""

    early: ClassVar[bool] = True
    media_id: str
    url: str


class Synthesise(Intent, frozen=True):
    """Make a spoken text playable; told like `FetchMedia`."""

    early: ClassVar[bool] = True
    media_id: str
    text: str
    voice: str
    language: str
    ssml: bool = False


class Collect(Intent, frozen=True):
    """Take Asterisk's file, cut and trim it, encode, store, tell (M-1). Repeatable.

    Of each file skip its `lead_ms` (they are then of one moment, S-7), then keep from
    `keep_from_ms` for at most `keep_ms` (None = to the end); then, when `trim_silence`, of a
    silent tail keep 200 ms. What lies in `silences` is silent, and is there even if no file
    reaches so far.
    """

    early: ClassVar[bool] = True
    recording_id: str
    names: tuple[str, ...]
    """Asterisk's recordings: one for mono, left and right for stereo, and of these an empty one
    for a side that could not be recorded. None at all: a file without a sample. After a pause
    (E-5), and with another channel (S-1), there are as many again."""
    file_format: Literal["mp3", "wav"]
    channels: int = 1
    lead_ms: tuple[int, ...] = ()
    """One per name: how much earlier that file began than the last of the first ones to begin;
    negative for a file that was begun after a pause. Empty = none."""
    keep_from_ms: int = 0
    keep_ms: int | None = None
    trim_silence: bool = False
    threshold: int = 128
    silences: tuple[tuple[int, int], ...] = ()
    """E-5: pauses, from and to, in milliseconds from where the first files are of one moment."""
    inspect: bool = False
    """Tell how the file ends: nobody heard why it did."""


class Discard(Intent, frozen=True):
    """The file is stored and that is committed: delete Asterisk's copies (M-1)."""

    recording_id: str
    names: tuple[str, ...]


class Transcribe(Intent, frozen=True):
    """Turn the finished recording into text: a row that stands until that is done (T-1).

    `at` is when it was asked for. The result goes out as `machine.transcription` says.
    """

    recording_id: str
    at: Instant


class Request(Intent, frozen=True):
    """One HTTP request: a row of the outbox, committed before it is sent (H-3).

    `parameters` are in wire order; a value `recording:NAME` stands for the URL of that file, made
    when the request is sent. `wants_document`: the reply is the next document, told by
    `DocumentArrived` or `DocumentFailed`; else `RequestSettled`. `durable`: goes on by the
    schedule of H-4 after the fragment's own attempts. `after`: not sent before that request has
    been answered or used up its fragment (Q-4).
    """

    request_id: str
    kind: Literal[
        "answer",
        "fallback",
        "redirect",
        "transfer",
        "action",
        "callback",
        "hangup",
        "dial",
        "confirm",
        "music",
        "transcription",
    ]
    target: Target
    parameters: dict[str, str]
    wants_document: bool = False
    """For `confirm` and `music` the document is one of prompts (`PromptsArrived`)."""
    durable: bool = True
    recording_id: str | None = None
    after: str | None = None


class LoadFlow(Intent, frozen=True):
    """The application's local XML file is the document; told like a Request's."""

    early: ClassVar[bool] = True
    request_id: str


class Recognise(Intent, frozen=True):
    """E-1: keep by what a repeat of the request that began the recording is recognised."""

    key: str
    digest: str
    recording_id: str
    api_id: str


Refusal = Literal["", "gone", "idle", "conflict", "full"]
"""Why what was asked for is not done: the call is over, there is nothing of the kind, not there,
no room on a disk (N-4: the recording is there, failed).
"""


class Reply(Intent, frozen=True):
    """The answer to a request of somebody's (REST): told when the step is committed."""

    asked_id: str
    recording_ids: tuple[str, ...] = ()
    refusal: Refusal = ""


class Agi(Intent, frozen=True):
    """Something for the dialplan's FastAGI connection of that id; for one that is gone, nothing."""

    agi_id: str


class AgiAnswer(Agi, frozen=True):
    """The dialplan answers the call: ARI may not, outside of our application."""

    early: ClassVar[bool] = True


class AgiPlay(Agi, frozen=True):
    """The caller hears it; told by `PlaybackEnded`. Connections outlive no restart: no repeat."""

    early: ClassVar[bool] = True
    playback_id: str
    media: str


class AgiResult(Agi, frozen=True):
    """G-2: what became of it, told when that is committed; the dialplan goes on."""

    status: Literal["DONE", "STARTED", "FAILED"]
    recording_id: str = ""
    account: str = ""
    file: str = ""
    """Its name, of which the URL is made; empty when there is none."""
    duration_ms: int = -1
    reason: str = ""
    digits: str = ""
    error: str = ""


class MakeDurable(Intent, frozen=True):
    """The caller is gone: this request's reply is ignored now, deliver it by schedule (H-3)."""

    request_id: str


class Abandon(Intent, frozen=True):
    """Nobody waits for this document request any more."""

    request_id: str


class Note(Intent, frozen=True):
    """An event for the log and the call's timeline."""

    early: ClassVar[bool] = True
    event: str
    level: Literal["debug", "info", "warning", "error"] = "info"
    fields: dict[str, str | int] = {}


class Release(Intent, frozen=True):
    """Everything about the call is settled; nothing more will come of it."""
