"""Transcribing through the service that runs: its REST API, for every account of the YAML file."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp

from recordbridge.app.batch_desk import GONE, Found
from recordbridge.app.own_door import address, trust
from recordbridge.errors import StorageError
from recordbridge.instant import Instant, to_text
from recordbridge.settings import Settings

TIMEOUT_S = 30.0
PAGE = 20


@contextlib.asynccontextmanager
async def rest_desk(settings: Settings) -> AsyncIterator[RestDesk | None]:
    """None when nobody listens at `service.listen`. Raises StorageError when it does not answer."""
    async with aiohttp.ClientSession(
        address(settings.service),
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
        connector=aiohttp.TCPConnector(ssl=trust(settings.service)),
        trust_env=False,
    ) as session:
        tokens = {each.auth_id: each.auth_token[0].get_secret_value() for each in settings.accounts}
        desk = RestDesk(session, tokens)
        yield desk if await desk.listens() else None


class RestDesk:
    """Implements `batch_desk.Desk`. It learns whose a recording is."""

    def __init__(self, session: aiohttp.ClientSession, tokens: Mapping[str, str]) -> None:
        self._session = session
        self._auth = {
            account: {"Authorization": aiohttp.encode_basic_auth(account, token)}
            for account, token in tokens.items()
        }
        self._owners: dict[str, str] = {}

    async def listens(self) -> bool:
        """Whether the service is there."""
        try:
            async with self._session.get("/healthz"):
                return True
        except aiohttp.ClientConnectorError:
            return False
        except (aiohttp.ClientError, TimeoutError) as error:
            raise StorageError(f"service.listen: it does not answer ({error})") from error

    async def known(self, recording_id: str) -> bool:
        """See the port."""
        for account in self._auth:
            status, _ = await self._ask(account, "GET", f"Recording/{recording_id}/")
            if status == 200:
                self._owners[recording_id] = account
                return True
        return False

    async def since(self, at: Instant) -> list[str]:
        """See the port."""
        found: list[tuple[str, str]] = []
        for account in self._auth:
            offset, more = 0, True
            while more:
                query: dict[str, str | int] = {
                    "add_time__gte": to_text(at),
                    "limit": PAGE,
                    "offset": offset,
                }
                _, page = await self._ask(account, "GET", "Recording/", query)
                found += [(each["add_time"], each["recording_id"]) for each in page["objects"]]
                self._owners |= {each["recording_id"]: account for each in page["objects"]}
                offset, more = offset + PAGE, page["meta"]["next"] is not None
        return [recording_id for _, recording_id in sorted(found)]

    async def found(self, recording_id: str) -> Found | None:
        """See the port."""
        account = self._owners[recording_id]
        status, said = await self._ask(account, "GET", f"Transcription/{recording_id}/")
        if status == 404:
            return None
        return Found(said["status"] == "in-progress", said["error"], said["engine"])

    async def ask(self, recording_id: str, model: str) -> str:
        """See the port."""
        account = self._owners[recording_id]
        body = {"model": model} if model else {}
        path = f"Transcription/{recording_id}/"
        status, said = await self._ask(account, "POST", path, body=body)
        if status == 404:
            return GONE
        return "" if status == 202 else str(said["error"])

    async def _ask(
        self,
        account: str,
        method: str,
        path: str,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:
        try:
            async with self._session.request(
                method,
                f"/v1/Account/{account}/{path}",
                params=query,
                json=body,
                headers=self._auth[account],
            ) as answer:
                said = await answer.json()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise StorageError(f"the service does not answer: {error}") from error
        if answer.status == 401 or answer.status >= 500:
            raise StorageError(f"the service answers {answer.status}: {said.get('error', '')}")
        return answer.status, said
