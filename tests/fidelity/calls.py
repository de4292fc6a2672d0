"""Placing the calls beside a running service, a few at a time, and collecting what it delivers."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import aiohttp
import numpy as np
from numpy.typing import NDArray

from tests.fidelity.cases import DOCUMENTS, Case
from tests.receiver import Received, Receiver
from tests.service import audio, service
from tests.service.carrier import Call, Carrier
from tests.service.program import Program
from tests.service.steps import Step, silence, speak

T = TypeVar("T")
PATIENCE_S = 30.0
KEY_S = 0.12
INBAND = {"variable": "PJSIP_DTMF_MODE()", "value": "inband"}


class Delivered(NamedTuple):
    """A call's recording as its application has it."""

    case: Case
    callback: Mapping[str, str]
    sound: NDArray[np.int16]


class Callbacks:
    """The application: hands out each callback by the caller's number."""

    def __init__(self, receiver: Receiver) -> None:
        self._waiting: dict[str, asyncio.Future[Mapping[str, str]]] = {}
        self.url = receiver.url("/callback")
        receiver.listen(self._take)

    async def of(self, caller: str) -> Mapping[str, str]:
        async with asyncio.timeout(PATIENCE_S):
            return await self._future(caller)

    def _future(self, caller: str) -> asyncio.Future[Mapping[str, str]]:
        return self._waiting.setdefault(caller, asyncio.get_running_loop().create_future())

    def _take(self, request: Received) -> None:
        future = self._future(request.params["From"])
        if not future.done():
            future.set_result(request.params)


class Desk(NamedTuple):
    """A running service, seen from where calls are placed on it."""

    carrier: Carrier
    callbacks: Callbacks
    http: aiohttp.ClientSession

    async def file(self, callback: Mapping[str, str]) -> bytes:
        """The file that a callback leads to."""
        async with self.http.get(callback["RecordUrl"]) as response:
            response.raise_for_status()
            return await response.read()


@asynccontextmanager
async def serving(
    rig: Mapping[str, str],
    folder: Path,
    documents: Mapping[str, str],
    recording: Mapping[str, int],
) -> AsyncIterator[Desk]:
    """Run a service whose `recording` section is as given, with a document for each number.

    `{callback}` in a document stands for the attribute that names the application.
    """
    async with Receiver() as receiver, Carrier(rig) as carrier, aiohttp.ClientSession() as http:
        callbacks = Callbacks(receiver)
        attribute = f'callbackUrl="{callbacks.url}"'
        bodies = {
            number: document.replace("{callback}", attribute)
            for number, document in documents.items()
        }
        program = Program(folder, _settings(rig, folder, receiver, bodies, recording))
        try:
            await program.start()
            yield Desk(carrier, callbacks, http)
        except BaseException:
            print(program.told(), file=sys.stderr)
            raise
        finally:
            await program.discard()


async def together(calls: Iterable[Coroutine[None, None, T]], at_once: int) -> list[T]:
    """Place the calls, so many at once."""
    room = asyncio.Semaphore(at_once)

    async def one(call: Coroutine[None, None, T]) -> T:
        async with room:
            return await call

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(call)) for call in calls]
    return _results(tasks)


async def deliver(
    rig: Mapping[str, str],
    folder: Path,
    cases: Iterable[Case],
    at_once: int,
    recording: Mapping[str, int],
) -> list[Delivered]:
    """Plain recordings."""
    documents = {
        number: f'<Response><Record {attributes} fileFormat="wav" {{callback}}/></Response>'
        for number, attributes in DOCUMENTS.items()
    }
    async with serving(rig, folder, documents, recording) as desk:

        async def one(case: Case) -> Delivered:
            callback = await _follow(desk.carrier, case, desk.callbacks, rig)
            sound = audio.read_wav(await desk.file(callback))
            return Delivered(case, callback, sound.samples)

        return await together((one(case) for case in cases), at_once)


def _results(tasks: Sequence[asyncio.Task[T]]) -> list[T]:
    """A call that ends unanswered cancels who waits for its answer; the group lets that pass."""
    unanswered = sum(task.cancelled() for task in tasks)
    if unanswered:
        raise RuntimeError(f"{unanswered} calls were not answered")
    return [task.result() for task in tasks]


async def _follow(
    carrier: Carrier, case: Case, callbacks: Callbacks, rig: Mapping[str, str]
) -> Mapping[str, str]:
    """One call from the dialling to the callback."""
    script = _inband(carrier, case, rig) if case.inband else case.script
    call = await carrier.call(case.number, script, caller=case.caller, **case.variables)
    await call.answered()
    if case.ending in ("finishOnKey", "hangup") and not case.inband:
        await asyncio.sleep(case.after_s)
        await (call.press("#") if case.ending == "finishOnKey" else call.hang_up())
    callback = await callbacks.of(case.caller)
    await call.ended()
    return callback


def _inband(carrier: Carrier, case: Case, rig: Mapping[str, str]) -> tuple[Step, ...]:
    """A caller whose phone knows no telephone events: it sends the key's tones instead."""

    async def agree(call: Call) -> None:
        await carrier.ask("POST", f"channels/{call.id}/variable", INBAND)
        await _hear_inband(rig, case.caller)

    async def press(call: Call) -> None:
        tone = f"key-{call.id}"
        await carrier.ask("POST", f"channels/{call.id}/play/{tone}", {"media": "tone:941+1477"})
        await asyncio.sleep(KEY_S)
        await carrier.ask("DELETE", f"playbacks/{tone}")

    return agree, speak(case.after_s), press, silence()


async def _hear_inband(rig: Mapping[str, str], caller: str) -> None:
    """Let the pbx look for keys in the speech of that call, as for a phone without events."""
    token = aiohttp.encode_basic_auth(
        rig["RECORDBRIDGE_ASTERISK_USER"], rig["RECORDBRIDGE_ASTERISK_PASSWORD"]
    )
    channels = rig["RECORDBRIDGE_ASTERISK_URL"] + "/ari/channels"
    async with aiohttp.ClientSession(headers={"Authorization": token}) as http:
        async with http.get(channels) as response:
            found = await response.json()
        channel = next(
            each["id"]
            for each in found
            if each["caller"]["number"] == caller and each["name"].startswith("PJSIP/")
        )
        async with http.post(f"{channels}/{channel}/variable", params=INBAND) as response:
            response.raise_for_status()


def _settings(
    rig: Mapping[str, str],
    folder: Path,
    receiver: Receiver,
    documents: Mapping[str, str],
    recording: Mapping[str, Any],
) -> dict[str, Any]:
    flows = folder / "flows"
    flows.mkdir(parents=True)
    for number, document in documents.items():
        (flows / f"{number}.xml").write_text(document)
    applications = {
        f"number{number}": {
            "account": service.ACCOUNT,
            "numbers": [number],
            "flow": f"flows/{number}.xml",
        }
        for number in documents
    }
    return service.settings(rig, folder, receiver) | {
        "applications": applications,
        "recording": dict(recording),
    }
