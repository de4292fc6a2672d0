"""The bare loop: the leanest honest recorder, the limit that the service is compared with (X-3).

It records the way the product must: StasisStart, snoop, record on the snoop as soon as that is in
Stasis, answer when Asterisk records, stop after N seconds, hang up when the file is closed. It
keeps no state beyond a call's channel, writes no file and sends no HTTP. Commands go over the
event socket and nobody waits for their answers; Asterisk filters the events.

    python -m tests.bench.bare URL USER PASSWORD APP SECONDS

prints `ready` once it takes calls. SIGTERM ends it: it prints the calls that it took and those
that it ended well, and the commands that were refused.
"""

from __future__ import annotations

import asyncio
import base64
import json
import signal
import sys
from collections import deque

import msgspec
import uvloop
from websockets.asyncio.client import ClientConnection, connect

SNOOP = "s"
"""A snoop's id, and its recording's name, is the call's channel id after this letter."""


class Channel(msgspec.Struct, gc=False):
    id: str


class Recording(msgspec.Struct, gc=False):
    name: str


class StasisStart(msgspec.Struct, tag=True, gc=False):
    channel: Channel


class RecordingStarted(msgspec.Struct, tag=True, gc=False):
    recording: Recording


class RecordingFinished(msgspec.Struct, tag=True, gc=False):
    recording: Recording


class RESTResponse(msgspec.Struct, tag=True, gc=False):
    status_code: int


Event = StasisStart | RecordingStarted | RecordingFinished | RESTResponse
EVENTS = ("StasisStart", "RecordingStarted", "RecordingFinished", "RESTResponse")
_decode = msgspec.json.Decoder(Event).decode


class Recorder:
    """One socket, all calls."""

    def __init__(self, socket: ClientConnection, app: str, seconds: float) -> None:
        self.socket = socket
        self.app = app
        self.seconds = seconds
        self.began = self.ended = self.refused = 0
        self._due: deque[tuple[float, str]] = deque()
        self._running = asyncio.Event()

    async def ask(self, method: str, uri: str, body: str = "") -> None:
        """Send one command; its answer is an event like any other."""
        await self.socket.send(f'{{"type":"RESTRequest","method":"{method}","uri":"{uri}"{body}}}')

    async def filter(self) -> None:
        """Have Asterisk send nothing that is not read here."""
        allowed = json.dumps({"allowed": [{"type": each} for each in EVENTS]})
        body = f',"content_type":"application/json","message_body":{json.dumps(allowed)}'
        await self.ask("PUT", f"applications/{self.app}/eventFilter", body)

    async def run(self) -> None:
        """Take calls until cancelled."""
        receive, ask, loop = self.socket.recv, self.ask, asyncio.get_running_loop()
        while True:
            event = _decode(await receive(decode=False))
            if type(event) is StasisStart:
                channel = event.channel.id
                if channel.startswith(SNOOP):
                    await ask(
                        "POST",
                        f"channels/{channel}/record?name={channel}&format=wav&ifExists=fail"
                        "&maxDurationSeconds=60&beep=false&terminateOn=none",
                    )
                else:
                    self.began += 1
                    await ask(
                        "POST",
                        f"channels/{channel}/snoop/{SNOOP}{channel}?spy=in&app={self.app}",
                    )
            elif type(event) is RecordingStarted:
                name = event.recording.name
                await ask("POST", f"channels/{name.removeprefix(SNOOP)}/answer")
                self._due.append((loop.time() + self.seconds, name))
                self._running.set()
            elif type(event) is RecordingFinished:
                self.ended += 1
                await ask("DELETE", f"channels/{event.recording.name.removeprefix(SNOOP)}")
            elif event.status_code >= 400:
                self.refused += 1

    async def stop(self) -> None:
        """End each recording in its time; all have the same length, so the oldest is the next."""
        loop = asyncio.get_running_loop()
        while True:
            if not self._due:
                self._running.clear()
                await self._running.wait()
            at, name = self._due.popleft()
            await asyncio.sleep(at - loop.time())
            await self.ask("POST", f"recordings/live/{name}/stop")


async def record(url: str, user: str, password: str, app: str, seconds: float) -> Recorder:
    """Run until SIGTERM."""
    secret = base64.b64encode(f"{user}:{password}".encode()).decode()
    done = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, done.set)
    async with connect(
        f"{url.replace('http', 'ws', 1)}/ari/events?app={app}",
        additional_headers={"Authorization": f"Basic {secret}"},
        compression=None,
        max_size=None,
        max_queue=None,
        proxy=None,
    ) as socket:
        recorder = Recorder(socket, app, seconds)
        await recorder.filter()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(recorder.run()), group.create_task(recorder.stop())]
            print("ready", flush=True)
            await done.wait()
            for task in tasks:
                task.cancel()
    return recorder


def main() -> None:
    """The command line."""
    url, user, password, app, seconds = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        done = runner.run(record(url, user, password, app, float(seconds)))
    print(json.dumps({"began": done.began, "ended": done.ended, "refused": done.refused}))


if __name__ == "__main__":
    main()
