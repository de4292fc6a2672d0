"""Channels in Stasis: the caller's, with its queue of commands, and snoops on it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tests.fakeari import sound

if TYPE_CHECKING:
    from tests.fakeari.bridge import Bridge
    from tests.fakeari.fake import FakeAsterisk
    from tests.fakeari.tape import Tape

SNOOP_NOTICES_S = 0.013
SOUNDS = {"beep": 0.425, "hello-world": 1.4, "demo-congrats": 30.0, "vm-goodbye": 1.0}


class Channel:
    """What both kinds have in common. `kind` is the technology in the channel's name."""

    kind = "PJSIP"

    def __init__(self, pbx: FakeAsterisk, channel_id: str, name: str, app: str) -> None:
        self.pbx = pbx
        self.id = channel_id
        self.name = name
        self.app = app
        self.state = "Up"
        self.ended = asyncio.Event()
        self.cause = 0
        self.args: list[str] = []
        self.variables: dict[str, str] = {}
        self.headers: dict[str, str] = {}

    def described(self) -> dict[str, object]:
        """The Channel of Asterisk's model."""
        return {
            "id": self.id,
            "name": self.name,
            "state": self.state,
            "protocol_id": "",
            "caller": {"name": "", "number": ""},
            "connected": {"name": "", "number": ""},
            "accountcode": "",
            "dialplan": {
                "context": "default",
                "exten": "s",
                "priority": 1,
                "app_name": "Stasis",
                "app_data": ",".join([self.app, *self.args]),
            },
            "creationtime": self.pbx.stamp(),
            "language": "en",
        }

    def variable(self, name: str) -> str | None:
        """A variable, a line of the configuration, or one of the INVITE's headers."""
        function, _, rest = name.rstrip(")").partition("(")
        if function == "PJSIP_HEADERS":
            return ",".join(each for each in self.headers if each.startswith(rest)) or None
        if function == "PJSIP_HEADER":
            return self.headers.get(rest.removeprefix("read,"))
        if function == "AST_CONFIG":
            return self.pbx.configuration.get(rest, "")
        return self.variables.get(name, "")

    def enter(self) -> None:
        self.pbx.entering.pop(self.id, None)
        self.pbx.channels[self.id] = self
        self.pbx.emit("StasisStart", channel=self, args=self.args)


class Snoop(Channel):
    """Lives as long as the channel it listens to."""

    def __init__(self, pbx: FakeAsterisk, channel_id: str, on: MainChannel, spy: str) -> None:
        super().__init__(pbx, channel_id, f"Snoop/{on.id}-{len(on.snoops):08x}", on.app)
        self.on = on
        self.spy = spy
        self.tape: Tape | None = None

    def frame(self, at: float) -> bytes:
        """What is heard at that loop time: `in` the channel's own voice, `out` what it hears."""
        said = sound.QUIET if self.spy == "out" else self.on.frame(at)
        return self.on.heard(at) if said is sound.QUIET and self.spy != "in" else said

    def hang_up(self) -> None:
        """Asked for by a command."""
        self.pbx.emit("ChannelHangupRequest", channel=self, cause=32, soft=True)
        self.end()

    def end(self) -> None:
        if self.ended.is_set():
            return
        self.ended.set()
        self.on.snoops.discard(self)
        if self.tape is None:
            self._gone()
        else:
            self.tape.snoop_ends()
            self.pbx.after(self.pbx.tape_ended(self.tape), self._gone)

    def _gone(self) -> None:
        self.pbx.emit("StasisEnd", channel=self)
        self.pbx.channels.pop(self.id, None)


