"""The state of a call: one small frozen value, encoded as it is into the database.

A call runs one element at a time (`Flow`); recordings live beside it and outlive it, until their
file is stored and their requests are in the outbox. Instants are epoch ms of the service's clock.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from recordbridge.instant import Instant
from recordbridge.machine.progress import Dialing, Gathering, Prompting
from recordbridge.plivo.elements import Document, Element, Record
from recordbridge.plivo.retry import Target

Mode = Literal["plain", "session", "dial", "rest"]
"""How a recording came about: a plain Record; recordSession (or both flags); startOnDialAnswer;
a request to the REST API (E-1)."""
EndReason = Literal[
    "", "finishOnKey", "silence", "maxLength", "hangup", "dialEnded", "stopped", "failed"
]
Phase = Literal["preparing", "starting", "answering", "running", "ending", "collecting", "done"]
"""A recording's life, in this order:

preparing   snoop asked for; the beep, if any, is playing
starting    Asterisk was told to record
answering   it records already, the call is being answered (no audio is lost at the answer)
running     what is said from now on is the recording
ending      an end condition was met; Asterisk has to close the file
collecting  the file is read, cut, stored; requests go out as their conditions are met
done        stored or given up, all requests are in the outbox
"""


LAG_MS = 20
"""How much earlier than Asterisk dates it a sample of its file was spoken: a frame of 20 ms is sent
when it has been spoken whole. Measured on the wire (`make fidelity`): 17 ms when the snoop was
recorded before the caller's first packet, 28 ms when after it, 10 ms now and then."""


NONE = "-"
"""Stands for the id of a request that the document did not ask for."""


def latest_request(*request_ids: str) -> str | None:
    """The first of these that was really asked for."""
    return next((each for each in request_ids if each and each != NONE), None)


class Segment(msgspec.Struct, frozen=True):
    """A further file of a tap, begun after a pause."""

    name: str
    captured_at: Instant | None = None


class Pause(msgspec.Struct, frozen=True):
    """E-5: nothing is recorded; `until` None while it lasts."""

    since: Instant
    until: Instant | None = None


class Tap(msgspec.Struct, frozen=True):
    """One direction of a recording: a snoop that is recorded. Stereo has two, left first."""

    snoop_id: str
    direction: Literal["in", "out", "both"]
    ready: bool = False
    captured_at: Instant | None = None
    """When Asterisk's file began, as Asterisk tells it."""
    closed: bool = False
    lost: bool = False
    """Asterisk did not record it: this side is silent in what could be saved (Q-2)."""
    discarded: bool = False
    """Its file, of no use, was ended and is deleted."""
    later: tuple[Segment, ...] = ()
    """What was recorded after each pause; `closed` is of the last of all."""


