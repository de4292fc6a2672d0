"""ARI's requests, as far as we use them: status and body for each, oddities included."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fakeari.channels import Channel, MainChannel, Playback, Snoop
from tests.fakeari.dialling import Dialling
from tests.fakeari.tape import Tape

if TYPE_CHECKING:
    from tests.fakeari.fake import FakeAsterisk

Reply = tuple[int, object]
Query = dict[str, str]
NO_CONTENT: Reply = (204, None)
REASON_CODES = {
    "normal": 16,
    "busy": 17,
    "congestion": 34,
    "rejected": 21,
    "answered_elsewhere": 26,
    "failure": 38,
}


def refusal(status: int, message: str) -> Reply:
    return status, {"message": message}


class Requests:
    """Carries requests out on the fake's state."""

    def __init__(self, pbx: FakeAsterisk) -> None:
        self._pbx = pbx
        self._dialling = Dialling(pbx)

    async def handle(self, method: str, path: str, query: Query, body: object) -> Reply:
        """The answer to `METHOD path` below `/ari/`."""
        parts = path.split("/")
        handlers: dict[str, Callable[[str, list[str], Query, object], Awaitable[Reply]]] = {
            "asterisk": self._asterisk,
            "applications": self._applications,
            "channels": self._channels,
            "bridges": self._dialling.bridges,
            "playbacks": self._playbacks,
            "recordings": self._recordings,
        }
        handler = handlers.get(parts[0])
        if handler is None:
            return refusal(404, "Resource not found")
        return await handler(method, parts[1:], query, body)

    async def _asterisk(self, _: str, parts: list[str], query: Query, body: object) -> Reply:
        pbx = self._pbx
        if parts == ["ping"]:
            return 200, {"ping": "pong", "timestamp": pbx.stamp(), "asterisk_id": pbx.entity}
        if parts == ["info"]:
            told: dict[str, object] = {
                "status": {"startup_time": pbx.started},
                "system": {"version": pbx.version, "entity_id": pbx.entity},
            }
            return 200, {each: told[each] for each in query.get("only", "system").split(",")}
        if parts == ["modules"]:
            return 200, [{"name": each, "status": "Running"} for each in pbx.modules]
        return refusal(404, "Resource not found")

    async def _applications(
        self, method: str, parts: list[str], query: Query, body: object
    ) -> Reply:
        pbx = self._pbx
        if parts[0] not in pbx.sockets and not any(
            each.app == parts[0] for each in pbx.channels.values()
        ):
            return refusal(404, "Application not found")
        if parts[1:] == ["eventFilter"] and isinstance(body, dict):
            pbx.allowed = {each["type"] for each in body.get("allowed", [])}
        elif parts[1:] == ["subscription"]:
            pbx.subscribed.add(query["eventSource"].removeprefix("channel:"))
        ids = [each.id for each in pbx.channels.values() if each.app == parts[0]]
        return 200, {"name": parts[0], "channel_ids": ids, "bridge_ids": []}

    async def _channels(self, method: str, parts: list[str], query: Query, body: object) -> Reply:
        if parts == []:
            return 200, [each.described() for each in self._pbx.channels.values()]
        if parts == ["create"]:
            return self._dialling.create(query, body)
        channel = self._pbx.channels.get(parts[0])
        if channel is None:
            what = "Provided channel was not found" if parts[1:2] == ["snoop"] else None
            return refusal(404, what or "Channel not found")
        if parts[1:] == [] and method == "GET":
            return 200, channel.described()
        if parts[1:] == [] and method == "DELETE":
            return self._hang_up(channel, query)
        if parts[1:] == ["variable"] and method == "GET":
            return self._variable(channel, query["variable"])
        if parts[1:] == ["variable"]:
            channel.variables[query["variable"]] = query.get("value", "")
            return NO_CONTENT
        if parts[1:] == ["record"]:
            return self._record(channel, query)
        if isinstance(channel, MainChannel):
            if parts[1:] == ["answer"]:
                return await self._answer(channel)
            if parts[1] == "continue":
                self._pbx.later(channel.leave)
                return NO_CONTENT
            if parts[1] == "snoop":
                return self._snoop(channel, parts[2], query)
            if parts[1] == "play":
                return self._play(channel, parts[2], query)
            told = await self._dialling.on_channel(method, parts[1], channel, query)
            if told is not None:
                return told
        return refusal(404, "Resource not found")

    def _variable(self, channel: Channel, name: str) -> Reply:
        """A function that has nothing to give is an error, not an empty value."""
        value = channel.variable(name)
        if value is None:
            return refusal(500, "Unable to read provided function")
        return 200, {"value": value}

    def _hang_up(self, channel: Channel, query: Query) -> Reply:
        if isinstance(channel, Snoop):
            self._pbx.later(channel.hang_up)
        elif isinstance(channel, MainChannel):
            cause = REASON_CODES[query.get("reason", "normal")]
            self._pbx.later(lambda: channel.hang_up(cause))
        return NO_CONTENT

    async def _answer(self, channel: MainChannel) -> Reply:
        """Answers only when the channel's queue has come to it."""
        if not await channel.reached():
            return refusal(500, "Failed to answer channel")
        await channel.answer()
        return NO_CONTENT

    def _snoop(self, channel: MainChannel, snoop_id: str, query: Query) -> Reply:
        pbx = self._pbx
        if snoop_id in pbx.channels or snoop_id in pbx.entering:
            return refusal(500, "Snoop channel could not be created")
        snoop = Snoop(pbx, snoop_id, channel, query["spy"])
        channel.snoops.add(snoop)
        pbx.entering[snoop_id] = snoop
        pbx.later(snoop.enter)
        return 200, snoop.described()

    def _record(self, channel: Channel, query: Query) -> Reply:
        pbx, name = self._pbx, query["name"]
        path: Path = pbx.recordings / f"{name}.wav"
        silence, longest = int(query["maxSilenceSeconds"]), int(query["maxDurationSeconds"])
        if query.get("format") != "wav":
            return refusal(422, "specified format is unknown on this system")
        if silence < 0 or longest < 0:
            return refusal(400, "max_silence_seconds cannot be negative")
        if name in pbx.tapes or (query.get("ifExists", "fail") == "fail" and path.exists()):
            return refusal(409, f"Recording '{name}' already exists and can not be overwritten")
        assert isinstance(channel, Snoop), "we record snoops"
        tape = Tape(
            name,
            channel.id,
            path,
            channel.frame,
            max_silence_s=silence,
            max_duration_s=longest,
            wall=pbx.seconds,
        )
        channel.tape = pbx.tapes[name] = tape
        pbx.roll(tape)
        return 201, tape.described()

    def _play(self, channel: MainChannel, playback_id: str, query: Query) -> Reply:
        """A taken id is not noticed: the sound is played again."""
        playback = Playback(playback_id, channel, query["media"].split(","))
        if self._pbx.seconds() < channel.deaf_until:
            return 201, playback.described()
        self._pbx.playbacks[playback_id] = playback
        channel.queue(playback.run)
        return 201, playback.described()

    async def _playbacks(self, method: str, parts: list[str], query: Query, body: object) -> Reply:
        playback = self._pbx.playbacks.get(parts[0])
        if playback is None:
            return refusal(404, "Playback not found")
        if method == "GET":
            return 200, playback.described()
        self._pbx.later(playback.stop)
        return NO_CONTENT

    async def _recordings(self, method: str, parts: list[str], query: Query, body: object) -> Reply:
        if parts[0] == "stored":
            return self._stored(method, parts[1:])
        tape = self._pbx.tapes.get(parts[1])
        if tape is None:
            return refusal(404, "Recording not found")
        if method == "GET":
            return 200, tape.described()
        if tape.state in ("done", "canceled"):
            return refusal(409, "Recording not in session")
        tape.stop()
        return NO_CONTENT

    def _stored(self, method: str, parts: list[str]) -> Reply:
        if parts == []:
            names = [path.stem for path in self._pbx.recordings.glob("*.wav")]
            return 200, [{"name": each, "format": "wav"} for each in names]
        path: Path = self._pbx.recordings / f"{parts[0]}.wav"
        if not path.is_file():
            return refusal(404, "Recording not found")
        if parts[1:] == ["file"]:
            return 200, path
        if method == "DELETE":
            path.unlink()
            return NO_CONTENT
        return 200, {"name": parts[0], "format": "wav"}
