"""Intents around a Dial → ARI requests: legs, bridges, keys, ringing.

A leg is created in our application and dialled when it is there, not originated: so it is ours
from its first moment, no ringing and no end is missed however early, and it outlives a restart.
(Asterisk hangs up an originated leg that is answered while our application is not connected.)
It cannot be recorded itself, asterisk/asterisk#2044; a snoop on it can.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from recordbridge.ari.command import Command, part
from recordbridge.ari.events import StasisStart
from recordbridge.machine import intents

# By name: Asterisk 16 takes no numbers. They are Q.850's 16, 17, 34, 21 and 26.
REASONS = {
    "normal": "normal",
    "busy": "busy",
    "congestion": "congestion",
    "rejected": "rejected",
    "elsewhere": "answered_elsewhere",
}
CAUSES = {"normal": 16, "busy": 17, "congestion": 34, "rejected": 21, "elsewhere": 26}

LEAD_MS, KEY_MS, BETWEEN_MS = 100, 100, 100
"""Asterisk's silence before the first key; how long a key is down; the silence after each."""
_PAUSES_MS = {"w": 500, "W": 1000}

_ROWS, _COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
_TONES = {
    key: f"!{_ROWS[at // 4]}+{_COLUMNS[at % 4]}/{KEY_MS}|!0/{BETWEEN_MS}"
    for at, key in enumerate("123A456B789C*0#D")
}
"""Each key's two frequencies (ITU-T Q.23), and the silence after it."""

DIALLED = "RECORDBRIDGE_DIALLED"
"""The variable of a leg that was, or is about to be, dialled."""
_MARK = "leg"
"""First Stasis argument of a leg; the second is how many seconds it may ring."""
_HEADER = re.compile(r"[A-Za-z0-9-]+\Z")
_NOT_IN_CALLER_ID = re.compile(r'[\x00-\x1f\x7f"\\<>]')
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _begin_leg(intent: intents.BeginLeg, app: str) -> Command:
    leg = intent.leg_id
    uri = (
        f"channels/create?endpoint={part(intent.endpoint)}&app={part(app)}&channelId={leg}"
        f"&appArgs={_MARK}%2C{intent.timeout_s}&originator={part(intent.channel_id)}"
    )
    return Command(
        "BeginLeg",
        intent.channel_id,
        leg,
        "POST",
        uri,
        body=_variables(intent),
        repeatable=False,
        sought_at=f"channels/{leg}",
    )


def is_new_leg(entered: StasisStart) -> bool:
    """It entered as we made it; else somebody sent it here by the dialplan."""
    return entered.args[:1] == [_MARK]


def dial_leg(entered: StasisStart) -> tuple[Command, ...]:
    """The leg is in our application: dial it. Nothing when it is no leg of ours, or not a new one.

    It is marked first. A phone that has not answered yet looks like one that was never called
    (measured, down to the RTP), so that whoever comes after a crash knows it by the mark alone.
    """
    leg, args = entered.channel.id, entered.args
    if not is_new_leg(entered) or entered.channel.state != "Down":
        return ()
    channel = f"channels/{part(leg)}"
    mark = f"{channel}/variable?variable={DIALLED}&value=1"
    return (
        Command("MarkLeg", leg, leg, "POST", mark),
        Command("DialLeg", leg, leg, "POST", f"{channel}/dial?timeout={args[1]}", repeatable=False),
    )


def give_up_leg(leg: str) -> Command:
    """A leg that Asterisk will not dial: it ends with cause 38."""
    return Command("EndLeg", leg, leg, "DELETE", f"channels/{part(leg)}?reason=failure")


def _variables(intent: intents.BeginLeg) -> str:
    """What the called party sees: who calls, and the headers.

    Headers are a matter of PJSIP's alone; on another channel Asterisk would log an error.
    """
    caller = {"name": intent.caller_name, "num": intent.caller_id}
    variables = {
        f"CONNECTEDLINE({key},i)": _NOT_IN_CALLER_ID.sub("", value).strip()
        for key, value in caller.items()
    }
    if intent.endpoint.startswith("PJSIP/"):
        for name, value in intent.headers.items():
            if _HEADER.match(name):
                variables[f"PJSIP_HEADER(add,{name})"] = _CONTROL.sub("", value)
    present = {name: value for name, value in variables.items() if value}
    return _ascii({"variables": present}) if present else ""


