"""A mixing bridge: its members hear each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakeari import sound
from tests.fakeari.channels import MainChannel

if TYPE_CHECKING:
    from tests.fakeari.fake import FakeAsterisk

DEPARTING_S = 0.02


class Bridge:
    """A channel is in one bridge at most; who ends or leaves Stasis leaves it."""

    def __init__(self, bridge_id: str, types: str) -> None:
        self.id = bridge_id
        self.technology = "softmix" if "video_sfu" in types.split(",") else "simple_bridge"
        self.members: list[MainChannel] = []

    def described(self) -> dict[str, object]:
        return {
            "id": self.id,
            "technology": self.technology,
            "bridge_type": "mixing",
            "channels": [each.id for each in self.members],
        }

    def join(self, member: MainChannel) -> None:
        if member.bridge is not None:
            member.bridge.leave(member)
        self.members.append(member)
        member.bridge = self

    def leave(self, member: MainChannel) -> None:
        self.members.remove(member)
        member.bridge = None

    def end(self) -> None:
        """Who is still in it is deaf for a moment: what is played to him then is lost."""
        for member in tuple(self.members):
            self.leave(member)
            member.deaf_until = member.pbx.seconds() + DEPARTING_S

    def heard_by(self, listener: MainChannel, at: float) -> bytes:
        """What the others say."""
        said = (each.frame(at) for each in self.members if each is not listener)
        return next((frame for frame in said if frame is not sound.QUIET), sound.QUIET)


class Tones:
    """Tones in a bridge: Asterisk goes on with them, in silence at last, until they are stopped."""

    def __init__(self, pbx: FakeAsterisk, playback_id: str, bridge: Bridge, media: str) -> None:
        self.id = playback_id
        self.state = "playing"
        self._pbx = pbx
        self.app = bridge.members[0].app
        self._target = f"bridge:{bridge.id}"
        self._media = media

    def described(self) -> dict[str, object]:
        return {
            "id": self.id,
            "media_uri": self._media,
            "target_uri": self._target,
            "language": "en",
            "state": self.state,
        }

    def begin(self) -> None:
        self._pbx.playbacks[self.id] = self
        self._pbx.later(lambda: self._pbx.emit("PlaybackStarted", playback=self))

    def stop(self) -> None:
        self.state = "done"
        self._pbx.playbacks.pop(self.id, None)
        self._pbx.emit("PlaybackFinished", playback=self)
