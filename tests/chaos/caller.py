"""One call of the laboratory, as the carrier lives through it: the first half of the ledger."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

import aiohttp
import numpy as np

from recordbridge.instant import Instant, SystemClock
from tests.chaos.scenes import Scene
from tests.service.audio import Sound
from tests.service.carrier import Call, Carrier, Ear, Ended
from tests.service.keys import GoneError
from tests.service.service import ACCOUNT, TOKEN
from tests.service.steps import Step

clock = SystemClock()
LOUD = 500
"""A frame with more than that is a beep."""


@dataclass
class Entry:
    """What the carrier knows of a call. Instants are epoch ms."""

    scene: Scene
    caller: str
    heard: Sound | None = None
    """What the caller heard since `listened_at`."""
    listened_at: Instant | None = None
    answered_at: Instant | None = None
    ended_at: Instant | None = None
    spoke_at: Instant | None = None
    asked: list[tuple[str, Instant]] = field(default_factory=list)
    """Recordings that the REST API said it had begun, and when it said so."""
    rang: int = 0
    """How often the callee's phone was dialled for it."""
    pbx_died_at: Instant | None = None
    touched: set[str] = field(default_factory=set)
    """The faults that happened while it was there, or its recordings were not told of yet."""
    outages: list[tuple[Instant, Instant]] = field(default_factory=list)
    """When the service could do nothing, in its lane."""
    stuck: bool = False

    @property
    def over(self) -> bool:
        return self.ended_at is not None

    def beeped_until(self) -> Instant | None:
        """When the last beep that the caller heard ended; None: it heard none."""
        if self.heard is None or self.listened_at is None:
            return None
        loud = np.flatnonzero(self.heard.levels() > LOUD)
        return self.listened_at + (int(loud[-1]) + 1) * 20 if loud.size else None


class Caller:
    """Places a call and takes its part in it, to the end."""

    def __init__(
        self, carrier: Carrier, number: str, api: str, callback_url: str, entry: Entry
    ) -> None:
        self._carrier = carrier
        self._number = number
        self._api = api
        self._callback_url = callback_url
        self._ear: Ear | None = None
        self.patience_s = 0.0
        """Then it is stuck."""
        self.entry = entry
        self.call: Call | None = None

    async def live(self, call_uuid: asyncio.Future[str]) -> None:
        """`call_uuid` is what the application was told, for whoever asks the API."""
        entry, scene = self.entry, self.entry.scene
        steps: list[Step] = [self._listen] if scene.listens else []
        steps.append(self._speak)
        call = self.call = await self._carrier.call(self._number, steps, caller=entry.caller)
        asking = asyncio.create_task(self._ask(call, call_uuid))
        ended = await self._end(call)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        if call.is_answered:
            entry.answered_at = await call.answered()
        entry.spoke_at = call.spoke_at[0] if call.spoke_at else None
        if self._ear is not None:
            entry.listened_at = self._ear.began_at
            with suppress(GoneError):
                entry.heard = await self._ear.heard()
        entry.ended_at = ended.at

    async def _end(self, call: Call) -> Ended:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.patience_s):
                while True:
                    with suppress(TimeoutError):  # of a call's own patience
                        return await call.ended()
        self.entry.stuck = True
        await call.hang_up()
        return await call.ended()

    async def _listen(self, call: Call) -> None:
        self._ear = await call.listen()

    async def _speak(self, call: Call) -> None:
        scene = self.entry.scene
        await call.speak(scene.speaks_s)
        if scene.ends == "key":
            await call.press("#", 100)
        if scene.ends == "hangup":
            await call.hang_up()
        else:
            await call.silence(60)

    async def _ask(self, call: Call, call_uuid: asyncio.Future[str]) -> None:
        """Begin a recording over REST, as soon as somebody takes the request."""
        entry = self.entry
        if entry.scene.mode != "rest":
            return
        await call.answered()
        url = f"{self._api}/v1/Account/{ACCOUNT}/Call/{await call_uuid}/Record/"
        body = {
            "time_limit": 60,
            "file_format": "wav",
            "callback_url": self._callback_url,
            "callback_method": "POST",
        }
        headers = {
            "Idempotency-Key": f"chaos-{entry.caller}",
            "Authorization": aiohttp.encode_basic_auth(ACCOUNT, TOKEN),
        }
        async with aiohttp.ClientSession(headers=headers) as http:
            while not entry.asked:
                with suppress(aiohttp.ClientError):
                    async with http.post(url, json=body) as reply:
                        if reply.status == 202:
                            told = await reply.json()
                            entry.asked.append((told["recording_id"], clock()))
                await asyncio.sleep(0.2)