class MainChannel(Channel):
    """A call. Its commands wait for each other; one that is asked for an answer waits, too."""

    def __init__(
        self, pbx: FakeAsterisk, channel_id: str, app: str, *, caller: str, dialled: str
    ) -> None:
        super().__init__(pbx, channel_id, f"PJSIP/carrier-{len(pbx.channels):08x}", app)
        self.state = "Ring"
        self.answered = asyncio.Event()
        self.answered_at = 0.0
        self.caller = caller
        self.dialled = dialled
        self.audio: sound.Script = ()
        self.snoops: set[Snoop] = set()
        self.bridge: Bridge | None = None
        self.rings = asyncio.Event()
        self.packets_heard = 0
        self.keys_heard = ""
        self.deaf_until = 0.0
        self._ringing = False
        self._queue: deque[Callable[[], Awaitable[None]]] = deque()
        self._running = False

    def described(self) -> dict[str, object]:
        plan = {
            "context": "from-carrier",
            "exten": self.dialled,
            "priority": 3,
            "app_name": "Stasis",
            "app_data": ",".join([self.app, *self.args]),
        }
        return super().described() | {
            "caller": {"name": "", "number": self.caller},
            "dialplan": plan,
        }

    def frame(self, at: float) -> bytes:
        if not self.answered.is_set():
            return sound.QUIET
        return sound.frame(self.audio, at - self.answered_at)

    def heard(self, at: float) -> bytes:
        """A playback, else a ringing tone, else those with whom it is in a bridge."""
        if self._ringing or self.pbx.playing_on(self):
            return sound.SIGNAL
        return self.bridge.heard_by(self, at) if self.bridge is not None else sound.QUIET

    def ring(self, *, on: bool) -> None:
        """The unanswered caller is told; one who is answered hears a tone."""
        self._ringing = on
        if on:
            self.rings.set()

    async def reached(self) -> bool:
        """Wait until the queue comes to it; False when the channel ends before."""
        reached = asyncio.Event()

        async def reach() -> None:
            reached.set()

        self.queue(reach)
        ends = [asyncio.create_task(each.wait()) for each in (reached, self.ended)]
        _, waiting = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for each in waiting:
            each.cancel()
        return reached.is_set()

    def queue(self, command: Callable[[], Awaitable[None]]) -> None:
        """Carry it out when all earlier ones are done; dropped when the channel ends first."""
        self._queue.append(command)
        if not self._running:
            self._running = True
            self.pbx.spawn(self._drain())

    async def answer(self) -> None:
        """Answering twice is fine, and tells nothing."""
        if self.state != "Up":
            self.state = "Up"
            self.answered_at = asyncio.get_running_loop().time()
            self.answered.set()
            self.pbx.emit("ChannelStateChange", channel=self)

    def hang_up(self, cause: int) -> None:
        """Asked for by a command; the event's cause is the flag of a soft hangup."""
        self.pbx.emit("ChannelHangupRequest", channel=self, cause=32, soft=True)
        self.end(cause)

    def end(self, cause: int) -> None:
        """The channel is gone; its snoops notice a little later."""
        self.cause = cause
        self.ended.set()
        self.pbx.playbacks_end(self)
        self.leave()
        if self.id in self.pbx.subscribed:
            self.pbx.emit("ChannelDestroyed", channel=self, cause=cause, cause_txt="")

    def leave(self) -> None:
        if self.bridge is not None:
            self.bridge.leave(self)
        self.pbx.emit("StasisEnd", channel=self)
        self.pbx.channels.pop(self.id, None)
        self.pbx.spawn(self._lose_snoops())

    async def _lose_snoops(self) -> None:
        await asyncio.sleep(SNOOP_NOTICES_S)
        if self.ended.is_set():
            for snoop in tuple(self.snoops):
                snoop.end()

    async def _drain(self) -> None:
        while self._queue and not self.ended.is_set():
            await self._queue.popleft()()
        self._running = False


class Playback:
    """Sounds played one after the other on a channel."""

    def __init__(self, playback_id: str, channel: MainChannel, media: list[str]) -> None:
        self.id = playback_id
        self.channel = channel
        self.state = "queued"
        self._media = media
        self._now = media[0]
        self._stop = asyncio.Event()
        self._began = 0.0

    def described(self) -> dict[str, object]:
        return {
            "id": self.id,
            "media_uri": self._now,
            "target_uri": f"channel:{self.channel.id}",
            "language": "en",
            "state": self.state,
        }

    def stop(self) -> None:
        self._stop.set()

    def fail(self) -> None:
        """The channel ended under it."""
        if self.state == "playing":
            self._finish("failed")

    async def run(self) -> None:
        pbx = self.channel.pbx
        worked = False
        for number, media in enumerate(self._media):
            self._now = media
            if number:
                self.state = "continuing"
                pbx.emit("PlaybackContinuing", playback=self)
            self.state = "playing"
            self._began = asyncio.get_running_loop().time()
            pbx.emit("PlaybackStarted", playback=self)
            if media.startswith("recording:"):  # none is there: Asterisk loses it, and tells nobody
                pbx.playbacks.pop(self.id, None)
                return
            seconds = SOUNDS.get(media.removeprefix("sound:"))
            worked = seconds is not None
            if seconds is not None and await self._stopped_within(seconds):
                break
        if self.state == "playing":
            self._finish("done" if worked else "failed")

    def _finish(self, state: str) -> None:
        self.state = state
        if state == "done":
            played_s = asyncio.get_running_loop().time() - self._began
            self.channel.packets_heard += round(played_s / sound.FRAME_S)
        self.channel.pbx.playbacks.pop(self.id, None)
        self.channel.pbx.emit("PlaybackFinished", playback=self)
        self._stop.set()

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return False
        return True
