"""A running service with everything around it: Asterisk, callers, an application, and checks.

The application answers by dialled number: `line()` takes a number that no other test uses,
`line.answers(...)` says what its callers get.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import psycopg
from psycopg.rows import dict_row

from recordbridge.engine.rows import decode
from tests.receiver import Answer, Received, Receiver, Reply
from tests.service.audio import Sound, read_mp3, read_wav
from tests.service.carrier import Call, Carrier, Step
from tests.service.program import Program, free_port

ACCOUNT = "MAEXAMPLEACCOUNT0001"
TOKEN = "example-token-0001-abcdef"
DELIVERY = "X-Recordbridge-Delivery"
LINES = 120
PATIENCE_S = 20.0


class Delivered(NamedTuple):
    """What an application has of a recording: the callback and the file it leads to."""

    callback: dict[str, str]
    sound: Sound


class Line:
    """A dialled number, and the application that answers it."""

    def __init__(self, service: Service, number: str) -> None:
        self.service = service
        self.number = number

    def url(self, name: str) -> str:
        """Where the application hears `action`, `callback`, ..."""
        return self.service.application.url(self.path(name))

    def path(self, name: str) -> str:
        return f"/{self.number}/{name}"

    def script(self, name: str, *answers: Answer) -> None:
        self.service.application.script(self.path(name), *answers)

    def answers(self, *elements: str) -> Line:
        """Its callers get a document of these elements."""
        self.script("answer", Reply(body=document(*elements)))
        return self

    def record(self, **attributes: object) -> str:
        """A Record with action (its reply ignored) and callback here, a wav and no beep."""
        values: dict[str, object] = {
            "action": self.url("action"),
            "redirect": "false",
            "callbackUrl": self.url("callback"),
            "fileFormat": "wav",
            "playBeep": "false",
        }
        values |= attributes
        written = (f'{name}="{value}"' for name, value in values.items() if value is not None)
        return f"<Record {' '.join(written)}/>"

    async def next(self, name: str, timeout: float = PATIENCE_S) -> Received:
        """The next request to that address; fails with the log of the service."""
        try:
            return await self.service.application.next(self.path(name), timeout)
        except TimeoutError:
            told = self.service.program.told()
            raise AssertionError(f"no {name} for {self.number}:\n{told}") from None

    def requests(self, name: str) -> list[Received]:
        return self.service.application.to(self.path(name))

    async def call(self, script: str | Sequence[Step] = "markers", **variables: str) -> Call:
        return await self.service.carrier.call(self.number, script, **variables)

    async def delivered(self) -> Delivered:
        """The next recording: its callback and its file."""
        callback = (await self.next("callback")).params
        return Delivered(callback, await self.service.sound(callback["RecordUrl"]))


class Service:
    """The program, and what is around it."""

    def __init__(
        self,
        program: Program,
        application: Receiver,
        carrier: Carrier,
        rig: Mapping[str, str],
        database: str,
    ) -> None:
        self.database = database
        self.program = program
        self.application = application
        self.carrier = carrier
        self.rig = rig
        self._numbers = iter(numbers())
        self._before = self._recordings()

    def line(self) -> Line:
        return Line(self, next(self._numbers))

    def number(self, number: str) -> Line:
        """The line of a number that the module configured itself."""
        return Line(self, number)

    async def get(self, url: str, **headers: str) -> tuple[int, Mapping[str, str], bytes]:
        async with (
            self.program.http() as http,
            http.get(url, headers=headers) as response,
        ):
            return response.status, response.headers, await response.read()

    async def sound(self, url: str) -> Sound:
        """The file of a RecordUrl."""
        status, headers, data = await self.get(url)
        assert status == 200, (status, data)
        if headers["Content-Type"] == "audio/wav":
            return read_wav(data)
        assert headers["Content-Type"] == "audio/mpeg"
        return read_mp3(data)

    async def channel(self, line: Line) -> str:
        """The channel of the call to a line, on the pbx."""
        found = await self.pbx("GET", "channels")
        return next(str(each["id"]) for each in found if each["dialplan"]["exten"] == line.number)

    async def kept(self, recording_id: str, *phases: str) -> None:
        """Until the database says that the recording is in one of these phases."""
        async with asyncio.timeout(10):
            while self._phase(recording_id) not in phases:
                await asyncio.sleep(0.005)

    def _phase(self, recording_id: str) -> str:
        states = self.rows("SELECT state FROM calls WHERE open")
        recordings = (each for row in states for each in decode(row["state"]).recordings)
        return next((each.phase for each in recordings if each.recording_id == recording_id), "")

    def rows(self, query: str, *values: str) -> Sequence[Mapping[str, Any]]:
        """What the database holds now, read beside the service."""
        if self.database.startswith("postgresql"):
            with psycopg.connect(self.database, row_factory=dict_row) as session:
                return session.execute(query.replace("?", "%s").encode(), values).fetchall()
        place = f"file:{self.database.removeprefix('sqlite:///')}?mode=ro"
        with closing(sqlite3.connect(place, uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            found = connection.execute(query, values).fetchall()
            return [dict(row) for row in found]

    async def attempts(self, request_id: str, count: int) -> Sequence[Mapping[str, Any]]:
        """The rows of that many attempts of a request (H-6)."""
        query = "SELECT * FROM attempts WHERE request_id = ? ORDER BY number"
        async with asyncio.timeout(10):
            while len(found := self.rows(query, request_id)) < count:
                await asyncio.sleep(0.02)
        return found

    async def nothing_left(self, *, files: bool = True) -> None:
        """Asterisk has no channel, bridge or (`files`) recording of ours any more."""
        left: Any = None
        try:
            async with asyncio.timeout(10):
                while (left := await self._left(files)) != ([], [], []):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"left on Asterisk: {left}\n{self.program.told()}") from None

    async def pbx(self, method: str, path: str, **query: str) -> Any:
        """A request to Asterisk itself, past the service."""
        user, password, url = (
            self.rig[f"RECORDBRIDGE_ASTERISK_{name}"] for name in ("USER", "PASSWORD", "URL")
        )
        token = aiohttp.encode_basic_auth(user, password)
        async with (
            aiohttp.ClientSession(headers={"Authorization": token}) as http,
            http.request(method, f"{url}/ari/{path}", params=query) as response,
        ):
            data = await response.read()
            assert response.status < 400, (response.status, data)
            return json.loads(data or b"null")

    async def _left(self, files: bool) -> tuple[list[Any], list[Any], list[str]]:
        left = self._recordings() - self._before if files else ()
        return (
            await self.pbx("GET", "channels"),
            await self.pbx("GET", "bridges"),
            sorted(left),
        )

    def _recordings(self) -> set[str]:
        return {path.name for path in Path(self.rig["RIG_RECORDINGS"]).glob("rb-*")}


def signatures(service: Service, token: str = TOKEN) -> int:
    """How many requests of ours the application got; the official SDK accepts every one of them."""
    sent = [each for each in service.application.requests if DELIVERY in each.headers]
    wrong = [each.url for each in sent if not each.v3_accepts(token)]
    assert not wrong
    return len(sent)


def document(*elements: str) -> str:
    return f"<Response>{''.join(elements)}</Response>"


def numbers() -> list[str]:
    return [str(7000 + count) for count in range(LINES)]


def settings(rig: Mapping[str, str], folder: Path, application: Receiver) -> dict[str, Any]:
    """A configuration with an application for each number."""
    port = free_port()
    return {
        "service": {"listen": f"127.0.0.1:{port}", "public_url": f"http://127.0.0.1:{port}"},
        "accounts": [{"auth_id": ACCOUNT, "auth_token": TOKEN}],
        "asterisk": [
            {
                "name": "pbx",
                "url": rig["RECORDBRIDGE_ASTERISK_URL"],
                "username": rig["RECORDBRIDGE_ASTERISK_USER"],
                "password": rig["RECORDBRIDGE_ASTERISK_PASSWORD"],
                "recordings": rig["RIG_RECORDINGS"],
                "min_free_mb": 0,
            }
        ],
        "applications": {f"app{number}": _application(number, application) for number in numbers()},
        "storage": {"path": str(folder / "recordings"), "min_free_mb": 0},
        "database": {"url": f"sqlite:///{folder}/recordbridge.db"},
        "agi": None,
        "webhooks": {"allow_networks": ["127.0.0.0/8"], "schedule_s": [1, 1, 1, 1]},
        "log": {"format": "json", "level": "debug"},
    }


def _application(number: str, application: Receiver) -> dict[str, Any]:
    return {
        "account": ACCOUNT,
        "numbers": [number],
        "answer_url": application.url(f"/{number}/answer"),
        "hangup_url": application.url(f"/{number}/hangup"),
    }


def true(delivered: Delivered, late_ms: int = 20) -> None:
    """Q-1: the numbers of a callback are those of the file.

    One put together of several has them by Asterisk's clock, which may be so much behind.
    """
    values, sound = delivered.callback, delivered.sound
    start, end, duration = (
        int(values[f"Recording{name}Ms"]) for name in ("Start", "End", "Duration")
    )
    assert duration == (len(sound.samples) * 2000 + sound.rate) // (2 * sound.rate)
    assert end == start + duration
    assert int(values["RecordingDuration"]) == (duration + 500) // 1000
    assert int(values["RecordingStoppedMs"]) >= end - late_ms
