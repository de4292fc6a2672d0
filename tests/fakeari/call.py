"""The far end of a faked call: a phone that talks, presses keys and hangs up."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fakeari.channels import MainChannel


class FakeCall:
    """What a test does as the caller. `answered` and `ended` are events of that phone."""

    def __init__(self, channel: MainChannel) -> None:
        self._channel = channel
        self.channel_id = channel.id
        self.answered = channel.answered
        self.ended = channel.ended

    async def press(self, key: str, *, duration_ms: int = 100) -> None:
        """Hold the key that long; Asterisk tells it when it is released."""
        await asyncio.sleep(duration_ms / 1000)
        channel = self._channel
        if not channel.ended.is_set():
            channel.pbx.emit(
                "ChannelDtmfReceived", channel=channel, digit=key, duration_ms=duration_ms
            )

    async def packets_heard(self) -> int:
        """RTP packets of what was played to it, also before the answer."""
        return self._channel.packets_heard

    async def rings(self) -> None:
        """Until it is told that the other end rings (180)."""
        await self._channel.rings.wait()

    async def hangup(self, cause: int = 16) -> None:
        """Put the phone down."""
        if not self._channel.ended.is_set():
            self._channel.pbx.emit("ChannelHangupRequest", channel=self._channel, cause=cause)
            self._channel.end(cause)

    async def leave(self) -> None:
        """The channel goes on in the dialplan: it leaves Stasis without a hangup."""
        self._channel.leave()

    @property
    def cause(self) -> int:
        """The Q.850 cause the call ended with, 0 while it lives."""
        return self._channel.cause