class Recording(msgspec.Struct, frozen=True):
    """One recording. `number` counts within the call; ids derive from it."""

    recording_id: str
    number: int
    element: Record
    taps: tuple[Tap, ...]
    added_at: Instant
    mode: Mode = "plain"
    phase: Phase = "preparing"
    deadline: Instant | None = None
    beep_id: str = ""
    """The playback we still wait for; empty when there is none."""
    watch: bool = False
    """Silence is judged by TALK_DETECT and our own timer, not by Asterisk's recorder."""
    speaking: bool = False
    """What TALK_DETECT said last; it begins with "speaking", whatever it hears."""
    quiet_since: Instant | None = None
    start_at: Instant | None = None
    """When the first sample that counts was spoken: at the answer, or after the beep."""
    stopped_at: Instant | None = None
    closed: bool = False
    """Asterisk ended the capture by itself; why will be known in a moment."""
    reason: EndReason = ""
    key: str = ""
    keep_ms: int | None = None
    error: str = ""
    delayed: str = ""
    """Where there was no room for its file when it was last tried; it is tried again (N-4)."""
    refused: bool = False
    """There was no room: nothing of it is, or was, on Asterisk (N-4)."""
    frames: int | None = None
    rate: int = 8000
    skipped_frames: int = 0
    size: int | None = None
    digest: str = ""
    given_up: bool = False
    """Reported as failed; the file may still be rescued."""
    closed_at: Instant | None = None
    """When Asterisk closed the first of its files, if we heard of it."""
    guessed: bool = False
    """We did not hear when Asterisk began to write; the length of its file will tell."""
    unheard: bool = False
    """We did not hear why it ended; Asterisk's file will tell."""
    lost: bool = False
    """Nothing can be rescued any more."""
    action_id: str = ""
    """The `action` request; of a background recording the initial one (S-5)."""
    callback_id: str = ""
    transcription_id: str = ""
    pauses: tuple[Pause, ...] = ()
    former: tuple[tuple[Tap, ...], ...] = ()
    """The taps of channels that were the call's own before a transfer (`machine.follow`)."""
    coming: tuple[Tap, ...] = ()
    """Those of the present channel, until they are recorded and take the place of `taps`."""
    hushed: bool = False
    """Its files were closed for a pause, and none has been begun since."""
    renewing: bool = False
    """Its snoops end, and others begin in a moment (`machine.renewal`)."""
    api_id: str = ""
    """Of the REST request that began it."""
    agi_id: str = ""
    """Of the FastAGI connection that began it."""
    account: str = ""
    """Whose it is, where that is not the call's account."""

    @property
    def captured_at(self) -> Instant | None:
        """Since when all of Asterisk's files are written; None while one is not, or if none is."""
        first = self.former[0] if self.former else self.taps
        last: Instant | None = None
        for tap in first:
            if tap.lost:
                continue
            if tap.captured_at is None:
                return None
            last = tap.captured_at if last is None else max(last, tap.captured_at)
        return last

    @property
    def earlier(self) -> tuple[Tap, ...]:
        """All taps of former channels."""
        return tuple(tap for taps in self.former for tap in taps)

    @property
    def all_closed(self) -> bool:
        """Asterisk writes nothing of it any more."""
        return all(tap.closed for tap in (*self.taps, *self.earlier))

    @property
    def paused(self) -> bool:
        """Somebody wants nothing to be recorded now."""
        return bool(self.pauses) and self.pauses[-1].until is None

    @property
    def background(self) -> bool:
        """The flow goes on while it runs (section 2.3)."""
        return self.mode != "plain"


class Fetching(msgspec.Struct, frozen=True, tag="fetching"):
    """The next document was asked for."""

    request_id: str
    purpose: Literal["answer", "fallback", "redirect", "action", "transfer"]


class Playing(msgspec.Struct, frozen=True, tag="playing"):
    """A Play or Speak of the flow."""

    prompting: Prompting


class Waiting(msgspec.Struct, frozen=True, tag="waiting"):
    """A Wait; with a snoop it ends early after `quiet_ms` of silence."""

    until: Instant
    snoop_id: str = ""
    quiet_ms: int = 0
    quiet_since: Instant | None = None


class Sending(msgspec.Struct, frozen=True, tag="sending"):
    """A DTMF element that the flow waits for; `until` in case its end is not told."""

    keys_id: str
    until: Instant


class Taping(msgspec.Struct, frozen=True, tag="taping"):
    """A plain Record runs; the flow goes on when it has ended (P-9)."""

    recording_id: str


class HangingUp(msgspec.Struct, frozen=True, tag="hangingup"):
    """We asked Asterisk to hang up; again at `until` if it has not."""

    until: Instant


Doing = Fetching | Playing | Waiting | Sending | Taping | Gathering | Dialing | HangingUp


class Flow(msgspec.Struct, frozen=True):
    """Where the call is in its documents."""

    rest: tuple[Element, ...] = ()
    doing: Doing | None = None
    fresh: bool = True
    """No element has run yet (a Hangup that comes first rejects an unanswered call)."""
    fallback_used: bool = False
    early: int = 0
    """How many of the next elements stand in a PreAnswer: they do not answer the call."""
    pending: Document | None = None
    """Came for a background recording while a Dial ran; it replaces the rest when that ends."""
    redirects: int = 0
    """Documents in a row that did nothing but lead to the next one (F-7)."""
    takeovers: int = 0
    """Documents for background recordings in a row, each soon after the last (F-7, S-5)."""
    taken_at: Instant = 0
    """When the last of them did."""
    refusals: int = 0
    """Plain Records in a row that a full disk refused (N-4)."""
    refused_at: Instant = 0
    """When the last of them was."""


