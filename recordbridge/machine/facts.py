"""Facts: what happened, in the past tense. Input of the machine, one at a time, with `now`.

Instants (`at`) are in the service's clock; those that come from Asterisk were put there by its
measured clock offset. Object ids are `ids.object_id`s. Facts may arrive twice or late: one that
is not legal in the present state changes nothing.
"""

from __future__ import annotations

import msgspec

from recordbridge.instant import Instant
from recordbridge.machine.state import Profile
from recordbridge.plivo.elements import Document, Prompt, Record
from recordbridge.plivo.retry import Target


class Fact(msgspec.Struct, frozen=True, tag=True):
    """Root of all facts."""


class CallEntered(Fact, frozen=True):
    """The channel entered Stasis (`StasisStart`), perhaps not for the first time."""

    at: Instant
    channel_id: str
    caller: str = ""
    caller_name: str = ""
    dialled: str = ""
    answered: bool = False
    args: dict[str, str] = {}
    """Stasis arguments `key=value`: `application`, `from`, `to`, ..."""
    headers: dict[str, str] = {}
    """SIP headers to pass through: `X-PH-...`."""
    profile: Profile | None = None
    """Of its application, when we knew the channel already from outside of Stasis."""
    up_since: Instant | None = None
    """When its Asterisk was started; see `PbxSeen`."""
    one_stream: bool = False
    """A snoop on this Asterisk hears one sender only (S-1)."""


class CallAnswered(Fact, frozen=True):
    """The channel is up."""

    at: Instant


class CallLeft(Fact, frozen=True):
    """The channel left Stasis (`StasisEnd`): by hangup (then `CallDestroyed` follows) or not."""

    at: Instant


class HangupRequested(Fact, frozen=True):
    """The far end hung up; the channel is about to go."""

    at: Instant
    cause: int = 0


class MovedElsewhere(Fact, frozen=True):
    """The channel is in a bridge that somebody else has made."""

    bridge_id: str


class CallDestroyed(Fact, frozen=True):
    """The channel is gone. `cause` is the Q.850 number, `cause_text` Asterisk's words."""

    at: Instant
    cause: int = 0
    cause_text: str = ""


class KeyPressed(Fact, frozen=True):
    """A key was released; it had been down for `duration_ms` (P-7)."""

    at: Instant
    key: str
    duration_ms: int = 0


class SnoopEntered(Fact, frozen=True):
    """The snoop channel is in Stasis and can be recorded."""

    snoop_id: str


class SnoopLeft(Fact, frozen=True):
    """The snoop channel is gone."""

    snoop_id: str


class Talking(Fact, frozen=True):
    """TALK_DETECT on a snoop: speech began or ended (`at` = when it really ended)."""

    snoop_id: str
    at: Instant
    speaking: bool


class PlaybackBegan(Fact, frozen=True):
    playback_id: str
    at: Instant


class PlaybackEnded(Fact, frozen=True):
    """Played to its end, stopped, or (`failed`) not played at all."""

    playback_id: str
    at: Instant
    failed: bool = False


class CaptureBegan(Fact, frozen=True):
    """Asterisk writes the recording of that name since `at` (`RecordingStarted`)."""

    name: str
    at: Instant
    guessed: bool = False
    """It was found to be written; nobody heard when that began."""


class CaptureEnded(Fact, frozen=True):
    """Asterisk has closed the file (`RecordingFinished`, or it is not live any more)."""

    name: str
    at: Instant


class CaptureFailed(Fact, frozen=True):
    """Asterisk will not record under that name (`RecordingFailed`)."""

    name: str
    reason: str


class CommandRefused(Fact, frozen=True):
    """A command for the object (snoop, recording or playback id, or the channel's) failed.

    `gone`: the channel or object does not exist (any more).
    """

    object_id: str
    command: str
    reason: str
    gone: bool = False
    unsent: bool = False
    """It never went out: we are not connected."""


class LegRinging(Fact, frozen=True):
    """A leg that we dialled rings (180 or 183)."""

    leg_id: str
    at: Instant


class LegEarly(Fact, frozen=True):
    """A leg can be heard before it answers (183)."""

    leg_id: str
    at: Instant


class LegAnswered(Fact, frozen=True):
    """A leg was answered and is in our Stasis application: it can be played to and bridged."""

    leg_id: str
    at: Instant


class LegEnded(Fact, frozen=True):
    """A leg is gone, answered or not. `cause` is the Q.850 number."""

    leg_id: str
    at: Instant
    cause: int = 0


class LegLeft(Fact, frozen=True):
    """A leg left Stasis: by a hangup that was not told (`LegEnded` follows), or alive."""

    leg_id: str
    at: Instant


class ChannelReplaced(Fact, frozen=True):
    """A transfer: a new channel is where the call's own, or a leg, has been."""

    at: Instant
    old_id: str
    new_id: str


class LegKeyPressed(Fact, frozen=True):
    """The called party pressed a key; told when it was released."""

    leg_id: str
    at: Instant
    key: str
    duration_ms: int = 0


class KeysSent(Fact, frozen=True):
    """All keys of a `SendKeys` have been sent, or could not be."""

    keys_id: str


class MediaReady(Fact, frozen=True):
    """What was to be prepared can be played as `media` (`sound:...`, `recording:...`)."""

    media_id: str
    media: str


class MediaFailed(Fact, frozen=True):
    """It cannot be played: not reachable, too large, no audio, no such voice."""

    media_id: str
    reason: str


