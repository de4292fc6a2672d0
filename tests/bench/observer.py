"""A third socket that only looks: when calls came in, when recordings began and were closed.

It subscribes to everything, which costs Asterisk something, so it is used in turns of its own.
Instants are those of Asterisk's events, in ms.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import connect

from recordbridge.instant import from_asterisk
from tests.bench.rigged import Rig

APP = "bench-observer"
EVENTS = (
    *("ChannelDialplan", "ChannelStateChange", "ChannelDtmfReceived"),
    *("RecordingStarted", "RecordingFinished"),
)


@dataclass
class Observed:
    """Instants by channel id (the first three) and by recording name."""

    entered: dict[str, int] = field(default_factory=dict)
    answered: dict[str, int] = field(default_factory=dict)
    keyed: dict[str, int] = field(default_factory=dict)
    """The first key, when it was released."""
    started: dict[str, int] = field(default_factory=dict)
    finished: dict[str, int] = field(default_factory=dict)

    def take(self, event: dict[str, Any]) -> None:
        """Note what an event tells."""
        kind, at = event["type"], from_asterisk(event["timestamp"])
        if kind == "ChannelDialplan" and event["dialplan_app"] == "Stasis":
            self.entered[event["channel"]["id"]] = at
        elif kind == "ChannelStateChange" and event["channel"]["state"] == "Up":
            self.answered[event["channel"]["id"]] = at
        elif kind == "ChannelDtmfReceived":
            self.keyed.setdefault(event["channel"]["id"], at)
        elif kind == "RecordingStarted":
            self.started[event["recording"]["name"]] = at
        elif kind == "RecordingFinished":
            self.finished[event["recording"]["name"]] = at


@contextlib.asynccontextmanager
async def observing(rig: Rig) -> AsyncIterator[Observed]:
    """Observe the pbx while the block runs."""
    observed = Observed()
    user, password = rig["RECORDBRIDGE_ASTERISK_USER"], rig["RECORDBRIDGE_ASTERISK_PASSWORD"]
    secret = base64.b64encode(f"{user}:{password}".encode()).decode()
    allowed = json.dumps({"allowed": [{"type": each} for each in (*EVENTS, "RESTResponse")]})
    async with connect(
        f"{rig['RECORDBRIDGE_ASTERISK_URL'].replace('http', 'ws', 1)}/ari/events"
        f"?app={APP}&subscribeAll=true",
        additional_headers={"Authorization": f"Basic {secret}"},
        max_queue=None,
        proxy=None,
    ) as socket:
        await socket.send(
            json.dumps(
                {
                    "type": "RESTRequest",
                    "method": "PUT",
                    "uri": f"applications/{APP}/eventFilter",
                    "content_type": "application/json",
                    "message_body": allowed,
                }
            )
        )

        async def read() -> None:
            async for message in socket:
                event = json.loads(message)
                if event["type"] in EVENTS:
                    observed.take(event)

        reader = asyncio.create_task(read())
        try:
            yield observed
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)