class Profile(msgspec.Struct, frozen=True):
    """What the configuration says about the call, fixed when it comes in."""

    account: str
    application: str
    answer: Target | None = None
    """None: the application is a local flow."""
    fallback: Target | None = None
    hangup: Target | None = None
    beep: str = "sound:beep"
    silence_threshold: int = 128
    trim_silence: bool = True
    dial_number: str = "PJSIP/{number}@carrier"
    dial_user: str = "PJSIP/{user}"


class Ending(msgspec.Struct, frozen=True):
    """Why the call ended, as far as is known."""

    source: str = ""
    """HangupSource: `Caller`, `Answer XML`, `API Request`, ...; empty = as the code tells."""
    code: int = 0
    """The product's own cause (4010, 7011, ...), 0 = derive it from the Q.850 cause."""
    cause: int = 0
    """Q.850."""


class Armed(msgspec.Struct, frozen=True):
    """A recording that waits for the answer of the dialplan's next Dial; its id was told."""

    element: Record
    recording_id: str
    agi_id: str


class Dialplan(msgspec.Struct, frozen=True):
    """What the dialplan does with a call that FastAGI asked us to record (section 6)."""

    agi_id: str = ""
    """The connection that waits for a result; the dialplan stands in AGI() meanwhile."""
    armed: tuple[Armed, ...] = ()
    dialled: tuple[str, ...] = ()
    """The channels that its Dial calls now, while recordings wait for one to answer."""
    peer: str = ""
    """The one that answered."""


class Leftover(msgspec.Struct, frozen=True):
    """Something on Asterisk whose end was refused; `asked` again, and not refused since."""

    object_id: str
    asked: bool = False


class Call(msgspec.Struct, frozen=True):
    """Everything about one call."""

    call_uuid: str
    asterisk: str
    channel_id: str
    seed: str
    """32 hex digits from which ids are derived that nobody can guess (E-7)."""
    profile: Profile
    caller: str
    dialled: str
    headers: dict[str, str]
    entered_at: Instant
    up_since: Instant | None = None
    """When the Asterisk that it entered was started (`facts.PbxSeen`)."""
    answering: bool = False
    """Asterisk was told to answer."""
    answered_at: Instant | None = None
    hangup_at: Instant | None = None
    """When the far end's hangup was first heard of."""
    left_at: Instant | None = None
    ended_at: Instant | None = None
    scheduled_hangup: Instant | None = None
    armed: tuple[Record, ...] = ()
    """Record elements that wait for the next Dial to be answered (S-2)."""
    progressed: bool = False
    """The unanswered caller already hears early media."""
    ending: Ending = Ending()
    flow: Flow = Flow()
    recordings: tuple[Recording, ...] = ()
    objects: int = 0
    """How many snoops, recordings and playbacks were named so far."""
    requests: int = 0
    """How many requests were named so far."""
    full: str = ""
    """Where there is no room for new recordings: `storage`, `database`, `spool:NAME` (N-4)."""
    problem: str = ""
    """Why the latest document could not be used (A-19); empty while all were."""
    leftovers: tuple[Leftover, ...] = ()
    leftovers_due: Instant | None = None
    away: bool = False
    """The connection to Asterisk is away: what is there will be told by `PbxSeen`."""
    former: tuple[str, ...] = ()
    """The channels that were the call's own before a transfer put another in their place."""
    notified: bool = False
    """The end of the call has been reported (hangup_url)."""
    outside: bool = False
    """The channel is in the dialplan: we record it and leave it alone (E-1)."""
    dialplan: Dialplan = Dialplan()
    one_stream: bool = False
    """A snoop on this Asterisk hears one sender only (`machine.renewal`)."""
    sender: str = ""
    """Which one the present snoops have heard last."""
    leaving: tuple[str, ...] = ()
    """Snoops that must be gone before others are begun."""
    renewal: Instant | None = None
    """When those are begun."""

    @property
    def present(self) -> bool:
        """The channel is ours and nobody has begun to hang it up."""
        return self.left_at is None and self.ended_at is None and self.hangup_at is None

    @property
    def over(self) -> bool:
        """The channel is gone, or has left us for good."""
        return self.ended_at is not None
