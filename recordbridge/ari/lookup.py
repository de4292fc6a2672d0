"""What of a call is on Asterisk right now: asked object by object, because nothing lists them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from typing import NamedTuple, TypeVar
from urllib.parse import quote

import msgspec
from msgspec.structs import replace

from recordbridge import instant
from recordbridge.ari import events, headers
from recordbridge.ari.facts import SNOOP, Routed, Translator
from recordbridge.ari.rest import RestClient, failure
from recordbridge.errors import PbxUnavailableError
from recordbridge.machine.facts import CallEntered, Fact, LegAnswered, LegRinging, PbxSeen

_T = TypeVar("_T")


class _Application(msgspec.Struct):
    channel_ids: list[str] = []


class _State(msgspec.Struct):
    state: str = ""
    target_uri: str = ""


_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_STASIS = "Stasis"
_RUNNING = frozenset(("queued", "recording", "paused"))


class Asked(NamedTuple):
    """The application, the call's channel in it, and the ids of what may still run."""

    app: str
    channel_id: str
    captures: list[str]
    snoops: list[str]
    playbacks: list[str]
    legs: list[str]


class Found(NamedTuple):
    """What is there; channel by playback; and how far the legs have come (LegRinging, ...)."""

    seen: PbxSeen
    playing: dict[str, str]
    progress: list[Fact]


async def look(rest: RestClient, asked: Asked, clock: instant.Clock) -> Found:
    """See `ports.pbx.Pbx.look`. Raises PbxUnavailableError.

    `live` is what still writes: a recording that has ended answers `done` for a moment.
    """
    ours, channel, live, present, playing, legs = await asyncio.gather(
        _get(rest, f"applications/{quote(asked.app, safe='')}", _Application),
        _get(rest, f"channels/{quote(asked.channel_id, safe='')}", events.Channel),
        _states(rest, "recordings/live", asked.captures),
        _states(rest, "channels", asked.snoops),
        _states(rest, "playbacks", asked.playbacks),
        _states(rest, "channels", asked.legs),
    )
    here = ours is not None and asked.channel_id in ours.channel_ids and _in_stasis(channel)
    now = clock()
    playing = [each for each in playing if each[1].state not in ("done", "failed")]
    seen = PbxSeen(
        at=now,
        channel=here,
        exists=channel is not None,
        answered=channel is not None and channel.state == "Up",
        live=tuple(name for name, each in live if each.state in _RUNNING),
        snoops=tuple(name for name, _ in present),
        playbacks=tuple(name for name, _ in playing),
        legs=tuple(name for name, _ in legs),
    )
    targets = {name: each.target_uri.removeprefix("channel:") for name, each in playing}
    return Found(seen, targets, [fact for each in legs for fact in _progress(*each, now)])


def _progress(leg_id: str, leg: _State, now: instant.Instant) -> list[Fact]:
    if leg.state == "Up":
        return [LegAnswered(leg_id, now)]
    return [LegRinging(leg_id, now)] if leg.state == "Ringing" else []


async def calls_present(
    rest: RestClient, app: str, translator: Translator, now: int
) -> list[Routed]:
    """CallEntered of every main channel that is in the application now.

    For calls that entered while nobody listened, or whose first fact was lost with the process.
    """
    application = await _get(rest, f"applications/{quote(app, safe='')}", _Application)
    found = await asyncio.gather(
        *(
            _get(rest, f"channels/{quote(each, safe='')}", events.Channel)
            for each in (application.channel_ids if application else ())
            if translator.is_main_id(each)
        )
    )
    present = [each for each in found if each is not None and _in_stasis(each)]
    return await asyncio.gather(*(_entry(rest, translator, each, now) for each in present))


async def find(rest: RestClient, translator: Translator, call: str) -> CallEntered | None:
    """See `ports.pbx.Pbx.find`."""
    channel = await _get(rest, f"channels/{quote(call, safe='')}", events.Channel)
    if channel is None and _UUID.fullmatch(call):
        channels = await _get(rest, "channels", list[events.Channel]) or []
        named = (each for each in channels if translator.uuid_of(each.id) == call)
        channel = next(named, None)
    if channel is None or channel.name.startswith(SNOOP):
        return None
    began = translator.at(channel.creationtime)
    return translator.entered(channel, [], began)[1]


async def _entry(
    rest: RestClient, translator: Translator, channel: events.Channel, now: int
) -> Routed:
    """Its entry as it was told, or would have been: with arguments and headers."""
    skipped = 1 if channel.dialplan.app_name == _STASIS else 2  # timeout and expression
    args = channel.dialplan.app_data.split(",")[skipped:]
    call, entered = translator.entered(channel, args, now)
    names = headers.told_names(channel, args)
    if names == []:
        return call, entered
    return call, replace(entered, headers=await headers.read(rest.exchange, channel.id, names))


def _in_stasis(channel: events.Channel | None) -> bool:
    """An application lists channels that have left it as long as it is subscribed to them."""
    return channel is not None and channel.dialplan.app_name in (_STASIS, "StasisBroadcast")


async def exists(rest: RestClient, uri: str) -> bool:
    """Whether Asterisk has the object. Raises PbxUnavailableError."""
    return await _get(rest, uri, msgspec.Raw) is not None


async def _states(rest: RestClient, kind: str, names: Iterable[str]) -> list[tuple[str, _State]]:
    """Names and states of those that are there."""
    wanted = list(names)
    found = await asyncio.gather(
        *(_get(rest, f"{kind}/{quote(name, safe='')}", _State) for name in wanted)
    )
    return [(name, each) for name, each in zip(wanted, found, strict=True) if each]


async def _get(rest: RestClient, uri: str, kind: type[_T]) -> _T | None:
    reply = await rest.exchange("GET", uri)
    if reply.status == 404:
        return None
    if reply.status >= 400:
        raise PbxUnavailableError(str(failure(f"GET {uri}", reply)))
    return msgspec.json.decode(reply.body, type=kind)
