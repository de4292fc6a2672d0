"""Placing the calls beside a running service, a few at a time, and collecting what it delivers."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import numpy as np
from numpy.typing import NDArray

from tests.fidelity.cases import DOCUMENTS, Case
from tests.receiver import Received, Receiver
from tests.service import audio, service
from tests.service.carrier import Carrier
from tests.service.program import Program

PATIENCE_S = 30.0


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


async def deliver(
    rig: Mapping[str, str],
    folder: Path,
    cases: Iterable[Case],
    at_once: int,
    recording: Mapping[str, Any],
) -> list[Delivered]:
    """Run a service whose `recording` section is as given, and place the calls on it."""
    async with Receiver() as receiver, Carrier(rig) as carrier, aiohttp.ClientSession() as http:
        callbacks = Callbacks(receiver)
        program = Program(folder, _settings(rig, folder, receiver, callbacks.url, recording))
        room = asyncio.Semaphore(at_once)

        async def one(case: Case) -> Delivered:
            async with room:
                callback = await _follow(carrier, case, callbacks)
                async with http.get(callback["RecordUrl"]) as response:
                    response.raise_for_status()
                    sound = audio.read_wav(await response.read())
                return Delivered(case, callback, sound.samples)

        try:
            await program.start()
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(case)) for case in cases]
        except BaseException:
            print(program.told(), file=sys.stderr)
            raise
        finally:
            await program.discard()
        return [task.result() for task in tasks]


async def _follow(carrier: Carrier, case: Case, callbacks: Callbacks) -> Mapping[str, str]:
    """One call from the dialling to the callback."""
    call = await carrier.call(case.number, case.script, caller=case.caller, **case.variables)
    await call.answered()
    if case.ending in ("finishOnKey", "hangup"):
        await asyncio.sleep(case.after_s)
        await (call.press("#") if case.ending == "finishOnKey" else call.hang_up())
    callback = await callbacks.of(case.caller)
    await call.ended()
    return callback


def _settings(
    rig: Mapping[str, str],
    folder: Path,
    receiver: Receiver,
    callback: str,
    recording: Mapping[str, Any],
) -> dict[str, Any]:
    flows = folder / "flows"
    flows.mkdir(parents=True)
    for number, attributes in DOCUMENTS.items():
        element = f'<Record {attributes} fileFormat="wav" callbackUrl="{callback}"/>'
        (flows / f"{number}.xml").write_text(f"<Response>{element}</Response>")
    applications = {
        f"number{number}": {
            "account": service.ACCOUNT,
            "numbers": [number],
            "flow": f"flows/{number}.xml",
        }
        for number in DOCUMENTS
    }
    return service.settings(rig, folder, receiver) | {
        "applications": applications,
        "recording": dict(recording),
    }
