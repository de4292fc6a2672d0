"""What commands ask beside a running service: its database read-only, and its own REST API."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import aiohttp

from recordbridge.app.own_door import address, trust
from recordbridge.errors import ServiceAwayError
from recordbridge.ports.lists import Lists
from recordbridge.settings import Settings
from recordbridge.settings.sections import Account, Service
from recordbridge.store import open_reader

ANSWER_S = 600
"""How long the service may take: it makes 100,000 requests due again in a minute."""

_Found = TypeVar("_Found")


def look(settings: Settings, ask: Callable[[Lists], Awaitable[_Found]]) -> _Found:
    """Read in the database, whether the service runs or not. Raises StorageError."""

    async def read() -> _Found:
        async with open_reader(settings.database.url.get_secret_value()) as lists:
            return await ask(lists)

    return asyncio.run(read())


def replay(settings: Settings, account: str, path: str, filters: Mapping[str, str]) -> int:
    """POST to a Replay address of the running service; how many are sent again.

    Raises ServiceAwayError when it cannot be reached, KeyError for what it does not know.
    """
    found = settings.account(account)
    if found is None:
        raise KeyError(account)
    return asyncio.run(_replay(settings.service, found, path, filters))


async def _replay(service: Service, account: Account, path: str, filters: Mapping[str, str]) -> int:
    url = f"{address(service)}/v1/Account/{account.auth_id}/Delivery/{path}"
    token = account.auth_token[0].get_secret_value()
    headers = {"Authorization": aiohttp.encode_basic_auth(account.auth_id, token)}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(ANSWER_S, connect=5)) as http,
            http.post(url, json=dict(filters), headers=headers, ssl=trust(service)) as answer,
        ):
            said = await answer.json()
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise ServiceAwayError(
            f"the service does not answer at {address(service)} ({error})"
        ) from error
    if answer.status != 202:
        raise KeyError(str(said.get("error", answer.status)))
    return int(said["replayed"])
