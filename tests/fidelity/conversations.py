"""Calls between two parties, recorded in the background: the modes, and what happens in each call.

The caller plays the known signal from its answer on, the callee another one from its own. Callers
differ in number, and the leg that is dialled for one shows the same number.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import random
import wave
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import aiohttp
import numpy as np

from tests.fidelity.calls import Desk, serving, together
from tests.fidelity.signal import RATE, Samples
from tests.service.carrier import Carrier, Event

Ending = Literal["caller", "callee", "maxLength"]
PATIENCE_S = 20.0
MAX_S = 3
DIAL = "<Dial><Number>15551230010</Number></Dial>"
ANSWERED = '<Record playBeep="false" maxLength="2"/>'
"""Makes that the caller is answered, and speaks, long before the callee is called."""
_callers = itertools.count(15560000001)


class Mode(NamedTuple):
    """One way of recording in the background."""

    name: str
    flags: tuple[str, ...]
    channels: Literal["stereo", "mono"]
    before: str = ""
    """What stands before the Record."""

    @property
    def short(self) -> str:
        """As an option names it: `session-stereo`, `dials-answer-mono`."""
        return self.name.lower().replace("'", "").replace(",", "").replace(" ", "-")

    @property
    def from_dial(self) -> bool:
        """The recording begins with the callee's answer."""
        return "startOnDialAnswer" in self.flags

    @property
    def with_dial(self) -> bool:
        """The recording ends with the Dial."""
        return self.flags == ("startOnDialAnswer",)

    def document(self, max_length_s: int) -> str:
        """What its callers get."""
        flags = " ".join(f'{flag}="true"' for flag in self.flags)
        about = f'recordChannelType="{self.channels}" maxLength="{max_length_s}" fileFormat="wav"'
        return f"<Response>{self.before}<Record {flags} {about} {{callback}}/>{DIAL}</Response>"


SESSION, ON_ANSWER = "recordSession", "startOnDialAnswer"
MODES = (
    Mode("session, stereo", (SESSION,), "stereo"),
    Mode("session, mono", (SESSION,), "mono"),
    Mode("Dial's answer, stereo", (ON_ANSWER,), "stereo"),
    Mode("Dial's answer, mono", (ON_ANSWER,), "mono"),
    Mode("both flags, stereo", (SESSION, ON_ANSWER), "stereo", ANSWERED),
)
LONGEST_S = 7200
LIMITS_S = (MAX_S, LONGEST_S)
NUMBERS = {
    (mode.name, limit_s): str(200 + index)
    for index, (mode, limit_s) in enumerate(itertools.product(MODES, LIMITS_S))
}
DOCUMENTS = {
    NUMBERS[mode.name, limit_s]: mode.document(limit_s) for mode in MODES for limit_s in LIMITS_S
}


@dataclass(frozen=True)
class Conversation:
    """One call; who ends its recording, and how long after the callee's answer."""

    mode: Mode
    ending: Ending
    after_s: float
    times: int = 1
    """How often both play their signal."""
    caller: str = field(default_factory=lambda: str(next(_callers)))

    @property
    def number(self) -> str:
        limit_s = MAX_S if self.ending == "maxLength" else LONGEST_S
        return NUMBERS[self.mode.name, limit_s]

    @property
    def reason(self) -> str:
        """What RecordingEndReason must be."""
        if self.ending == "maxLength":
            return "maxLength"
        return "dialEnded" if self.mode.with_dial and self.ending == "callee" else "hangup"


class Talked(NamedTuple):
    """A conversation's recording as its application has it: samples, or pairs of samples."""

    conversation: Conversation
    callback: Mapping[str, str]
    sound: Samples


def conversations(each: int, modes: Sequence[Mode] = MODES) -> Iterator[Conversation]:
    """So many of each mode, a third of each ending, the modes in turn."""
    chance = random.Random(4)
    endings: tuple[Ending, ...] = ("caller", "callee", "maxLength")
    for index, mode in itertools.product(range(each), modes):
        yield Conversation(mode, endings[index % 3], chance.uniform(1.8, 3.2))


def long(minutes: float) -> Conversation:
    """A session, stereo, with more than enough to say."""
    return Conversation(MODES[0], "caller", minutes * 60, times=int(minutes * 60 / 70) + 2)


class Callees:
    """The carrier's channels that the pbx dialled, by the number that they show."""

    def __init__(self, carrier: Carrier) -> None:
        self._answered: dict[str, asyncio.Future[str]] = {}
        carrier.arrived = self._take

    async def answered(self, caller: str) -> str:
        """The channel's id, once it has answered."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._future(caller)

    def _future(self, caller: str) -> asyncio.Future[str]:
        return self._answered.setdefault(caller, asyncio.get_running_loop().create_future())

    def _take(self, event: Event) -> None:
        channel = event.get("channel", {})
        if channel.get("state") != "Up":
            return
        future = self._future(channel["caller"]["number"])
        if not future.done():
            future.set_result(channel["id"])


async def talk(
    rig: Mapping[str, str], folder: Path, each: Iterator[Conversation], at_once: int
) -> list[Talked]:
    """Place the calls on a service as it is shipped."""
    async with serving(rig, folder, DOCUMENTS, {}) as desk:
        await _reachable(rig, desk)
        callees = Callees(desk.carrier)
        return await together((_one(desk, callees, call) for call in each), at_once)


async def _reachable(rig: Mapping[str, str], desk: Desk) -> None:
    """A pbx that has just started dials nobody before the carrier has answered its OPTIONS."""
    token = aiohttp.encode_basic_auth(
        rig["RECORDBRIDGE_ASTERISK_USER"], rig["RECORDBRIDGE_ASTERISK_PASSWORD"]
    )
    url = rig["RECORDBRIDGE_ASTERISK_URL"] + "/ari/endpoints/PJSIP/carrier"
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with desk.http.get(url, headers={"Authorization": token}) as response:
                if (await response.json())["state"] == "online":
                    return
            await asyncio.sleep(0.1)


async def _one(desk: Desk, callees: Callees, conversation: Conversation) -> Talked:
    caller, carrier = conversation.caller, desk.carrier
    times = str(conversation.times)
    query = {"variable": "RIG_MARKERS_TIMES", "value": times}
    await carrier.ask("POST", "asterisk/variable", query)
    call = await carrier.call(conversation.number, "markers", caller=caller)
    callee = await callees.answered(caller)
    if conversation.ending != "maxLength":
        await asyncio.sleep(conversation.after_s)
        await (call.hang_up() if conversation.ending == "caller" else _hang_up(carrier, callee))
    callback = await desk.callbacks.of(caller)
    await call.hang_up()
    await call.ended()
    return Talked(conversation, callback, read(await desk.file(callback)))


async def _hang_up(carrier: Carrier, channel: str) -> None:
    await carrier.ask("DELETE", f"channels/{channel}")


def read(data: bytes) -> Samples:
    """The samples of a mono WAV, the pairs of samples of a stereo one."""
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getsampwidth(), file.getframerate()) == (2, RATE)
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        return samples.reshape(-1, 2) if file.getnchannels() == 2 else samples