class PromptsArrived(Fact, frozen=True):
    """The document of confirmSound or dialMusic."""

    request_id: str
    prompts: tuple[Prompt, ...]


class AudioMeasured(Fact, frozen=True):
    """Asterisk's file was read, cut and trimmed: these are the true values (P-8, Q-1)."""

    recording_id: str
    frames: int
    """Samples per channel of what will be delivered."""
    rate: int
    skipped_frames: int = 0
    """Samples cut off at the head, before the first one kept."""
    captured_ms: int = 0
    """How long Asterisk's own file is."""
    quiet_ms: int = 0
    """How long that has been silent at its end, when `Collect.inspect` asked for it."""
    torn: bool = False
    """Asterisk's disk had no room for all of it, whatever Asterisk says (N-4)."""


class FileDelayed(Fact, frozen=True):
    """A disk of ours has no room for the file: it is tried again and again."""

    recording_id: str
    place: str


class FileReady(Fact, frozen=True):
    """A GET of RecordUrl returns the whole file from now on (Q-3)."""

    recording_id: str
    size: int
    digest: str


class FileFailed(Fact, frozen=True):
    """The file cannot be read, encoded or kept. `reason` is a plain sentence."""

    recording_id: str
    reason: str


class DocumentArrived(Fact, frozen=True):
    """A usable document came for the request."""

    request_id: str
    document: Document


class DocumentFailed(Fact, frozen=True):
    """F-6: no usable document. `reached`: 2xx came, but it was not usable XML (8xxx causes).

    `kind` is the parser's word for what is wrong, for counting; empty when nothing was parsed.
    """

    request_id: str
    reached: bool
    reason: str
    kind: str = ""


class RequestSettled(Fact, frozen=True):
    """A request whose reply is ignored was answered or has used up its fragment's attempts."""

    request_id: str


class HangupAsked(Fact, frozen=True):
    """Somebody (REST, console) wants the call to end; `source` for HangupSource."""

    source: str
    asked_id: str = ""


class StopAsked(Fact, frozen=True):
    """Somebody wants this recording to end (P-4); without an id all that REST began (E-2)."""

    recording_id: str = ""
    asked_id: str = ""


class Overheard(Fact, frozen=True):
    """A channel that had left us lives on in the dialplan, and is to be recorded there (E-1)."""

    at: Instant
    answered: bool = False


class RecordAsked(Fact, frozen=True):
    """E-1: record the call; answered by the `Reply` with this `asked_id`.

    By `key` a repeat of the request is recognised, `digest` is of what it asks for.
    """

    asked_id: str
    element: Record
    key: str = ""
    digest: str = ""


class AgiAsked(Fact, frozen=True):
    """G-1: the dialplan asks for a recording through FastAGI; its answer is an `AgiResult`."""

    agi_id: str
    element: Record
    profile: Profile
    """Of the application that it names."""


class AgiLeft(Fact, frozen=True):
    """That connection is gone: nobody waits for the result, answers, or plays a beep (G-4)."""

    agi_id: str


class PeerDialled(Fact, frozen=True):
    """The dialplan's own Dial calls a channel for our call."""

    peer_id: str


class PeerAnswered(Fact, frozen=True):
    """It was answered (and said yes, where the dialplan asks it): the two are connected now."""

    peer_id: str
    at: Instant


class PeerFailed(Fact, frozen=True):
    """It was not answered."""

    peer_id: str


class PeerGone(Fact, frozen=True):
    """The channel that had answered is gone."""

    peer_id: str


class PauseAsked(Fact, frozen=True):
    """E-5: pause that recording, or all that run; with `resume` let them go on."""

    asked_id: str
    recording_id: str = ""
    resume: bool = False


class TransferAsked(Fact, frozen=True):
    """E-5: the call's next document is that one, at once."""

    asked_id: str
    target: Target


class RoomSeen(Fact, frozen=True):
    """N-4: whether there is room for new recordings. `full`: the place that has none, or empty."""

    full: str


class PbxLost(Fact, frozen=True):
    """The connection to Asterisk is away: nothing new begins before `PbxSeen` (N-3)."""

    restarted: bool = False
    """We are a new process: nobody reads the call's files yet (N-1)."""


class PbxSeen(Fact, frozen=True):
    """After a gap in the events: what of this call Asterisk still has (N-3).

    Snoops, legs, bridges and stored files are all that bear the call's name, needed or not.
    """

    at: Instant
    channel: bool
    """The call's channel exists and is in our Stasis application."""
    exists: bool = False
    """The call's channel exists, wherever it is."""
    answered: bool = False
    up_since: Instant | None = None
    """When this Asterisk was started, by its own clock: the same as long as it runs, whatever
    becomes of the clocks.
    """
    live: tuple[str, ...] = ()
    """Our recordings that still run."""
    stored: tuple[str, ...] = ()
    """Our recordings of which there is a file, those that run included."""
    snoops: tuple[str, ...] = ()
    playbacks: tuple[str, ...] = ()
    """Our playbacks that still run."""
    legs: tuple[str, ...] = ()
    """Our legs that exist."""
    undialled: tuple[str, ...] = ()
    """Those of them of whose phone nothing was heard, so that they may not have been dialled."""
    bridges: dict[str, tuple[str, ...]] = {}
    """Our bridges and the channels in them."""
    stranger: str = ""
    """Who stands in one of them in the place of a party: a transfer that nobody heard of. Then
    `channel` is about it, or it is one of `legs`.
    """
    one_stream: bool = False
    """A snoop on this Asterisk hears one sender only (S-1)."""
