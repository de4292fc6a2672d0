"""The real Asterisk of the test session, and calls placed on it from its carrier.

One rig for each test process (so for each xdist worker), on ports of its own; or, when
`RECORDBRIDGE_ASTERISK_URL` is set, the one that runs already. `RIG_RELEASE` chooses another
release than the rig's default.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import aiohttp

ROOT = Path(__file__).parents[2]
RIG = [sys.executable, str(ROOT / "asterisk" / "rig")]
ANSWER_AFTER_S = 3
"""How long callees of the script `answer-late` ring, if nobody says anything else."""
_count = itertools.count(1)


@contextmanager
def running(state: Path, **settings: str) -> Iterator[Mapping[str, str]]:
    """The facts of a rig (`rig env`): the user's own one, or one that lives as long as this.

    `settings` are variables of the rig (asterisk/README.md).
    """
    if "RECORDBRIDGE_ASTERISK_URL" in os.environ:
        yield os.environ
        return
    environ = os.environ | {"RIG_STATE": str(state)} | settings
    release = ("--release", environ["RIG_RELEASE"]) if "RIG_RELEASE" in environ else ()
    _rig("up", "--pick-ports", *release, environ=environ)
    try:
        told = _rig("env", environ=environ)
        yield dict(re.findall(r"^export (\w+)=(.*)$", told, re.MULTILINE))
    finally:
        _rig("down", environ=environ)


async def cleared(facts: Mapping[str, str]) -> None:
    """Take the channels and bridges away that a test has left on the pbx."""
    user, password, url = (
        facts[f"RECORDBRIDGE_ASTERISK_{name}"] for name in ("USER", "PASSWORD", "URL")
    )
    token = aiohttp.encode_basic_auth(user, password)
    async with aiohttp.ClientSession(headers={"Authorization": token}) as http:
        for kind in ("channels", "bridges"):
            async with http.get(f"{url}/ari/{kind}") as response:
                left = await response.json()
            for each in left:  # one that ends by itself meanwhile is no matter
                async with http.delete(f"{url}/ari/{kind}/{quote(str(each['id']), safe='')}"):
                    pass


def _rig(*words: str, environ: Mapping[str, str]) -> str:
    done = subprocess.run(
        [*RIG, *words], env=environ, capture_output=True, text=True, check=False, timeout=600
    )
    if done.returncode:
        raise RuntimeError(f"rig {words[0]} failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


class RigCall:
    """The far end of a call: a channel of the carrier's."""

    def __init__(self, carrier: Carrier, channel_id: str) -> None:
        self._carrier = carrier
        self.channel_id = channel_id

    async def press(self, key: str, *, duration_ms: int = 100) -> None:
        """Press the key while whatever is being said goes on."""
        await self._carrier.press(self.channel_id, key, duration_ms)
        await asyncio.sleep(duration_ms / 1000)

    async def hangup(self) -> None:
        """Put the phone down."""
        await self._carrier.hangup(self.channel_id)

    async def packets_heard(self) -> int:
        """RTP packets that it has received, also before the answer."""
        return await self._carrier.packets_heard(self.channel_id)

    async def rings(self) -> None:
        """Until it is told that the other end rings (180)."""
        while await self._carrier.state(self.channel_id) != "Ringing":
            await asyncio.sleep(0.02)


class RigCallee:
    """The far end of a leg: a channel that the pbx dialled on the carrier."""

    def __init__(self, carrier: Carrier, channel: Mapping[str, Any]) -> None:
        self._carrier = carrier
        self._id = channel["id"]
        self.caller_name: str = channel["caller"]["name"]
        self.caller_number: str = channel["caller"]["number"]

    async def press(self, key: str, *, duration_ms: int = 100) -> None:
        """Press the key while whatever is being said goes on."""
        await self._carrier.press(self._id, key, duration_ms)
        await asyncio.sleep(duration_ms / 1000)

    async def hangup(self) -> None:
        """Put the phone down."""
        await self._carrier.hangup(self._id)

    async def header(self, name: str) -> str:
        """A header of the INVITE."""
        return await self._carrier.variable(self._id, f"PJSIP_HEADER(read,{name})")

    async def keys(self) -> str:
        """The four keys that it heard (script `hears-keys`)."""
        while not (heard := await self._carrier.variable(self._id, "RIG_HEARD")):
            await asyncio.sleep(0.05)
        return heard