def _ascii(value: object) -> str:
    text = msgspec.json.encode(value).decode()
    return "".join(each if each < "\x80" else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    pairs = character.encode("utf-16-be")
    return "".join(f"\\u{pairs[at]:02x}{pairs[at + 1]:02x}" for at in range(0, len(pairs), 2))


def _end_leg(intent: intents.EndLeg, _: str) -> Command:
    leg = intent.leg_id
    uri = f"channels/{part(leg)}?reason={REASONS.get(intent.reason, 'normal')}"
    return Command("EndLeg", intent.channel_id, leg, "DELETE", uri)


def _make_bridge(intent: intents.MakeBridge, _: str) -> Command:
    """`dtmf_events` keeps the media with Asterisk, which else might not hear the keys."""
    bridge = intent.bridge_id
    uri = f"bridges/{bridge}?type=mixing,dtmf_events"
    return Command(
        "MakeBridge", intent.channel_id, bridge, "POST", uri, sought_at=f"bridges/{bridge}"
    )


def _join_bridge(intent: intents.JoinBridge, _: str) -> Command:
    bridge, members = intent.bridge_id, intent.members
    uri = f"bridges/{bridge}/addChannel?channel={part(','.join(members))}"
    return Command("JoinBridge", intent.channel_id, bridge, "POST", uri, waits_for=members)


def _leave_bridge(intent: intents.LeaveBridge, _: str) -> Command:
    """Asterisk answers when the channel is out; deleting the bridge it answers at once.

    A playback begun while the channel is on its way out gets 201 and then neither begins nor ends.
    """
    member, bridge = intent.member or intent.channel_id, intent.bridge_id
    uri = f"bridges/{bridge}/removeChannel?channel={part(member)}"
    return Command("LeaveBridge", intent.channel_id, bridge, "POST", uri, waits_for=(member,))


def _end_bridge(intent: intents.EndBridge, _: str) -> Command:
    bridge = intent.bridge_id
    return Command("EndBridge", intent.channel_id, bridge, "DELETE", f"bridges/{bridge}")


def _ring(intent: intents.Ring, _: str) -> Command:
    channel = intent.channel_id
    method = "POST" if intent.on else "DELETE"
    return Command("Ring", channel, channel, method, f"channels/{part(channel)}/ring")


def _progress(intent: intents.Progress, _: str) -> Command:
    channel = intent.channel_id
    return Command("Progress", channel, channel, "POST", f"channels/{part(channel)}/progress")


def _send_keys(intent: intents.SendKeys, _: str) -> Command:
    """Asterisk itself waits at `w` and `W`."""
    uri = (
        f"channels/{part(intent.target)}/dtmf?dtmf={part(intent.digits)}"
        f"&between={BETWEEN_MS}&duration={KEY_MS}"
    )
    lasts_ms = LEAD_MS + sum(_PAUSES_MS.get(key, KEY_MS + BETWEEN_MS) for key in intent.digits)
    return Command(
        "SendKeys",
        intent.channel_id,
        intent.keys_id,
        "POST",
        uri,
        repeatable=False,
        lasts_ms=lasts_ms,
    )


def _send_tones(intent: intents.SendTones, _: str) -> Command:
    """In the sound alone, for Asterisk takes no keys for a channel that is not answered (412).

    `|` parts the tones: a comma would begin another sound.
    """
    tones = "|".join(_TONES.get(key) or f"!0/{_PAUSES_MS[key]}" for key in intent.digits)
    tones_id, bridge = intent.tones_id, intent.bridge_id
    return Command(
        "SendTones",
        intent.channel_id,
        tones_id,
        "POST",
        f"bridges/{bridge}/play/{tones_id}?media={part(f'tone:{tones}')}",
        repeatable=False,
        sought_at=f"playbacks/{tones_id}",
    )


BY_TYPE: dict[type[intents.Pbx], Callable[[Any, str], Command]] = {
    intents.BeginLeg: _begin_leg,
    intents.EndLeg: _end_leg,
    intents.MakeBridge: _make_bridge,
    intents.JoinBridge: _join_bridge,
    intents.LeaveBridge: _leave_bridge,
    intents.EndBridge: _end_bridge,
    intents.Ring: _ring,
    intents.Progress: _progress,
    intents.SendKeys: _send_keys,
    intents.SendTones: _send_tones,
}
