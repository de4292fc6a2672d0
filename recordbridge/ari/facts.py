"""Events → facts of the machine, with the CallUUID they belong to.

Pure but for small memories: CallUUIDs of channels (a hash per call, not per event), channels that
are hanging up, and when talking began. Instants are put into the service's clock by subtracting
`offset_ms`, Asterisk's measured lead. What is of no interest gives nothing.

Asterisk forgets our interest in a channel with its StasisEnd, so ChannelDestroyed never comes
unless it was subscribed to (measured on 22.10.1). A StasisEnd after a hangup request is the end
of the channel: it gives both CallLeft and CallDestroyed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from recordbridge import ids, instant
from recordbridge.ari import events
from recordbridge.ari.dialling import is_new_leg
from recordbridge.ari.legs import Legs
from recordbridge.ari.memory import remember
from recordbridge.ari.standins import StandIns
from recordbridge.ari.talking import Talks
from recordbridge.machine import facts
from recordbridge.machine.facts import CallEntered

Routed = tuple[str, facts.Fact]
Facts = tuple[Routed, ...]
SNOOP = "Snoop/"
LEG = "leg"
NORMAL_CLEARING = 16
UNDECIDED = ("RINGING", "PROGRESS", "PROCEEDING")


class Translator:
    """Translates the events of the Asterisk of that YAML name."""

    def __init__(self, asterisk: str) -> None:
        self.offset_ms, self.one_stream = 0, False
        self.up_since: instant.Instant | None = None
        self._asterisk = asterisk
        self._calls: dict[str, str] = {}
        self._talks = Talks()
        self._hanging_up: dict[str, int] = {}
        self._asked: dict[str, int] = {}
        self._peers: dict[str, str] = {}
        self.legs, self.standins = Legs(), StandIns()
        self._by_type: dict[type, Callable[[Any], Facts]] = {
            events.StasisStart: self._entered,
            events.StasisEnd: self._left,
            events.ChannelStateChange: self._state,
            events.ChannelDestroyed: self._destroyed,
            events.ChannelHangupRequest: self._hangup,
            events.ChannelEnteredBridge: lambda each: _bridged(each, self._main(each.channel)),
            events.Dial: self._dialled,
            events.ChannelDtmfReceived: self._key,
            events.ChannelTalkingStarted: self._talking_began,
            events.ChannelTalkingFinished: self._talking_ended,
            events.PlaybackStarted: self._playback_began,
            events.PlaybackFinished: self._playback_ended,
            events.RecordingStarted: self._capture_began,
            events.RecordingFinished: self._capture_ended,
            events.RecordingFailed: _capture_failed,
        }

    def facts(self, event: events.Known | events.Unknown) -> Facts:
        """What the event tells, and of which call."""
        translate = self._by_type.get(type(event))
        return translate(event) if translate is not None else ()

    def call_uuid(self, channel_id: str) -> str:
        """E-7, remembered; of a channel that took another's place, the call of that one."""
        known = self.standins.caller(channel_id) or self._calls.get(channel_id)
        if known is None:
            known = ids.call_uuid(self._asterisk, channel_id)
            remember(self._calls, channel_id, known)
        return known

    def uuid_of(self, channel_id: str) -> str:
        """E-7, of a channel that may never be of interest again."""
        return self._calls.get(channel_id) or ids.call_uuid(self._asterisk, channel_id)

    def at(self, timestamp: str) -> instant.Instant:
        """Asterisk's timestamp in the service's clock."""
        return instant.from_asterisk(timestamp) - self.offset_ms

    def entered(
        self, channel: events.Channel, args: list[str], at: instant.Instant
    ) -> tuple[str, CallEntered]:
        """A main channel that is in Stasis, as its StasisStart tells or as it is found there."""
        return self.call_uuid(channel.id), CallEntered(
            at=at,
            channel_id=channel.id,
            caller=channel.caller.number,
            caller_name=channel.caller.name,
            dialled=channel.dialplan.exten,
            answered=channel.state == "Up",
            args=_arguments(args),
            up_since=self.up_since,
            one_stream=self.one_stream,
        )

    def adopt(self, call_uuid: str, channel_id: str, former: list[str], legs: list[str]) -> None:
        """See `ports.pbx.Pbx.adopt`."""
        for old in former:
            self.standins.takes(channel_id, old, call_uuid, leg=False)
        if channel_id.startswith(ids.OBJECT_PREFIX):
            self.standins.becomes_call(channel_id)
        for leg in legs:
            if _parsed(leg) is None:
                self.standins.takes(leg, "", call_uuid, leg=True)

    def hangs_up(self, channel_id: str, cause: int) -> None:
        """We are about to: Asterisk will tell of a soft hangup, and not why."""
        remember(self._asked, channel_id, cause)

    def follows(self, peer_id: str, call: str) -> None:
        """The end of that channel will concern the call."""
        remember(self._peers, peer_id, call)

    def is_main_id(self, channel_id: str) -> bool:
        """Whether it is a call's own: not a snoop or a leg, nor one that another has replaced."""
        if channel_id.startswith(ids.OBJECT_PREFIX):
            return self.standins.is_call(channel_id)
        others = self.standins
        return others.leg(channel_id) is None and not others.is_former(channel_id)

    def _at(self, event: events.Event) -> instant.Instant:
        return self.at(event.timestamp)

    def _main(self, channel: events.Channel) -> str | None:
        """The call of a main channel; None for snoops and legs that we made ourselves."""
        if channel.name.startswith(SNOOP) or not self.is_main_id(channel.id):
            return None
        return self.call_uuid(channel.id)

    def _leg(self, channel_id: str) -> str | None:
        """The call of a leg: of one that we made, or of one that took its place."""
        standing = self.standins.leg(channel_id)
        if standing is not None or self.standins.is_call(channel_id):
            return standing
        made = _parsed(channel_id)
        return made.call if made is not None and made.kind == LEG else None

    def _entered(self, event: events.StasisStart) -> Facts:
        channel = event.channel
        if events.MOVED in event.args:
            return ()
        if event.replace_channel is not None:
            return self._replaced(event, event.replace_channel)
        if self._leg(channel.id) is not None and not is_new_leg(event):
            self.standins.becomes_call(channel.id)
        if self._main(channel) is not None:
            return (self.entered(channel, event.args, self._at(event)),)
        made = _parsed(channel.id)
        if made is None or not channel.name.startswith(SNOOP):
            return ()
        return ((made.call, facts.SnoopEntered(channel.id)),)

    def _replaced(self, event: events.StasisStart, old: events.Channel) -> Facts:
        """Told before anything is told of the end of the old one."""
        leg = self._leg(old.id)
        call = self._main(old) if leg is None else leg
        if call is None:
            return ()
        new = event.channel.id
        self.standins.takes(new, old.id, call, leg=leg is not None)
        return ((call, facts.ChannelReplaced(self._at(event), old.id, new)),)

    def _left(self, event: events.StasisEnd) -> Facts:
        channel = event.channel
        call = self._main(channel)
        if call is None:
            leg = self._leg(channel.id)
            return self._snoop_left(channel) if leg is None else self._leg_left(leg, event)
        at = self._at(event)
        cause = self._hanging_up.pop(channel.id, None)
        self.standins.gone(channel.id)
        if cause is None:
            return ((call, facts.CallLeft(at)),)
        self._calls.pop(channel.id, None)
        return (call, facts.CallLeft(at)), (call, facts.CallDestroyed(at, cause))

    def _leg_left(self, call: str, event: events.StasisEnd) -> Facts:
        """ChannelDestroyed follows for a leg that we made and that was hung up, only."""
        leg, at = event.channel.id, self._at(event)
        made = self.standins.leg(leg) is None
        cause = self._hanging_up.pop(leg, None)
        self.standins.gone(leg)
        if cause is None:
            return ((call, facts.LegLeft(leg, at)),)
        return () if made else ((call, facts.LegEnded(leg, at, cause)),)

    def _snoop_left(self, channel: events.Channel) -> Facts:
        self._talks.forget(channel.id)
        call = _owner_of_snoop(channel)
        return ((call, facts.SnoopLeft(channel.id)),) if call else ()

    def _state(self, event: events.ChannelStateChange) -> Facts:
        channel = event.channel
        if channel.state != "Up":
            return ()
        call = self._main(channel)
        if call is not None:
            return ((call, facts.CallAnswered(self._at(event))),)
        leg = self._leg(channel.id)
        if leg is None:
            return ()
        return ((leg, self.legs.answered(channel.id, self._at(event))),)

    def _destroyed(self, event: events.ChannelDestroyed) -> Facts:
        channel = event.channel
        call = self._main(channel)
        if call is None:
            leg = self._leg(channel.id)
            if leg is not None:
                return ((leg, self.legs.ended(event, self._at(event))),)
            return self._snoop_left(channel)
        self._calls.pop(channel.id, None)
        self._hanging_up.pop(channel.id, None)
        gone = (call, facts.CallDestroyed(self._at(event), event.cause, event.cause_txt))
        owner = self._peers.pop(channel.id, None)
        return (gone,) if owner is None else (gone, (owner, facts.PeerGone(channel.id)))

    def _hangup(self, event: events.ChannelHangupRequest) -> Facts:
        call = self._main(event.channel)
        if call is None and self._leg(event.channel.id) is None:
            return ()
        # Soft: the number is a flag. Asterisk 16 gives none at all for a plain hangup.
        asked = self._asked.pop(event.channel.id, 0)
        cause = asked if event.soft else event.cause or NORMAL_CLEARING
        remember(self._hanging_up, event.channel.id, cause)
        return () if call is None else ((call, facts.HangupRequested(self._at(event), cause)),)

    def _dialled(self, event: events.Dial) -> Facts:
        leg = self._leg(event.peer.id)
        if leg is None:
            return _of_peer(event, self.uuid_of, self._at(event))
        told = self.legs.dialled(event, self._at(event))
        return tuple((leg, fact) for fact in told)

    def _key(self, event: events.ChannelDtmfReceived) -> Facts:
        call = self._main(event.channel)
        if call is None:
            return self._leg_key(event)
        return ((call, facts.KeyPressed(self._at(event), event.digit, event.duration_ms)),)

    def _leg_key(self, event: events.ChannelDtmfReceived) -> Facts:
        leg = event.channel.id
        call = self._leg(leg)
        if call is None:
            return ()
        at = self._at(event)
        return ((call, facts.LegKeyPressed(leg, at, event.digit, event.duration_ms)),)

    def _talking_began(self, event: events.ChannelTalkingStarted) -> Facts:
        call = _owner_of_snoop(event.channel)
        return ((call, self._talks.began(event, self._at(event))),) if call else ()

    def _talking_ended(self, event: events.ChannelTalkingFinished) -> Facts:
        call = _owner_of_snoop(event.channel)
        return ((call, self._talks.ended(event, self._at(event))),) if call else ()

    def _playback_began(self, event: events.PlaybackStarted) -> Facts:
        playback = event.playback
        call = _owner(playback.id)
        return ((call, facts.PlaybackBegan(playback.id, self._at(event))),) if call else ()

    def _playback_ended(self, event: events.PlaybackFinished) -> Facts:
        playback = event.playback
        call = _owner(playback.id)
        if call is None:
            return ()
        failed = playback.state == "failed"
        return ((call, facts.PlaybackEnded(playback.id, self._at(event), failed=failed)),)

    def _capture_began(self, event: events.RecordingStarted) -> Facts:
        name = event.recording.name
        call = _owner(name)
        return ((call, facts.CaptureBegan(name, self._at(event))),) if call else ()

    def _capture_ended(self, event: events.RecordingFinished) -> Facts:
        name = event.recording.name
        call = _owner(name)
        return ((call, facts.CaptureEnded(name, self._at(event))),) if call else ()


