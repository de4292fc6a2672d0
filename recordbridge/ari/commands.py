"""Intents → ARI requests, and what a refusal of one means.

A request is a method and a URI with its query already encoded: plain ASCII without quotes, so
that it can be put into JSON as it stands. Every name and id is ours, so a repeat is recognised:
a recording that "already exists" under our name is the one we asked for (design: Repeating).
Only a playback may not be repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote

from recordbridge.machine import intents
from recordbridge.machine.facts import CommandRefused


class Command(NamedTuple):
    """One request to Asterisk. `name` is the intent's class name; `object_id` what it is about."""

    name: str
    channel_id: str
    object_id: str
    method: str
    uri: str
    """Below `/ari/`, with the query."""
    repeatable: bool = True
    queued: bool = False
    """Asterisk answers only when the channel's queue came to it: a playback holds it up."""


def command_for(intent: intents.Pbx, app: str) -> Command:
    """The request that carries the intent out; snoops enter the Stasis application `app`.

    Raises KeyError for an intent unknown here.
    """
    if isinstance(intent, intents.BeginSnoop):
        return _begin_snoop(intent, app)
    return _BY_TYPE[type(intent)](intent)


def refusal(command: Command, status: int, message: str) -> CommandRefused | None:
    """What a status of 400 and more means for the machine; None = what was wanted is so."""
    if command.name in ("EndSnoop", "EndPlayback") and status == 404:
        return None
    if command.name == "EndCapture" and status in (404, 409):
        return None  # it has ended, or is ending ("not in session")
    if already_there(command, status, message):
        return None
    return CommandRefused(
        command.object_id, command.name, message or f"HTTP {status}", status == 404
    )


def already_there(command: Command, status: int, message: str) -> bool:
    """A recording of our name is being or was written: our own earlier request did it."""
    return command.name == "BeginCapture" and status == 409 and "already exists" in message


def _answer(intent: intents.Answer) -> Command:
    channel = intent.channel_id
    return Command(
        "Answer", channel, channel, "POST", f"channels/{_part(channel)}/answer", queued=True
    )


# Asterisk 16 knows only a few of the reasons by name, all by their Q.850 number.
_REASONS = {
    "normal": "reason=normal",
    "busy": "reason=busy",
    "congestion": "reason=congestion",
    "rejected": "reason_code=21",
}


def _hang_up(intent: intents.HangUp) -> Command:
    channel = intent.channel_id
    uri = f"channels/{_part(channel)}?{_REASONS.get(intent.reason, _REASONS['normal'])}"
    return Command("HangUp", channel, channel, "DELETE", uri)


def _begin_snoop(intent: intents.BeginSnoop, app: str) -> Command:
    channel, snoop = intent.channel_id, intent.snoop_id
    uri = f"channels/{_part(channel)}/snoop/{snoop}?spy={intent.direction}&app={_part(app)}"
    return Command("BeginSnoop", channel, snoop, "POST", uri)


def _end_snoop(intent: intents.EndSnoop) -> Command:
    snoop = intent.snoop_id
    return Command("EndSnoop", intent.channel_id, snoop, "DELETE", f"channels/{snoop}")


def _watch_talking(intent: intents.WatchTalking) -> Command:
    """TALK_DETECT takes the silence to wait for in ms and the mean amplitude."""
    snoop = intent.snoop_id
    uri = (
        f"channels/{snoop}/variable?variable=TALK_DETECT(set)"
        f"&value={intent.silence_ms}%2C{intent.threshold}"
    )
    return Command("WatchTalking", intent.channel_id, snoop, "POST", uri)


def _begin_capture(intent: intents.BeginCapture) -> Command:
    uri = (
        f"channels/{intent.snoop_id}/record?name={_part(intent.name)}&format=wav&ifExists=fail"
        f"&maxSilenceSeconds={intent.max_silence_s}&maxDurationSeconds={intent.max_duration_s}"
        "&beep=false&terminateOn=none"
    )
    return Command("BeginCapture", intent.channel_id, intent.name, "POST", uri)


def _end_capture(intent: intents.EndCapture) -> Command:
    name = intent.name
    uri = f"recordings/live/{_part(name)}/stop"
    return Command("EndCapture", intent.channel_id, name, "POST", uri)


def _begin_playback(intent: intents.BeginPlayback) -> Command:
    channel, playback = intent.channel_id, intent.playback_id
    uri = f"channels/{_part(channel)}/play/{playback}?media={quote(intent.media, safe=':,/')}"
    return Command("BeginPlayback", channel, playback, "POST", uri, repeatable=False)


def _end_playback(intent: intents.EndPlayback) -> Command:
    playback = intent.playback_id
    return Command("EndPlayback", intent.channel_id, playback, "DELETE", f"playbacks/{playback}")


def _part(text: str) -> str:
    """One path segment or query value: others may have chosen a channel's id."""
    return quote(text, safe="")


_BY_TYPE: dict[type[intents.Pbx], Callable[[Any], Command]] = {
    intents.Answer: _answer,
    intents.HangUp: _hang_up,
    intents.EndSnoop: _end_snoop,
    intents.WatchTalking: _watch_talking,
    intents.BeginCapture: _begin_capture,
    intents.EndCapture: _end_capture,
    intents.BeginPlayback: _begin_playback,
    intents.EndPlayback: _end_playback,
}
