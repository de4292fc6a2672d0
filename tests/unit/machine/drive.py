"""Drives the pure machine by hand: facts in, intents out, time passed by adding to a number."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from recordbridge.machine import call as machine
from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine import life, transcription
from recordbridge.machine.progress import Dialing
from recordbridge.machine.state import Profile, Recording
from recordbridge.machine.transcription import Outcome, Spoken
from recordbridge.plivo.elements import Dial, Document, Element, Record
from recordbridge.plivo.retry import Target

SEED = "00112233445566778899aabbccddeeff"
START = 1_700_000_000_000
ACTION = Target(url="https://app.example.com/action")
CALLBACK = Target(url="https://app.example.com/callback")

SAID = Outcome(spoken=(Spoken(0, "Hello."),))

Kind = TypeVar("Kind", bound=i.Intent)


class Drive:
    """One call on a clock of its own. `sent` holds all intents so far."""

    def __init__(
        self,
        *elements: Element,
        profile: Profile | None = None,
        answered: bool = False,
        document: bool = True,
        one_stream: bool = False,
    ) -> None:
        self.now = START
        self.sent: list[i.Intent] = []
        self.facts: list[f.Fact | None] = []
        self.dials: dict[str, Dial] = {}
        """The Dials that were under way, by their bridge."""
        self.commits = 0
        profile = profile or Profile(account="MAEXAMPLEACCOUNT0001", application="voicemail")
        entered = f.CallEntered(
            at=self.now,
            channel_id="c1",
            caller="15550001",
            dialled="100",
            answered=answered,
            one_stream=one_stream,
        )
        self._take(machine.enter("pbx", entered, profile, SEED, self.now))
        if document:
            self.document(*elements)

    def _take(self, step: machine.Step) -> list[i.Intent]:
        self.state = step.state
        self.due = step.deadline
        self.commits += step.durable
        self.sent.extend(step.intents)
        doing = step.state.flow.doing
        if isinstance(doing, Dialing):
            self.dials[doing.bridge_id] = doing.element
        return list(step.intents)

    def feed(self, fact: f.Fact | None, *, after_ms: int = 0) -> list[i.Intent]:
        """Take a fact in `after_ms` later; returns its intents."""
        self.now += after_ms
        self.facts.append(fact)
        return self._take(machine.step(self.state, fact, self.now))

    def document(self, *elements: Element) -> list[i.Intent]:
        """The document that is awaited arrives."""
        asked = [s for s in self.sent if isinstance(s, i.LoadFlow | i.Request)][-1]
        return self.feed(
            f.DocumentArrived(request_id=asked.request_id, document=Document(elements=elements))
        )

    def wait(self, ms: int) -> list[i.Intent]:
        """Let time pass; everything that falls due happens at its time."""
        end = self.now + ms
        done: list[i.Intent] = []
        for _ in range(10_000):
            if self.due is None or self.due > end:
                break
            self.now = max(self.now, self.due)
            done += self.feed(None)
        else:
            raise AssertionError(f"due again and again: {self.state.flow.doing}")
        self.now = end
        return done

    def of(self, kind: type[Kind]) -> list[Kind]:
        """All intents of that kind so far."""
        return [intent for intent in self.sent if isinstance(intent, kind)]

    def last(self, kind: type[Kind]) -> Kind:
        return self.of(kind)[-1]

    def requests(self, kind: str) -> list[i.Request]:
        return [r for r in self.of(i.Request) if r.kind == kind]

    @property
    def recording(self) -> Recording:
        """The latest recording."""
        return self.state.recordings[-1]

    # -- the usual course of events

    def record(self, *, ms: int = 0) -> Recording:
        """Bring the recording that was just begun to where it runs, `ms` long."""
        recording = self.recording
        self.feed(f.SnoopEntered(snoop_id=recording.taps[0].snoop_id))
        if recording.beep_id:
            self.feed(f.CallAnswered(at=self.now))
            self.feed(f.PlaybackEnded(playback_id=recording.beep_id, at=self.now), after_ms=420)
        self.feed(f.CaptureBegan(name=life.capture_name(recording.taps[0]), at=self.now))
        if self.state.answered_at is None:
            self.feed(f.CallAnswered(at=self.now + 3), after_ms=3)
        assert self.recording.phase == "running"
        self.now += ms
        return self.recording

    def close(self) -> list[i.Intent]:
        """Asterisk has closed the file."""
        return self.feed(
            f.CaptureEnded(name=life.capture_name(self.recording.taps[0]), at=self.now)
        )

    def store(self, *, frames: int = 16_000, recording: Recording | None = None) -> None:
        """The file is measured and stored."""
        which = (recording or self.recording).recording_id
        self.feed(f.AudioMeasured(recording_id=which, frames=frames, rate=8000))
        self.feed(f.FileReady(recording_id=which, size=frames * 2 + 44, digest="d"))

    def transcribed(self, outcome: Outcome = SAID, rate: str = "0") -> i.Request:
        """The latest recording was turned into text: the request that tells of it."""
        wishes = [each.recording_id for each in self.of(i.Transcribe)]
        assert wishes.count(self.recording.recording_id) == 1
        request = transcription.request(
            self.state, self.recording, outcome, Decimal(rate), self.now
        )
        assert request is not None
        return request

    def hang_up(self) -> None:
        """The caller hangs up, in the order of a real Asterisk."""
        self.feed(f.HangupRequested(at=self.now))
        self.feed(f.CallLeft(at=self.now))
        if self.state.recordings and self.recording.phase == "ending":
            self.close()
        self.feed(f.CallDestroyed(at=self.now, cause=16))


def voicemail(**fields: Any) -> Record:
    """A plain Record with action and callback, no beep unless asked for."""
    plain = Record(action=ACTION, callback=CALLBACK, play_beep=False)
    return msgspec.structs.replace(plain, **fields)
