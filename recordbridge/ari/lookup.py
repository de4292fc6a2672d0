"""What of a call is on Asterisk right now; and the calls that are there and nobody knows of."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from typing import NamedTuple, TypeVar
from urllib.parse import quote

import msgspec
from msgspec.structs import replace

from recordbridge import instant
from recordbridge.ari import dialling, events, headers, variables
from recordbridge.ari.facts import SNOOP, Routed, Translator
from recordbridge.ari.rest import RestClient, failure
from recordbridge.errors import PbxUnavailableError
from recordbridge.machine.facts import CallEntered, Fact, LegAnswered, LegRinging, PbxSeen
from recordbridge.ports.pbx import Belongings, Survey

_T = TypeVar("_T")


class _State(msgspec.Struct):
    state: str = ""
    target_uri: str = ""


_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_STASIS = "Stasis"
_RUNNING = frozenset(("queued", "recording", "paused"))


class Found(NamedTuple):
    """What is there; channel by playback; and how far the legs have come (LegRinging, ...)."""

    seen: PbxSeen
    playing: dict[str, str]
    progress: list[Fact]


async def look(
    rest: RestClient,
    channel_id: str,
    survey: Survey,
    of: Belongings,
    captures: list[str],
    playbacks: list[str],
    clock: instant.Clock,
) -> Found:
    """See `ports.pbx.Pbx.look`; `of` is what the survey has of that call.

    `live` is what still writes: a recording that has ended answers `done` for a moment.
    """
    live, playing, undialled = await asyncio.gather(
        _states(rest, "recordings/live", captures),
        _states(rest, "playbacks", playbacks),
        _undialled(rest, [leg for leg, state in of.legs.items() if state == "Down"]),
    )
    now = clock()
    playing = [each for each in playing if each[1].state not in ("done", "failed")]
    seen = PbxSeen(
        at=now,
        channel=channel_id in survey.calls,
        exists=channel_id in survey.channels,
        answered=survey.channels.get(channel_id) == "Up",
        up_since=survey.up_since,
        live=tuple(name for name, each in live if each.state in _RUNNING),
        stored=tuple(of.stored),
        snoops=tuple(of.snoops),
        playbacks=tuple(name for name, _ in playing),
        legs=tuple(of.legs),
        undialled=undialled,
        bridges=of.bridges,
    )
    targets = {name: each.target_uri.removeprefix("channel:") for name, each in playing}
    progress = [fact for leg, state in of.legs.items() for fact in _progress(leg, state, now)]
    return Found(seen, targets, progress)


async def _undialled(rest: RestClient, down: list[str]) -> tuple[str, ...]:
    """Those that nobody has begun to dial: the others may ring, though nothing shows it yet."""
    marks = await asyncio.gather(
        *(variables.read(rest.exchange, leg, dialling.DIALLED) for leg in down)
    )
    return tuple(leg for leg, mark in zip(down, marks, strict=True) if not mark)


def _progress(leg_id: str, state: str, now: instant.Instant) -> list[Fact]:
    if state == "Up":
        return [LegAnswered(leg_id, now)]
    return [LegRinging(leg_id, now)] if state == "Ringing" else []


async def calls_present(
    rest: RestClient, survey: Survey, translator: Translator, now: int
) -> list[Routed]:
    """CallEntered of every main channel that is in the application.

    For calls that entered while nobody listened, or whose first fact was lost with the process.
    """
    found = await asyncio.gather(
        *(
            get(rest, f"channels/{quote(each, safe='')}", events.Channel)
            for each in survey.calls
            if translator.is_main_id(each)
        )
    )
    present = [each for each in found if each is not None]
    return await asyncio.gather(*(_entry(rest, translator, each, now) for each in present))


async def find(rest: RestClient, translator: Translator, call: str) -> CallEntered | None:
    """See `ports.pbx.Pbx.find`."""
    channel = await get(rest, f"channels/{quote(call, safe='')}", events.Channel)
    if channel is None and _UUID.fullmatch(call):
        channels = await get(rest, "channels", list[events.Channel]) or []
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


async def exists(rest: RestClient, uri: str) -> bool:
    """Whether Asterisk has the object. Raises PbxUnavailableError."""
    return await get(rest, uri, msgspec.Raw) is not None


async def _states(rest: RestClient, kind: str, names: Iterable[str]) -> list[tuple[str, _State]]:
    """Names and states of those that are there."""
    wanted = list(names)
    found = await asyncio.gather(
        *(get(rest, f"{kind}/{quote(name, safe='')}", _State) for name in wanted)
    )
    return [(name, each) for name, each in zip(wanted, found, strict=True) if each]


async def get(rest: RestClient, uri: str, kind: type[_T]) -> _T | None:
    """What Asterisk has there, if anything. Raises PbxUnavailableError."""
    reply = await rest.exchange("GET", uri)
    if reply.status == 404:
        return None
    if reply.status >= 400:
        raise PbxUnavailableError(str(failure(f"GET {uri}", reply)))
    return msgspec.json.decode(reply.body, type=kind)