class Carrier:
    """Places calls to the pbx. Use as an async context manager."""

    def __init__(self, facts: Mapping[str, str]) -> None:
        self._url = facts["RIG_CARRIER_URL"] + "/ari/"
        self._ami = int(facts["RIG_CARRIER_AMI"])
        self._user = facts["RIG_CARRIER_USER"]
        self._password = facts["RIG_CARRIER_PASSWORD"]
        self._http: aiohttp.ClientSession | None = None
        self._calls: list[str] = []

    async def __aenter__(self) -> Self:
        token = aiohttp.encode_basic_auth(self._user, self._password)
        self._http = aiohttp.ClientSession(headers={"Authorization": token})
        return self

    async def __aexit__(self, *_: object) -> None:
        for each in self._calls:
            await self.hangup(each)
        for callee in await self._callees():
            await callee.hangup()
        assert self._http is not None
        await self._http.close()

    async def call(
        self,
        dialled: str = "100",
        *,
        talk_s: float = 3.0,
        then: str = "silence",
        caller: str = "15551230001",
        headers: dict[str, str] | None = None,
    ) -> RigCall:
        """The caller talks from the answer on; `then` it is silent, or sends nothing (`mute`)."""
        channel_id = f"test-{os.getpid()}-{next(_count)}"
        self._calls.append(channel_id)
        query = {
            "endpoint": f"PJSIP/{dialled}@pbx",
            "context": "scripts",
            "extension": f"talk-then-{then}",
            "priority": "1",
            "callerId": caller,
            "channelId": channel_id,
        }
        variables = {"RIG_TALK_S": f"{talk_s:g}", "RIG_HOLD_S": "60"}
        for name, value in (headers or {}).items():
            variables[f"PJSIP_HEADER(add,{name})"] = value
        await self._ask("POST", "channels", query, {"variables": variables})
        return RigCall(self, channel_id)

    async def answers_late_after(self, seconds: float) -> None:
        """How long callees of the script `answer-late` ring."""
        query = {"variable": "RIG_ANSWER_AFTER_S", "value": f"{seconds:g}"}
        await self._ask("POST", "asterisk/variable", query, None)

    async def callee(self) -> RigCallee:
        """The callee, as soon as there is one and only one."""
        async with asyncio.timeout(8):
            while len(found := await self._callees()) != 1:
                await asyncio.sleep(0.02)
        return found[0]

    async def _callees(self) -> list[RigCallee]:
        channels = await self._ask("GET", "channels", {}, None)
        return [RigCallee(self, each) for each in channels if each["id"] not in self._calls]

    async def variable(self, channel_id: str, name: str) -> str:
        """Of a channel; empty when there is none."""
        path = f"channels/{channel_id}/variable"
        answer = await self._ask("GET", path, {"variable": name}, None, fine=404)
        return str(answer.get("value", ""))

    async def packets_heard(self, channel_id: str) -> int:
        path = f"channels/{channel_id}/rtp_statistics"
        answer = await self._ask("GET", path, {}, None, fine=404)
        return int(answer.get("rxcount", 0))

    async def state(self, channel_id: str) -> str:
        answer = await self._ask("GET", f"channels/{channel_id}", {}, None, fine=404)
        return str(answer.get("state", ""))

    async def hangup(self, channel_id: str) -> None:
        """Gone already is fine."""
        await self._ask("DELETE", f"channels/{channel_id}", {}, None, fine=404)

    async def press(self, channel_id: str, key: str, duration_ms: int) -> None:
        """By the manager interface, which does not wait for the sound that is being played."""
        name = (await self._ask("GET", f"channels/{channel_id}", {}, None))["name"]
        reader, writer = await asyncio.open_connection("127.0.0.1", self._ami)
        login = f"Action: Login\r\nUsername: {self._user}\r\nSecret: {self._password}\r\n\r\n"
        play = (
            f"Action: PlayDTMF\r\nChannel: {name}\r\nDigit: {key}\r\nDuration: {duration_ms}\r\n"
            "ActionID: key\r\n\r\n"
        )
        writer.write((login + play).encode())
        told = await asyncio.wait_for(reader.readuntil(b"ActionID: key"), 5)
        assert b"Success" in told, told
        writer.close()
        await writer.wait_closed()

    async def _ask(
        self, method: str, path: str, query: dict[str, str], body: object, fine: int = 0
    ) -> Any:
        assert self._http is not None
        async with self._http.request(method, self._url + path, params=query, json=body) as reply:
            assert reply.status < 400 or reply.status == fine, await reply.text()
            if reply.status in (204, fine):
                return {}
            return await reply.json()
