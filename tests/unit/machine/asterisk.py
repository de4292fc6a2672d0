"""A little Asterisk, with the application and the pipeline, that does what a Drive's call wants.

Three lanes, each in order and each with its `delay`: commands that go out at once (`early`), those
that wait for the commit and may be overtaken (`late`), and events (`event`). As in the engine, an
end that would overtake its beginning waits with it, and `Release` is looked at after the commit:
then the call is forgotten (`released`). While `connected` is False commands are refused, not kept,
and events are lost; `reconnect` shows what is there. A channel that goes takes its snoops and
playbacks along; legs and bridges stay until somebody ends them.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from functools import partial

from recordbridge.machine import call as machine
from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine import life
from recordbridge.plivo.elements import Document, Wait
from tests.unit.machine.drive import Drive

Reply = Callable[[i.Request], f.Fact]
GONE_IS_FINE = (i.EndSnoop, i.EndPlayback, i.EndLeg, i.EndBridge, i.EndCapture)
"""Ends of what is not there are no refusals."""


def wait_a_second(request: i.Request) -> f.Fact:
    """The usual reply: a document that waits a second."""
    if request.kind in ("confirm", "music"):
        return f.PromptsArrived(request.request_id, (Wait(length_s=1),))
    return f.DocumentArrived(request.request_id, Document((Wait(length_s=1),)))


class Asterisk:
    """`refuse` holds names of commands that Asterisk will refuse, once each."""

    def __init__(
        self,
        drive: Drive,
        *,
        delay: Callable[[str], int] = lambda _: 5,
        reply: Reply = wait_a_second,
        play_ms: int = 400,
        file_ms: int = 50,
        reply_ms: int = 30,
    ) -> None:
        self.drive = drive
        self.channel = "ringing" if drive.state.answered_at is None else "up"
        self.snoops: set[str] = set()
        self.live: dict[str, str] = {}
        self.stored: set[str] = set()
        self.playing: dict[str, str] = {}
        self.legs: dict[str, str] = {}
        self.bridges: set[str] = set()
        self.connected = True
        self.refuse: set[str] = set()
        self.play_ms = play_ms
        self.file_ms = file_ms
        self.reply_ms = reply_ms
        self.reply = reply
        self.unreadable = False
        self.released = False
        self._delay = delay
        self._agenda: list[tuple[int, int, str, Callable[[], None]]] = []
        self._count = itertools.count()
        self._latest = {"early": 0, "late": 0, "event": 0}
        self._obeyed = 0
        self._unbegun: set[str] = set()
        self._ignored: set[str] = set()

    # -- time

    def run(self, ms: int, until: Callable[[], bool] = lambda: False) -> bool:
        """Let so much time pass, or less; tells whether `until` came true."""
        drive, end = self.drive, self.drive.now + ms
        idle = 0
        while not self._obey(until):
            due = [self._agenda[0][0]] if self._agenda else []
            due += [drive.due] if drive.due is not None and not self.released else []
            if not due or min(due) > end:
                drive.now = max(drive.now, end)
                return until()
            before, drive.now = drive.now, max(drive.now, min(due))
            idle = idle + 1 if drive.now == before else 0
            most = 60 + 10 * len(drive.state.recordings)  # all may end in one moment
            assert idle < most, f"due again and again: {drive.state.flow.doing}"
            if self._agenda and self._agenda[0][0] <= drive.now:
                heapq.heappop(self._agenda)[3]()
            else:
                drive.feed(None)
        return True

    def _obey(self, until: Callable[[], bool]) -> bool:
        for intent in self.drive.sent[self._obeyed :]:
            self._take(intent)
        self._obeyed = len(self.drive.sent)
        return until()

    def _later(self, lane: str, do: Callable[[], None], ms: int | None = None) -> None:
        at = self.drive.now + (self._delay(lane) if ms is None else ms)
        if lane in self._latest:
            at = self._latest[lane] = max(at, self._latest[lane])
        heapq.heappush(self._agenda, (at, next(self._count), lane, do))

    def _tell(self, make: Callable[[int], f.Fact]) -> None:
        """An event of now, if anybody hears it."""
        at = self.drive.now
        if self.connected:
            self._later("event", lambda: self._hear(make(at)))

    def _hear(self, fact: f.Fact) -> None:
        if self.connected:
            self._feed(fact)

    def _feed(self, fact: f.Fact) -> None:
        if not self.released:
            self.drive.feed(fact)

    def _release(self) -> None:
        if machine.finished(self.drive.state):
            self.released = True

    # -- commands

    def _take(self, intent: i.Intent) -> None:
        match intent:
            case i.BeginLeg() | i.BeginPlayback():
                self._unbegun.add(self._object(intent))
                self._later("late", lambda: self._command(intent))
            case i.EndLeg() | i.EndPlayback() if self._object(intent) in self._unbegun:
                self._later("late", lambda: self._command(intent))
            case i.Pbx():
                lane = "early" if intent.early else "late"
                self._later(lane, lambda: self._command(intent))
            case i.Request():
                self._later("", lambda: self._request(intent), self.reply_ms)
            case i.LoadFlow(request_id=request_id):
                self._later("", lambda: self._feed(self._flow(request_id)))
            case i.MakeDurable(request_id=request_id) | i.Abandon(request_id=request_id):
                self._ignored.add(request_id)
            case i.Collect():
                self._later("", lambda: self._collect(intent), self.file_ms)
            case i.FetchMedia(media_id=media_id) | i.Synthesise(media_id=media_id):
                self._later("", lambda: self._feed(f.MediaReady(media_id, "sound:m")))
            case i.Discard(names=names):
                self._later("late", lambda: self.stored.difference_update(names))
            case i.Release():
                self._later("late", self._release)
            case _:
                pass

    def _flow(self, request_id: str) -> f.Fact:
        """The flow was given to the Drive already; a call that came back gets an empty one."""
        return f.DocumentArrived(request_id, Document())

    def _request(self, request: i.Request) -> None:
        if not request.wants_document:
            self._feed(f.RequestSettled(request.request_id))
        elif request.request_id not in self._ignored:
            self._feed(self.reply(request))

    def _collect(self, collect: i.Collect) -> None:
        if self.unreadable:
            self._feed(f.FileFailed(collect.recording_id, "unreadable"))
            return
        if not self.connected or any(name in self.live for name in collect.names):
            self._later("", lambda: self._collect(collect), 500)
            return
        frames = 16_000 if collect.names else 0
        self._feed(f.AudioMeasured(collect.recording_id, frames, 8000))
        ready = f.FileReady(collect.recording_id, frames * 2 + 44, "d")
        self._later("", lambda: self._feed(ready))

    def _command(self, intent: i.Pbx) -> None:
        name = type(intent).__name__
        target = self._object(intent)
        self._unbegun.discard(target)
        reason = "not connected" if not self.connected else ""
        if not reason and name in self.refuse:
            self.refuse.discard(name)
            reason = "refused"
        if reason:
            self._refused(target, name, reason, gone=False)
        elif not self._there(intent):
            if not isinstance(intent, GONE_IS_FINE):
                self._refused(target, name, "not found", gone=True)
        else:
            self._do(intent)

    def _refused(self, target: str, name: str, reason: str, *, gone: bool) -> None:
        fact = f.CommandRefused(target, name, reason, gone, unsent=not self.connected)
        self._feed(fact)

    def _object(self, intent: i.Pbx) -> str:
        match intent:
            case i.BeginCapture(name=name) | i.EndCapture(name=name):
                return name
        for field in ("snoop_id", "playback_id", "keys_id", "tones_id", "leg_id", "bridge_id"):
            if hasattr(intent, field):
                return str(getattr(intent, field))
        return intent.channel_id

    def _there(self, intent: i.Pbx) -> bool:
        match intent:
            case i.EndSnoop(snoop_id=each) | i.WatchTalking(snoop_id=each):
                return each in self.snoops
            case i.BeginCapture(snoop_id=each):
                return each in self.snoops
            case i.EndCapture(name=each):
                return each in self.live
            case i.EndPlayback(playback_id=each) | i.FindPlayback(playback_id=each):
                return each in self.playing
            case i.EndLeg(leg_id=each):
                return each in self.legs
            case i.EndBridge(bridge_id=each):
                return each in self.bridges
            case i.JoinBridge(bridge_id=each, members=members):
                return each in self.bridges and all(
                    self._present(m) or m in self.legs for m in members
                )
            case i.LeaveBridge():
                return True
            case i.SendTones(bridge_id=each):
                return each in self.bridges
            case i.BeginPlayback(target=each) | i.SendKeys(target=each):
                return self._present(each or intent.channel_id)
            case i.MakeBridge() | i.BeginLeg():
                return True
            case i.HangUp():
                return self.channel != "gone"
        return self._present(intent.channel_id)

    def _present(self, channel: str) -> bool:
        if channel in self.legs:
            return self.legs[channel] == "up"
        return channel == self.drive.state.channel_id and self.channel in ("ringing", "up")

    def _do(self, intent: i.Pbx) -> None:
        match intent:
            case i.Answer():
                self.channel = "up"
                self._tell(f.CallAnswered)
            case i.HangUp():
                self.hang_up()
            case i.BeginSnoop(snoop_id=each):
                self.snoops.add(each)
                self._tell(lambda _: f.SnoopEntered(each))
            case i.EndSnoop(snoop_id=each):
                self._end_snoop(each)
            case i.BeginCapture(name=name, snoop_id=each):
                self.live[name] = each
                self._tell(lambda at: f.CaptureBegan(name, at))
                self.stored.add(name)
                self._later("pbx", lambda: self.end_capture(name), intent.max_duration_s * 1000)
            case i.EndCapture(name=name):
                self.end_capture(name)
            case i.BeginPlayback(playback_id=each, target=target):
                self.playing[each] = target or intent.channel_id
                self._tell(lambda at: f.PlaybackBegan(each, at))
                self._later("pbx", lambda: self.end_playback(each), self.play_ms)
            case i.EndPlayback(playback_id=each):
                self.end_playback(each)
            case i.SendTones(tones_id=each, bridge_id=bridge):
                self.playing[each] = bridge
            case i.SendKeys(keys_id=each):
                self._tell(lambda _: f.KeysSent(each))
            case i.BeginLeg(leg_id=each):
                self.legs[each] = "dialled"
                self._later("pbx", lambda: self._no_answer(each), intent.timeout_s * 1000)
            case i.EndLeg(leg_id=each):
                self.end_leg(each)
            case i.MakeBridge(bridge_id=each):
                self.bridges.add(each)
            case i.EndBridge(bridge_id=each):
                self.bridges.discard(each)
                self._silence(each)
            case _:
                pass

    # -- what happens by itself, or because somebody does it

    def end_capture(self, name: str) -> None:
        if self.live.pop(name, None) is not None:
            self._tell(lambda at: f.CaptureEnded(name, at))

    def _end_snoop(self, snoop_id: str) -> None:
        for name in [name for name, snoop in self.live.items() if snoop == snoop_id]:
            self.end_capture(name)
        self.snoops.discard(snoop_id)
        self._tell(lambda _: f.SnoopLeft(snoop_id))

    def end_playback(self, playback_id: str) -> None:
        if self.playing.pop(playback_id, None) is not None:
            self._tell(lambda at: f.PlaybackEnded(playback_id, at))

    def _silence(self, channel: str) -> None:
        for playback in [each for each, target in self.playing.items() if target == channel]:
            self.end_playback(playback)

    def hear_leg(self, leg_id: str) -> None:
        """183."""
        if self.legs.get(leg_id) == "dialled":
            self._tell(lambda at: f.LegRinging(leg_id, at))
            self._tell(lambda at: f.LegEarly(leg_id, at))

    def answer_leg(self, leg_id: str, *, ring: bool = True) -> None:
        if self.legs.get(leg_id) != "dialled":
            return
        self.legs[leg_id] = "up"
        if ring:
            self._tell(lambda at: f.LegRinging(leg_id, at))
        self._tell(lambda at: f.LegAnswered(leg_id, at))

    def end_leg(self, leg_id: str, cause: int = 16) -> None:
        if self.legs.pop(leg_id, None) is not None:
            self._silence(leg_id)
            self._tell(lambda at: f.LegEnded(leg_id, at, cause))

    def _no_answer(self, leg_id: str) -> None:
        if self.legs.get(leg_id) == "dialled":
            self.end_leg(leg_id, 19)

    def press_on_leg(self, leg_id: str, key: str) -> None:
        if self.legs.get(leg_id) == "up":
            self._tell(lambda at: f.LegKeyPressed(leg_id, at, key, 100))

    def press(self, key: str) -> None:
        if self.channel in ("ringing", "up"):
            self._tell(lambda at: f.KeyPressed(at, key, 100))

    def leave(self) -> None:
        """Somebody takes the channel out of our application, alive."""
        if self.channel in ("ringing", "up"):
            self.channel = "elsewhere"
            self._tell(f.CallLeft)

    def hang_up(self, *, files_first: bool = False) -> None:
        """The channel goes, as a real one does; now and then the files are closed first."""
        if self.channel == "gone":
            return
        self.channel = "gone"
        if not files_first:
            self._tell(lambda at: f.HangupRequested(at, 16))
        for snoop in sorted(self.snoops):
            self._end_snoop(snoop)
        self._silence(self.drive.state.channel_id)
        if files_first:
            self._tell(lambda at: f.HangupRequested(at, 16))
        self._tell(f.CallLeft)
        self._tell(lambda at: f.CallDestroyed(at, 16))

    def reconnect(self) -> None:
        """The connection is back: what the call has is looked up (N-3)."""
        self.connected = True
        state = self.drive.state
        taps = [
            t for r in state.recordings if r.phase not in ("collecting", "done") for t in r.taps
        ]
        seen = f.PbxSeen(
            at=self.drive.now,
            channel=self.channel in ("ringing", "up"),
            answered=self.channel == "up",
            live=tuple(n for t in taps if (n := life.capture_name(t)) in self.live),
            stored=tuple(sorted(self.stored)),
            snoops=tuple(sorted(self.snoops)),
            playbacks=tuple(p for p in machine.playbacks(state) if p in self.playing),
            legs=tuple(sorted(self.legs)),
            bridges=dict.fromkeys(sorted(self.bridges), (state.channel_id, *sorted(self.legs))),
            one_stream=state.one_stream,
        )
        self._feed(seen)
        for leg in sorted(self.legs):
            if self.legs.get(leg) == "up":
                self._tell(partial(f.LegAnswered, leg))

    def cut(self) -> None:
        """The connection breaks."""
        self.connected = False
        self._feed(f.PbxLost())

    def left(self) -> dict[str, list[str]]:
        """What Asterisk still has of the call."""
        return {
            kind: sorted(has)
            for kind, has in {
                "snoops": self.snoops,
                "files": self.live,
                "playbacks": self.playing,
                "legs": self.legs,
                "bridges": self.bridges,
            }.items()
            if has
        }
