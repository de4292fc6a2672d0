"""`recordbridge check --live`: Asterisks, database, object store and transcription (O-3)."""

from __future__ import annotations

import asyncio

from recordbridge import store
from recordbridge.app import transcripts, trusted
from recordbridge.app.storage import prove
from recordbridge.ari.diagnosis import diagnose
from recordbridge.errors import PbxUnavailableError
from recordbridge.instant import SystemClock
from recordbridge.settings import Settings
from recordbridge.settings.sections import Asterisk, Transcription
from recordbridge.settings.storage import Storage


def check_live(settings: Settings) -> list[str]:
    """What is wrong, one finished line each.

    Raises PbxUnavailableError when an Asterisk or the database cannot be reached; its message has
    a line for each fault, so that the others are told too.
    """
    url = settings.database.url.get_secret_value()
    return asyncio.run(_check(settings.asterisk, settings.storage, url, settings.transcription))


async def _check(
    asterisks: tuple[Asterisk, ...], kept: Storage, database: str, listens: Transcription
) -> list[str]:
    found = await asyncio.gather(*(_diagnose(each) for each in asterisks), return_exceptions=True)
    trouble = await prove(kept)
    lines = [f"storage: {trouble}"] if trouble else []
    if deaf := await transcripts.prove(listens):
        lines.append(f"transcription: {deaf}")
    away = False
    try:
        lines += [f"database: {each}" for each in await store.diagnose(database)]
    except store.AwayError as error:
        away = True
        lines.append(f"database: {error}")
    for asterisk, result in zip(asterisks, found, strict=True):
        if isinstance(result, PbxUnavailableError):
            away = True
            lines.append(f"asterisk {asterisk.name}: {result}")
        elif isinstance(result, BaseException):
            raise result
        else:
            lines += [f"asterisk {asterisk.name}: {each}" for each in result]
    if away:
        raise PbxUnavailableError("\n".join(lines))
    return lines


async def _diagnose(asterisk: Asterisk) -> list[str]:
    return await diagnose(
        asterisk.url,
        asterisk.username,
        asterisk.password.get_secret_value(),
        asterisk.app,
        recordings=asterisk.recordings,
        clock=SystemClock(),
        tls=trusted.asterisk(asterisk),
    )
