"""What the application of `make soak` is told: one action and one callback for each recording.

Every callback's file is fetched the moment it arrives and measured. A call is known by its
caller's number, which no other call has.
"""

from __future__ import annotations

import asyncio
import io
import wave
from collections import defaultdict

import aiohttp

from tests.bench.scenes import Scene
from tests.demo import lengths
from tests.receiver import Received, Receiver

ACTIONS = ("/action", "/next", "/joined")
TIMES = ("RecordingDuration", "RecordingDurationMs", "RecordingStartMs", "RecordingEndMs")


class Kept:
    """Takes in the requests as they come; `judge` tells what is wrong with a call that is over."""

    def __init__(self, receiver: Receiver) -> None:
        self.recordings = 0
        self.misses: list[str] = []
        self._requests: defaultdict[str, list[Received]] = defaultdict(list)
        self._calls: dict[str, str] = {}
        self._fetching: set[asyncio.Task[None]] = set()
        self._session = aiohttp.ClientSession()
        receiver.listen(self._take)

    async def close(self) -> None:
        """Wait for the files; then let go of the connections."""
        await asyncio.gather(*self._fetching)
        await self._session.close()

    def caller(self, call_uuid: str) -> str:
        """Who made that call; empty when the application was told nothing of it."""
        return self._calls.get(call_uuid, "")

    def complete(self, caller: str, scene: Scene) -> bool:
        """Whether every request there has to be is there."""
        paths = [request.path for request in self._requests[caller]]
        callbacks, actions = paths.count("/callback"), sum(paths.count(each) for each in ACTIONS)
        return callbacks == actions and (bool(scene.cut_s) or callbacks >= scene.records)

    def judge(self, caller: str, scene: Scene) -> None:
        """Once, when the call is over and has had its time."""
        found: defaultdict[str, list[Received]] = defaultdict(list)
        for request in self._requests.pop(caller, []):
            found[request.params["RecordingID"]].append(request)
        self.recordings += len(found)
        where = f"{scene.mode}, {scene.name} ({caller})"
        if len(found) > scene.records or (len(found) < scene.records and not scene.cut_s):
            self.misses.append(f"{where}: {len(found)} recordings, not {scene.records}")
        for recording, requests in found.items():
            self.misses += [f"{where} {recording}: {each}" for each in _wrong(requests)]

    def _take(self, request: Received) -> None:
        if request.path == "/sound.wav":
            return
        params = request.params
        self._calls[params["CallUUID"]] = params["From"]
        if "RecordingID" not in params:
            return
        self._requests[params["From"]].append(request)
        if request.path == "/callback":
            task = asyncio.create_task(self._fetch(params))
            self._fetching.add(task)
            task.add_done_callback(self._fetching.discard)

    async def _fetch(self, callback: dict[str, str]) -> None:
        url = callback.get("RecordUrl", "")
        if not url:
            self.misses.append(f"no RecordUrl: {callback}")
            return
        async with self._session.get(url) as answer:
            data = await answer.read()
        wrong = f"status {answer.status}" if answer.status != 200 else _length(data, callback)
        if wrong:
            self.misses.append(f"{url}: {wrong}: {callback}")


def _length(data: bytes, callback: dict[str, str]) -> str:
    """What is wrong with the file."""
    reported = int(callback["RecordingDurationMs"])
    if ".wav" in callback["RecordUrl"]:
        with wave.open(io.BytesIO(data)) as file:
            frames = file.getnframes()
            ms = (frames * 1000 + file.getframerate() // 2) // file.getframerate()
        return "" if ms == reported else f"{ms} ms"
    if not data:
        return "" if reported == 0 else "an empty file"
    length = lengths.measure(data, "mp3")
    return "" if length.agrees(reported) else f"{length} ms"


def _wrong(requests: list[Received]) -> list[str]:
    """What is wrong with the requests of one recording."""
    wrong = []
    actions = [request for request in requests if request.path in ACTIONS]
    callbacks = [request for request in requests if request.path == "/callback"]
    if (len(actions), len(callbacks)) != (1, 1) or requests[0] not in actions:
        return [f"the requests are {[request.path for request in requests]}"]
    action, callback = actions[0].params, callbacks[0].params
    initial = action["RecordingDurationMs"] == "-1"
    first = {name: action[name] for name in TIMES}
    told = {name: callback[name] for name in TIMES}
    if first != (dict.fromkeys(TIMES, "-1") if initial else told):
        wrong.append(f"action {first}, callback {told}")
    if "-1" in told.values() or "RecordingError" in callback:
        wrong.append(f"callback {callback}")
    return wrong
