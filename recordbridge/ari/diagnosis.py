"""What is wrong with an Asterisk, for `recordbridge check --live` (O-3).

Asks only; nothing is recorded, and no application is connected, so that a running service is
not disturbed.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from pathlib import Path

import msgspec

from recordbridge import instant
from recordbridge.ari import trouble
from recordbridge.ari.rest import RestClient
from recordbridge.ari.skew import measure_offset
from recordbridge.ari.version import OLDEST, too_old
from recordbridge.errors import PbxError, PbxGoneError, PbxRefusedError, PbxUnavailableError

MOST_SKEW_MS = 50
MODULES: dict[str, str] = {
    "res_stasis_snoop.so": "without it nothing can be recorded",
    "res_stasis_recording.so": "without it nothing can be recorded",
    "res_stasis_playback.so": "without it there are no prompts and beeps",
    "res_ari_channels.so": "without it calls cannot be controlled",
    "res_ari_recordings.so": "without it recordings cannot be stopped or fetched",
    "res_ari_playbacks.so": "without it prompts cannot be stopped",
    "res_ari_applications.so": "without it events cannot be filtered",
    "res_ari_events.so": "without it there are no events",
    "res_ari_bridges.so": "without it Dial cannot connect anybody",
    "bridge_simple.so": "without it Dial cannot connect anybody",
    "bridge_holding.so": "without it Dial cannot ring anybody",
    "func_callerid.so": "without it a called party does not see who calls",
    "app_stasis.so": "without it the dialplan cannot hand calls over",
    "format_wav.so": "without it there are no WAV files",
    "func_talkdetect.so": "without it talk goes unheard in stereo or at another silence_threshold",
}
SOUNDS_BY_URL: dict[str, str] = {
    "res_curl.so": "without it Play and Speak need asterisk[].recordings",
    "res_http_media_cache.so": "without it Play and Speak need asterisk[].recordings",
}
"""Needed where the recording folder is not shared."""
_PROBE = "recordings/stored/rb-check-there-is-no-such-recording"


class _System(msgspec.Struct):
    version: str = ""


class _Info(msgspec.Struct):
    system: _System = msgspec.field(default_factory=_System)


class _Module(msgspec.Struct):
    name: str
    status: str = ""


async def diagnose(
    url: str,
    username: str,
    password: str,
    app: str,
    *,
    recordings: Path | None,
    clock: instant.Clock,
    tls: ssl.SSLContext | None = None,
) -> list[str]:
    """One plain sentence for each thing that is wrong; empty when all is well.

    A wrong password is told alone. Raises PbxUnavailableError with such a sentence when Asterisk
    cannot be reached.
    """
    place = trouble.Place(url, username, app)
    async with RestClient(url, username, password, tls) as rest:
        try:
            found = await _version(rest)
            found += await _clock(rest, clock)
        except PbxUnavailableError as error:
            raise PbxUnavailableError(trouble.sentence(error, place)) from error
        except PbxError as error:
            return [trouble.sentence(error, place)]
        found += await _modules(rest, MODULES if recordings else MODULES | SOUNDS_BY_URL)
        found += await _permission(rest, place)
    if recordings is not None:
        found += await asyncio.to_thread(folder_trouble, recordings)
    return found


async def _version(rest: RestClient) -> list[str]:
    body = await rest.request("GET", "asterisk/info?only=system")
    version = msgspec.json.decode(body, type=_Info).system.version
    if too_old(version):
        return [f"Asterisk {version} is too old: {OLDEST[0]}.{OLDEST[1]} is the oldest that works"]
    return []


async def _clock(rest: RestClient, clock: instant.Clock) -> list[str]:
    offset = await measure_offset(rest, clock)
    if abs(offset) <= MOST_SKEW_MS:
        return []
    lead = "ahead of" if offset > 0 else "behind"
    return [
        f"Asterisk's clock is {abs(offset)} ms {lead} ours: let both follow the same NTP server"
    ]


async def _modules(rest: RestClient, needed: dict[str, str]) -> list[str]:
    try:
        body = await rest.request("GET", "asterisk/modules")
    except PbxError as error:
        return [f"the modules cannot be listed ({error})"]
    listed = msgspec.json.decode(body, type=list[_Module])
    running = {each.name for each in listed if each.status == "Running"}
    return [
        f"{name} is not loaded: {why}; add `load = {name}` to modules.conf"
        for name, why in needed.items()
        if name not in running
    ]


async def _permission(rest: RestClient, place: trouble.Place) -> list[str]:
    """A user that may only read is refused before the name is looked up."""
    try:
        await rest.request("DELETE", _PROBE)
    except PbxGoneError:
        return []
    except PbxRefusedError as error:
        return [trouble.sentence(error, place)]
    except PbxError as error:
        return [str(error)]
    return []


def folder_trouble(recordings: Path) -> list[str]:
    """What is wrong with a shared recording folder, at most one sentence."""
    if not recordings.is_dir():
        where = f"{recordings} (asterisk[].recordings) is not a folder here"
        return [f"{where}: mount Asterisk's recording folder there, or leave the key out"]
    if not os.access(recordings, os.R_OK | os.X_OK):
        return [f"{recordings} (asterisk[].recordings) may not be read by this user"]
    return []
