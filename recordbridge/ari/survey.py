"""What an Asterisk has of ours, in a few requests however many calls there are (N-3).

Channels, bridges and stored recordings bear the name of their call. Live recordings and playbacks
are in no list; `lookup` asks for those one by one.
"""

from __future__ import annotations

import asyncio
from typing import TypeVar
from urllib.parse import quote

import msgspec

from recordbridge import ids, instant
from recordbridge.ari import events, lookup
from recordbridge.ari.facts import SNOOP
from recordbridge.ari.recordings import StoredRecordings
from recordbridge.ari.rest import RestClient
from recordbridge.errors import PbxUnavailableError
from recordbridge.ports.pbx import Belongings, Survey

_T = TypeVar("_T")
IN_STASIS = ("Stasis", "StasisBroadcast")
ASTERISKS_OWN = ("Announcer/", "Recorder/")
"""Channels by which Asterisk plays into a bridge, or records one: no party's."""


class Application(msgspec.Struct):
    channel_ids: list[str] = []


class _Bridge(msgspec.Struct):
    id: str
    channels: list[str] = []


class _Status(msgspec.Struct):
    startup_time: str = ""


class _Info(msgspec.Struct):
    status: _Status


async def survey(rest: RestClient, app: str, recordings: StoredRecordings) -> Survey:
    """Ask for all of it. Raises PbxUnavailableError."""
    info, application, channels, bridges, stored = await asyncio.gather(
        _there(rest, "asterisk/info?only=status", _Info),
        lookup.get(rest, f"applications/{quote(app, safe='')}", Application),
        _there(rest, "channels", list[events.Channel]),
        _there(rest, "bridges", list[_Bridge]),
        recordings.names(ids.OBJECT_PREFIX),
    )
    ours: set[str] = set()
    if application is not None:  # without a channel or a connection it is not there
        ours.update(application.channel_ids)
    found = Survey(
        up_since=instant.from_asterisk(info.status.startup_time),
        ours=ours,
        channels={},
        calls={},
        belongings={},
    )
    for channel in channels:
        note(found, channel)
    for bridge in bridges:
        if (of := _owner(found, bridge.id)) is not None:
            of.bridges[bridge.id] = tuple(bridge.channels)
    for name in stored:
        if (of := _owner(found, name)) is not None:
            of.stored.append(name)
    return found


def _owner(found: Survey, object_id: str) -> Belongings | None:
    """Where to note it; None for what is not of our making."""
    made = ids.parse_object_id(object_id)
    return None if made is None else found.belongings.setdefault(made.call, Belongings())


def note(found: Survey, channel: events.Channel) -> None:
    """What that channel is."""
    if channel.name.startswith(ASTERISKS_OWN):
        return
    if not channel.id.startswith(ids.OBJECT_PREFIX):
        # An application lists channels that have left it as long as it is subscribed to them.
        found.channels[channel.id] = channel.state
        if channel.id in found.ours and channel.dialplan.app_name in IN_STASIS:
            found.calls[channel.id] = channel.state == "Up"
        return
    of = _owner(found, channel.id)
    if of is None:
        return
    if channel.name.startswith(SNOOP):
        of.snoops.append(channel.id)
        return
    of.legs[channel.id] = channel.state


async def _there(rest: RestClient, uri: str, kind: type[_T]) -> _T:
    found = await lookup.get(rest, uri, kind)
    if found is None:
        raise PbxUnavailableError(f"GET {uri}: Asterisk does not know it")
    return found
