"""Legs that were created in Stasis, and the phones that they ring: each follows its script."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.fakeari.channels import MainChannel

if TYPE_CHECKING:
    from tests.fakeari.fake import FakeAsterisk

REFUSES = {"busy": 17, "rejected": 21}
TALK_S = 3.0


class Leg(MainChannel):
    """Down until it is dialled; `PJSIP/SCRIPT@carrier` says what the called phone does.

    Asterisk has subscribed the application to it, so its end is always told.
    """

    def __init__(
        self, pbx: FakeAsterisk, channel_id: str, app: str, endpoint: str, variables: dict[str, str]
    ) -> None:
        super().__init__(pbx, channel_id, app, caller="", dialled="")
        self.state = "Down"
        self.variables = variables
        self.dialled_at_all = False
        self._script, _, self._contact = endpoint.removeprefix("PJSIP/").partition("@carrier")
        if self._script != "hears-keys":
            self.audio = (("talk", TALK_S),)
        pbx.subscribed.add(channel_id)

    def dial(self, timeout_s: float) -> None:
        self.dialled_at_all = True
        self.pbx.emit("Dial", peer=self, dialstatus="")
        self.pbx.spawn(self._rung(timeout_s))

    async def _rung(self, timeout_s: float) -> None:
        cause = REFUSES.get(self._script)
        await asyncio.sleep(0.002)
        if self._contact or self._script in ("never-answer", "early"):
            await self._not_answered(timeout_s)
        elif cause is not None:
            self.pbx.emit("ChannelHangupRequest", channel=self, cause=cause)
            self.end(cause)
        else:
            if self._script == "answer-late":
                self._rings()
                await asyncio.sleep(self.pbx.answer_after_s)
            if not self.ended.is_set():
                await self.answer()
                self.pbx.emit("Dial", peer=self, dialstatus="ANSWER")

    async def _not_answered(self, timeout_s: float) -> None:
        if self._script == "early":
            self.pbx.emit("Dial", peer=self, dialstatus="PROGRESS")
        elif not self._contact:
            self._rings()
        await asyncio.sleep(timeout_s)
        if not self.ended.is_set():
            self.hang_up(19)

    def _rings(self) -> None:
        self.state = "Ringing"
        self.pbx.emit("ChannelStateChange", channel=self)
        self.pbx.emit("Dial", peer=self, dialstatus="RINGING")


class FakeCallee:
    """What a test does as the called party."""

    def __init__(self, leg: Leg) -> None:
        self._leg = leg
        self.caller_name = leg.variables.get("CONNECTEDLINE(name,i)", "")
        self.caller_number = leg.variables.get("CONNECTEDLINE(num,i)", "")

    async def press(self, key: str, *, duration_ms: int = 100) -> None:
        """Hold the key that long; Asterisk tells it when it is released."""
        await asyncio.sleep(duration_ms / 1000)
        self._leg.pbx.emit(
            "ChannelDtmfReceived", channel=self._leg, digit=key, duration_ms=duration_ms
        )

    async def hangup(self) -> None:
        """Put the phone down."""
        if not self._leg.ended.is_set():
            self._leg.pbx.emit("ChannelHangupRequest", channel=self._leg, cause=16)
            self._leg.end(16)

    async def header(self, name: str) -> str:
        """A header of the INVITE."""
        return self._leg.variables.get(f"PJSIP_HEADER(add,{name})", "")

    async def keys(self) -> str:
        """The four keys that it heard."""
        while len(self._leg.keys_heard) < 4:
            await asyncio.sleep(0.02)
        return self._leg.keys_heard
