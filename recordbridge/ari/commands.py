"""Intents → ARI requests, and what a refusal of one means.

Every name and id is ours, so a repeat is recognised: a recording that "already exists" under our
name is the one we asked for (design: Repeating). Playbacks, keys and legs may not be repeated.
What a Dial needs is in `dialling`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from recordbridge.ari import dialling
from recordbridge.ari.command import Command, part
from recordbridge.machine import intents
from recordbridge.machine.facts import CommandRefused

_GONE_IS_FINE = frozenset(("EndSnoop", "EndPlayback", "EndLeg"))
_UNKNOWN_REQUEST = "Resource not found"


def command_for(intent: intents.Pbx, app: str) -> Command:
    """The request that carries the intent out; snoops and legs enter the Stasis application `app`.

    Raises KeyError for an intent unknown here.
    """
    return _BY_TYPE[type(intent)](intent, app)


def refusal(command: Command, status: int, message: str) -> CommandRefused | None:
    """What a status of 400 and more means for the machine; None = what was wanted is so."""
    if command.name in _GONE_IS_FINE and status == 404:
        return None
    if lacks_progress(command, message):
        return None
    if command.name == "MarkLeg":
        return None  # the leg is gone, as its end will tell
    if command.name == "FindPlayback" and status != 404:
        return None  # not told; it is asked for again
    if command.name in ("EndCapture", "EndBridge") and status in (404, 409):
        return None  # it has ended, or is ending ("not in session", "not in Stasis application")
    if command.name == "LeaveBridge" and status in (400, 404, 409, 422):
        return None  # the channel or the bridge is gone, or they are apart already
    if already_there(command, status, message):
        return None
    gone = status == 404 or (command.name == "Follow" and status == 422)
    return CommandRefused(command.object_id, command.name, message or f"HTTP {status}", gone)


def lacks_progress(command: Command, message: str) -> bool:
    """Asterisk 16 has no such request; a sound that is played there begins with 183 by itself."""
    return command.name == "Progress" and message == _UNKNOWN_REQUEST


def progress_by_sound(channel: str) -> tuple[Command, Command]:
    """183 for such an Asterisk: silence that is ended as soon as it has begun."""
    made = f"{channel}-183"
    begin = intents.BeginPlayback(channel, part(made), "sound:silence/1")
    return _begin_playback(begin, ""), _end_playback(intents.EndPlayback(channel, part(made)), "")


def already_there(command: Command, status: int, message: str) -> bool:
    """A recording of our name is being or was written: our own earlier request did it."""
    return command.name == "BeginCapture" and status == 409 and "already exists" in message


def _answer(intent: intents.Answer, _: str) -> Command:
    channel = intent.channel_id
    return Command(
        "Answer", channel, channel, "POST", f"channels/{part(channel)}/answer", waits_for=(channel,)
    )


def _hang_up(intent: intents.HangUp, _: str) -> Command:
    channel = intent.channel_id
    uri = f"channels/{part(channel)}?reason={dialling.REASONS.get(intent.reason, 'normal')}"
    return Command("HangUp", channel, channel, "DELETE", uri)


def _follow(intent: intents.Follow, app: str) -> Command:
    channel = intent.target or intent.channel_id
    source = part(f"channel:{channel}")
    uri = f"applications/{part(app)}/subscription?eventSource={source}"
    return Command("Follow", intent.channel_id, channel, "POST", uri)


def _set_variable(intent: intents.SetVariable, _: str) -> Command:
    channel = intent.channel_id
    values = f"variable={part(intent.name)}&value={part(intent.value)}"
    uri = f"channels/{part(channel)}/variable?{values}"
    return Command("SetVariable", channel, channel, "POST", uri)


def _send_back(intent: intents.SendBack, _: str) -> Command:
    channel = intent.channel_id
    return Command("SendBack", channel, channel, "POST", f"channels/{part(channel)}/continue")


def _begin_snoop(intent: intents.BeginSnoop, app: str) -> Command:
    channel, snoop = intent.channel_id, intent.snoop_id
    uri = f"channels/{part(channel)}/snoop/{snoop}?spy={intent.direction}&app={part(app)}"
    return Command("BeginSnoop", channel, snoop, "POST", uri)


def _end_snoop(intent: intents.EndSnoop, _: str) -> Command:
    snoop = intent.snoop_id
    return Command("EndSnoop", intent.channel_id, snoop, "DELETE", f"channels/{snoop}")


def _watch_talking(intent: intents.WatchTalking, _: str) -> Command:
    """TALK_DETECT takes the silence to wait for in ms and the mean amplitude."""
    snoop = intent.snoop_id
    uri = (
        f"channels/{snoop}/variable?variable=TALK_DETECT(set)"
        f"&value={intent.silence_ms}%2C{intent.threshold}"
    )
    return Command("WatchTalking", intent.channel_id, snoop, "POST", uri)


def _begin_capture(intent: intents.BeginCapture, _: str) -> Command:
    uri = (
        f"channels/{intent.snoop_id}/record?name={part(intent.name)}&format=wav&ifExists=fail"
        f"&maxSilenceSeconds={intent.max_silence_s}&maxDurationSeconds={intent.max_duration_s}"
        "&beep=false&terminateOn=none"
    )
    return Command("BeginCapture", intent.channel_id, intent.name, "POST", uri)


def _end_capture(intent: intents.EndCapture, _: str) -> Command:
    name = intent.name
    uri = f"recordings/live/{part(name)}/stop"
    return Command("EndCapture", intent.channel_id, name, "POST", uri)


def _begin_playback(intent: intents.BeginPlayback, _: str) -> Command:
    channel, playback = intent.target or intent.channel_id, intent.playback_id
    uri = f"channels/{part(channel)}/play/{playback}?media={quote(intent.media, safe=':,/')}"
    return Command(
        "BeginPlayback",
        intent.channel_id,
        playback,
        "POST",
        uri,
        repeatable=False,
        target=channel,
        sought_at=f"playbacks/{playback}",
    )


def _end_playback(intent: intents.EndPlayback, _: str) -> Command:
    playback = intent.playback_id
    return Command("EndPlayback", intent.channel_id, playback, "DELETE", f"playbacks/{playback}")


def _find_playback(intent: intents.FindPlayback, _: str) -> Command:
    playback = intent.playback_id
    return Command("FindPlayback", intent.channel_id, playback, "GET", f"playbacks/{playback}")


_RECORDING: dict[type[intents.Pbx], Callable[[Any, str], Command]] = {
    intents.Answer: _answer,
    intents.HangUp: _hang_up,
    intents.SetVariable: _set_variable,
    intents.SendBack: _send_back,
    intents.Follow: _follow,
    intents.BeginSnoop: _begin_snoop,
    intents.EndSnoop: _end_snoop,
    intents.WatchTalking: _watch_talking,
    intents.BeginCapture: _begin_capture,
    intents.EndCapture: _end_capture,
    intents.BeginPlayback: _begin_playback,
    intents.EndPlayback: _end_playback,
    intents.FindPlayback: _find_playback,
}
_BY_TYPE = _RECORDING | dialling.BY_TYPE
