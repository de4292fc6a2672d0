"""ARI events, typed: of each the fields we read, nothing else.

An event of a type we do not know, or one that no longer has the expected shape, is an
`Unknown` and never an error: Asterisk adds types and fields from release to release. `USED` is
the allow-list for Asterisk's event filter, so that nobody pays for events that nobody reads.
"""

from __future__ import annotations

import msgspec

MOVED = "recordbridge-moved"
"""N-6: the argument of a StasisStart that is no entry: the channel came from another worker."""


class Caller(msgspec.Struct, gc=False):
    name: str = ""
    number: str = ""


class Dialplan(msgspec.Struct, gc=False):
    exten: str = ""
    app_name: str = ""
    app_data: str = ""


class Channel(msgspec.Struct, gc=False):
    """A channel's snapshot. `name` begins with `Snoop/` for a snoop; `state` is `Up`, `Ring`..."""

    id: str
    name: str = ""
    state: str = ""
    caller: Caller = msgspec.field(default_factory=Caller)
    dialplan: Dialplan = msgspec.field(default_factory=Dialplan)
    creationtime: str = ""


class Recording(msgspec.Struct, gc=False):
    """A live recording. Its `duration` and `state` lie (trap 5, 6), so they are not read."""

    name: str
    cause: str = ""


class Playback(msgspec.Struct, gc=False):
    id: str
    state: str = ""


class Event(msgspec.Struct, tag_field="type", tag=True, gc=False):
    """Root of all events; the class names are Asterisk's type names."""

    timestamp: str = ""


class StasisStart(Event, tag=True, gc=False, kw_only=True):
    """With `replace_channel` the channel takes the place of that one: a transfer."""

    channel: Channel
    args: list[str] = []
    replace_channel: Channel | None = None


class CallBroadcast(Event, tag=True, gc=False, kw_only=True):
    """N-6: StasisBroadcast offers a channel to all workers; who claims it first gets it."""

    channel: Channel


class StasisEnd(Event, tag=True, gc=False, kw_only=True):
    channel: Channel


class ChannelStateChange(Event, tag=True, gc=False, kw_only=True):
    channel: Channel


class ChannelDestroyed(Event, tag=True, gc=False, kw_only=True):
    channel: Channel
    cause: int = 0
    cause_txt: str = ""


class ChannelHangupRequest(Event, tag=True, gc=False, kw_only=True):
    """With `soft` (somebody on this Asterisk asked) `cause` is a flag, else a Q.850 number."""

    channel: Channel
    cause: int = 0
    soft: bool = False


class Bridge(msgspec.Struct, gc=False):
    """Some channels talk in it."""

    id: str = ""


class ChannelEnteredBridge(Event, tag=True, gc=False, kw_only=True):
    """Whoever has made the bridge: we hear of it as the application of the channel."""

    channel: Channel
    bridge: Bridge


class Dial(Event, tag=True, gc=False, kw_only=True):
    """A leg's progress, told by `dialstatus`: `RINGING`, `PROGRESS`, `ANSWER`, `BUSY`...

    Empty when it is called. In the dialplan `ANSWER` comes when the two are about to be bridged.
    """

    peer: Channel
    caller: Channel | None = None
    dialstatus: str = ""


class ChannelDtmfReceived(Event, tag=True, gc=False, kw_only=True):
    channel: Channel
    digit: str
    duration_ms: int = 0


class ChannelTalkingStarted(Event, tag=True, gc=False, kw_only=True):
    channel: Channel


class ChannelTalkingFinished(Event, tag=True, gc=False, kw_only=True):
    """`duration` is the talking alone, ms; the silence that was waited for is not in it."""

    channel: Channel
    duration: int = 0


class PlaybackStarted(Event, tag=True, gc=False, kw_only=True):
    playback: Playback


class PlaybackFinished(Event, tag=True, gc=False, kw_only=True):
    playback: Playback


class RecordingStarted(Event, tag=True, gc=False, kw_only=True):
    recording: Recording


class RecordingFinished(Event, tag=True, gc=False, kw_only=True):
    recording: Recording


class RecordingFailed(Event, tag=True, gc=False, kw_only=True):
    recording: Recording


class ApplicationReplaced(Event, tag=True, gc=False, kw_only=True):
    """Another socket connected with our application's name; this one gets nothing any more."""

    application: str = ""


class RESTResponse(Event, tag=True, gc=False, kw_only=True):
    """The answer to a command sent on the socket. The body stays undecoded until it is needed."""

    transaction_id: str = ""
    status_code: int = 0
    reason_phrase: str = ""
    message_body: msgspec.Raw = msgspec.Raw(b'""')


class Unknown(msgspec.Struct, gc=False):
    """Any other event. `detail` tells why a known type could not be read."""

    type: str = ""
    detail: str = ""


Known = (
    StasisStart
    | CallBroadcast
    | StasisEnd
    | ChannelStateChange
    | ChannelDestroyed
    | ChannelHangupRequest
    | ChannelEnteredBridge
    | Dial
    | ChannelDtmfReceived
    | ChannelTalkingStarted
    | ChannelTalkingFinished
    | PlaybackStarted
    | PlaybackFinished
    | RecordingStarted
    | RecordingFinished
    | RecordingFailed
    | ApplicationReplaced
    | RESTResponse
)

_known: msgspec.json.Decoder[Known] = msgspec.json.Decoder(Known)
_unknown = msgspec.json.Decoder(Unknown)

USED: tuple[str, ...] = tuple(
    sorted(str(each.__struct_config__.tag) for each in Event.__subclasses__())
)


def decode(message: str | bytes) -> Known | Unknown:
    """The event in a text frame. Raises ValueError when it is not a JSON object at all."""
    try:
        return _known.decode(message)
    except msgspec.ValidationError as error:
        try:
            unknown = _unknown.decode(message)
        except msgspec.ValidationError:
            raise ValueError(str(error)) from error
        unknown.detail = str(error) if unknown.type in USED else ""
        return unknown
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error
