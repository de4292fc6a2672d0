"""One step in the making: the call as it becomes, and the intents so far.

Mutable inside a step and nowhere else; `step` takes a value and gives a value.
"""

from __future__ import annotations

import msgspec

from recordbridge import ids
from recordbridge.instant import Instant
from recordbridge.machine.intents import AgiAnswer, Answer, Intent, Note
from recordbridge.machine.state import Call, Ending, Flow, Recording

replace = msgspec.structs.replace


class Turn:
    """The working place of one step at the instant `now`."""

    __slots__ = ("call", "durable", "intents", "now", "unhurried")

    def __init__(self, call: Call, now: Instant) -> None:
        self.call = call
        self.now = now
        self.intents: list[Intent] = []
        self.durable = False
        """Something changed that must not be forgotten: the step is committed."""
        self.unhurried = False
        """Something changed that Asterisk can tell again: it is committed, but in no hurry."""

    def emit(self, *intents: Intent) -> None:
        self.intents.extend(intents)

    def withdraw(self, kind: type[Intent]) -> None:
        """What this step wanted of that kind happens by itself."""
        self.intents = [each for each in self.intents if not isinstance(each, kind)]

    def answer(self) -> None:
        """Answer the call, unless that was done; in the dialplan that is FastAGI's to do."""
        call = self.call
        if call.answered_at is not None or call.answering or not self.can_answer:
            return
        self.call = replace(call, answering=True)
        if call.outside:
            self.intents.append(AgiAnswer(agi_id=call.dialplan.agi_id))
        else:
            self.intents.append(Answer(channel_id=call.channel_id))

    @property
    def can_answer(self) -> bool:
        """Nobody but the dialplan answers a call that is there; through FastAGI we are asked to."""
        return not self.call.outside or bool(self.call.dialplan.agi_id)

    def note(self, event: str, **fields: str | int) -> None:
        self.intents.append(Note(event=event, fields=fields))

    def detail(self, event: str, **fields: str | int) -> None:
        """For the timeline; not of interest in a usual log."""
        self.intents.append(Note(event=event, level="debug", fields=fields))

    def warn(self, event: str, **fields: str | int) -> None:
        self.intents.append(Note(event=event, level="warning", fields=fields))

    def change(self, **fields: object) -> None:
        """Change fields of the call."""
        self.call = replace(self.call, **fields)

    def flow(self, **fields: object) -> None:
        """Change fields of the flow; always durable, for it says what runs next."""
        self.call = replace(self.call, flow=replace(self.call.flow, **fields))
        self.durable = True

    def set_flow(self, flow: Flow) -> None:
        self.call = replace(self.call, flow=flow)
        self.durable = True

    def dialplan(self, **fields: object) -> None:
        """Change what is known of the dialplan."""
        self.call = replace(self.call, dialplan=replace(self.call.dialplan, **fields))

    def blame(self, source: str, code: int = 0, cause: int = 0) -> None:
        """Say why the call ends; the first word stands."""
        if self.call.ending == Ending():
            self.call = replace(self.call, ending=Ending(source, code, cause))

    def recording(self, recording_id: str) -> Recording | None:
        for recording in self.call.recordings:
            if recording.recording_id == recording_id:
                return recording
        return None

    def put(self, recording: Recording, **fields: object) -> Recording:
        """Change fields of a recording (or add it)."""
        changed = replace(recording, **fields) if fields else recording
        known = self.call.recordings
        for index, old in enumerate(known):
            if old.recording_id == changed.recording_id:
                updated = (*known[:index], changed, *known[index + 1 :])
                break
        else:
            updated = (*known, changed)
        self.call = replace(self.call, recordings=updated)
        return changed

    def new_object(self, kind: str) -> str:
        """A fresh id for a snoop (`snoop`), capture (`rec`) or playback (`play`)."""
        number = self.call.objects + 1
        self.call = replace(self.call, objects=number)
        return ids.object_id(self.call.call_uuid, kind, number)

    def new_request(self) -> str:
        """A fresh id for a request: its `X-Recordbridge-Delivery` on every repeat (H-3)."""
        number = self.call.requests + 1
        self.call = replace(self.call, requests=number)
        self.durable = True
        return ids.derived(self.call.seed, f"request-{number}")
