"""Channels of another worker's application come into ours (N-6).

Measured on 22.10: a channel that is moved stays in its bridge and rings on; only behind a playback
or a recording of its own the move waits, and until then the subscription tells what happens. So
nobody hears anything of it. Snoops stay where they are, and end with the recording or by their id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import quote

from recordbridge.ari import lookup
from recordbridge.ari.command import part
from recordbridge.ari.events import MOVED, Channel
from recordbridge.ari.rest import RestClient, failure
from recordbridge.ari.survey import IN_STASIS, Application
from recordbridge.errors import PbxUnavailableError

_GONE = (400, 404, 409, 412, 422)
"""It has ended meanwhile, or is in no application."""


async def bring_in(
    rest: RestClient, app: str, channels: list[str], others: list[str], bridges: list[str]
) -> None:
    """See `ports.pbx.Pbx.bring_in`. Hears of them first, so that no end is missed."""
    sources = [f"channel:{each}" for each in (*channels, *others)]
    sources += [f"bridge:{each}" for each in bridges]
    subscribe = f"applications/{part(app)}/subscription?eventSource="
    await asyncio.gather(*(_post(rest, subscribe + part(each)) for each in sources))
    await asyncio.gather(
        *(
            _post(rest, f"channels/{part(each)}/move?app={part(app)}&appArgs={MOVED}")
            for each in channels
        )
    )


async def send_on(rest: RestClient, channel_id: str, app: str, args: Mapping[str, str]) -> None:
    """See `ports.pbx.Pbx.send_on`."""
    words = ",".join(f"{name}={value}" for name, value in args.items())
    uri = f"channels/{part(channel_id)}/move?app={part(app)}"
    await _post(rest, f"{uri}&appArgs={part(words)}" if words else uri)


async def _post(rest: RestClient, uri: str) -> None:
    reply = await rest.exchange("POST", uri)
    if reply.status >= 400 and reply.status not in _GONE:
        raise PbxUnavailableError(str(failure(f"POST {uri}", reply)))


async def in_application(rest: RestClient, app: str) -> list[str]:
    """Channels that are in the application; it lists others that it is subscribed to as well."""
    application = await lookup.get(rest, f"applications/{quote(app, safe='')}", Application)
    if application is None:
        return []
    found = await asyncio.gather(
        *(
            lookup.get(rest, f"channels/{quote(each, safe='')}", Channel)
            for each in application.channel_ids
        )
    )
    return [each.id for each in found if each is not None and each.dialplan.app_name in IN_STASIS]