@lru_cache(maxsize=4096)
def _parsed(object_id: str) -> ids.ObjectId | None:
    return ids.parse_object_id(object_id)


def _owner(object_id: str) -> str | None:
    parsed = _parsed(object_id)
    return parsed.call if parsed is not None else None


def _bridged(event: events.ChannelEnteredBridge, call: str | None) -> Facts:
    """Of our own bridges we know anyway."""
    if call is None or event.bridge.id.startswith(ids.OBJECT_PREFIX):
        return ()
    return ((call, facts.MovedElsewhere(event.bridge.id)),)


def _capture_failed(event: events.RecordingFailed) -> Facts:
    name = event.recording.name
    call = _owner(name)
    return ((call, facts.CaptureFailed(name, event.recording.cause)),) if call else ()


def _of_peer(event: events.Dial, uuid_of: Callable[[str], str], at: instant.Instant) -> Facts:
    """The dialplan's own Dial."""
    caller, peer, status = event.caller, event.peer.id, event.dialstatus
    if caller is None or status in UNDECIDED:
        return ()
    call = uuid_of(caller.id)
    match status:
        case "":
            return ((call, facts.PeerDialled(peer)),)
        case "ANSWER":
            return ((call, facts.PeerAnswered(peer, at)),)
        case _:
            return ((call, facts.PeerFailed(peer)),)


def _owner_of_snoop(channel: events.Channel) -> str | None:
    return _owner(channel.id) if channel.name.startswith(SNOOP) else None


def _arguments(args: list[str]) -> dict[str, str]:
    """`key=value` Stasis arguments; one without `=` has an empty value."""
    pairs = (each.partition("=") for each in args)
    return {key.strip(): value for key, _, value in pairs}
