"""ARI's requests around a Dial: creating and dialling channels, ringing, keys, bridges."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.fakeari.bridge import Bridge, Tones
from tests.fakeari.channels import MainChannel
from tests.fakeari.leg import Leg

if TYPE_CHECKING:
    from tests.fakeari.fake import FakeAsterisk

Reply = tuple[int, object]
Query = dict[str, str]
NO_CONTENT: Reply = (204, None)
PAUSES_S = {"w": 0.5, "W": 1.0}
NOT_IN_STASIS: Reply = (409, {"message": "Channel not in Stasis application"})
NO_BRIDGE: Reply = (404, {"message": "Bridge not found"})
ID_TAKEN: Reply = (409, {"message": "Channel with given unique ID already exists"})


class Dialling:
    """Carries these requests out on the fake's state."""

    def __init__(self, pbx: FakeAsterisk) -> None:
        self._pbx = pbx
        self._last_error: Reply = (500, {"error": "Allocation failed"})

    def create(self, query: Query, body: object) -> Reply:
        """Of an endpoint that does not exist Asterisk tells the error it had before."""
        pbx, leg_id = self._pbx, query["channelId"]
        technology, _, resource = query["endpoint"].partition("/")
        if not technology or not resource:
            return 400, {"message": "Invalid endpoint specified"}
        if leg_id in pbx.channels or leg_id in pbx.entering:
            self._last_error = ID_TAKEN
            return ID_TAKEN
        if technology != "PJSIP" or "@carrier" not in resource:
            return self._last_error
        variables = body.get("variables", {}) if isinstance(body, dict) else {}
        leg = Leg(pbx, leg_id, query["app"], query["endpoint"], variables)
        leg.args = query["appArgs"].split(",")
        if query["originator"] in pbx.channels:
            pbx.subscribed.add(query["originator"])
        pbx.entering[leg_id] = leg
        pbx.later(leg.enter)
        return 200, leg.described()

    async def on_channel(
        self, method: str, action: str, channel: MainChannel, query: Query
    ) -> Reply | None:
        """None for an action that is no matter of a Dial."""
        if action == "dial":
            return self._dial(channel, query)
        if action == "ring":
            channel.ring(on=method == "POST")
            return NO_CONTENT
        if action == "progress":
            return NO_CONTENT
        if action == "dtmf":
            return self._keys(channel, query)
        return None

    def _dial(self, channel: MainChannel, query: Query) -> Reply:
        if not isinstance(channel, Leg) or channel.state != "Down":
            return 409, {"message": "Channel is not in the 'Down' state"}
        channel.dial(float(query["timeout"]))
        return NO_CONTENT

    def _keys(self, channel: MainChannel, query: Query) -> Reply:
        if isinstance(channel, Leg) and channel.state != "Up":
            return 412, {"message": "Channel in invalid state"}
        if not query["dtmf"]:
            return 400, {"message": "DTMF is required"}

        async def send() -> None:
            await asyncio.sleep(0.1)
            for key in query["dtmf"]:
                if key in PAUSES_S:
                    await asyncio.sleep(PAUSES_S[key])
                else:
                    await asyncio.sleep((int(query["duration"]) + int(query["between"])) / 1000)
                    channel.keys_heard += key

        channel.queue(send)
        return NO_CONTENT

    async def bridges(self, method: str, parts: list[str], query: Query, body: object) -> Reply:
        if parts == []:
            return 200, [each.described() for each in self._pbx.bridges.values()]
        pbx, bridge = self._pbx, self._pbx.bridges.get(parts[0])
        if parts[1:] == [] and method == "POST":
            if bridge is not None:
                return 409, {"message": f"Bridge with id '{parts[0]}' already exists"}
            pbx.bridges[parts[0]] = bridge = Bridge(parts[0], query.get("type", "mixing"))
            return 200, bridge.described()
        if bridge is None:
            return NO_BRIDGE
        if method == "DELETE":
            bridge.end()
            del pbx.bridges[parts[0]]
            return NO_CONTENT
        if parts[1:] == ["addChannel"]:
            return await self._join(bridge, query["channel"].split(","))
        if parts[1:2] == ["play"]:
            tones = Tones(pbx, parts[2], bridge, query["media"])
            tones.begin()
            return 201, tones.described()
        if parts[1:] == ["removeChannel"]:
            return await self._leave(bridge, query["channel"])
        return 200, bridge.described()

    async def _leave(self, bridge: Bridge, name: str) -> Reply:
        member = self._pbx.channels.get(name)
        if not isinstance(member, MainChannel):
            return 400, {"message": "Channel not found"}
        if not await member.reached() or member.bridge is not bridge:
            return 422, {"message": "Channel not in this bridge"}
        bridge.leave(member)
        return NO_CONTENT

    async def _join(self, bridge: Bridge, names: list[str]) -> Reply:
        """One after the other, each when its queue has come to it."""
        members = [self._pbx.channels.get(name) for name in names]
        for member in members:
            if not isinstance(member, MainChannel):
                return 400, {"message": "Channel not found"}
        for member in members:
            assert isinstance(member, MainChannel)
            if not await member.reached():
                return NOT_IN_STASIS
            bridge.join(member)
        return NO_CONTENT
