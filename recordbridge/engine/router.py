"""The engine's middle: finds the actor of each fact, and does what machines want.

A call that is over and settled is forgotten here; a channel that left Stasis alive may come back
under the same CallUUID (`engine.returns`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from functools import cache
from typing import Protocol

import msgspec
import structlog

from recordbridge import ids
from recordbridge.engine import documents, rows
from recordbridge.engine.actor import Actor
from recordbridge.engine.applications import Applications, matched
from recordbridge.engine.commits import Commits
from recordbridge.engine.deliveries import Deliveries
from recordbridge.engine.lines import Lines
from recordbridge.engine.pipeline import Pipeline, Tell
from recordbridge.engine.replies import Replies
from recordbridge.engine.tenure import Tenure
from recordbridge.instant import Clock
from recordbridge.machine import call as machine
from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine.state import Call, Profile
from recordbridge.ports.http import Outcome
from recordbridge.ports.pbx import Pbx
from recordbridge.ports.rows import CallRow, RequestRow, TranscriptRow
from recordbridge.ports.store import Store
from recordbridge.telemetry.metrics import Metrics

log = structlog.get_logger()

PROMPT_KINDS = ("confirm", "music")
"""Requests whose reply is a document of prompts."""
REFUSED = ("RECORDBRIDGE_OFFER", "REFUSED")
"""The channel variable that tells the dialplan to offer the call again."""


class Prepares(Protocol):
    """Makes prompts playable (`engine.prompts`)."""

    def prepare(self, pbx: Pbx, intent: i.FetchMedia | i.Synthesise, tell: Tell) -> None: ...


class Router:
    """Owns the actors. While `accepting` says False, new calls go back to the dialplan (N-5)."""

    def __init__(
        self,
        *,
        store: Store,
        pipeline: Pipeline,
        prompts: Prepares,
        applications: Applications,
        clock: Clock,
        metrics: Metrics,
        tenure: Tenure | None = None,
    ) -> None:
        self.doubtful, self.when_sure = (sure := tenure or Tenure()).doubtful, sure.when_sure
        self.returned: Callable[[str, f.CallEntered], None] | None = None  # see `engine.returns`
        self.broken: Callable[[str, str], None] = lambda _asterisk, _call: None
        """Takes up what has broken (`engine.mending`)."""
        self._store = store
        self._pipeline = pipeline
        self._prompts = prompts
        self._applications = applications
        self._clock = clock
        self._metrics = metrics
        self.commits = Commits()
        self.replies, self.lines, self.commands = Replies(), Lines(), dict[str, str]()
        """Of what is asked of calls; the dialplans that wait."""
        metrics.calls_active.set_function(lambda: len(self._actors))
        metrics.recordings_active.set_function(self._running)
        self._settled = cache(metrics.recordings.labels)
        self._pbxs: dict[str, Pbx] = {}
        self._actors: dict[str, Actor] = {}
        self.deliveries: Deliveries | None = None
        self.transcribe: Callable[[TranscriptRow], None] = lambda _row: None
        """Takes recordings that shall be turned into text (`engine.transcriber`)."""
        self.hurry: Callable[[], None] = lambda: None
        """Told whenever a call waits for us: who takes its CPU stands back (`speech.stillness`)."""
        self.accepting: Callable[[], bool] = lambda: True
        self.most: int | None = None  # `service.max_calls`
        self.room: Callable[[str], str] = lambda _asterisk: ""
        """Where there is no room for an Asterisk's recordings (`engine.room.Room.full`)."""

    @property
    def calls(self) -> Mapping[str, Actor]:
        """The calls that are not settled, by CallUUID."""
        return self._actors

    def _running(self) -> int:
        return sum(r.phase == "running" for a in self._actors.values() for r in a.state.recordings)

    def attach(self, pbx: Pbx) -> None:
        self._pbxs[pbx.name] = pbx

    # -- facts

    def fact(self, asterisk: str, call_uuid: str, fact: f.Fact) -> None:
        """A fact from an Asterisk (`ports.pbx.FactSink`, bound to its name)."""
        actor = self._actors.get(call_uuid)
        if actor is not None:
            if isinstance(fact, f.CallEntered) and actor.state.outside:
                profile = matched(self._applications, call_uuid, fact).profile
                fact = msgspec.structs.replace(fact, profile=profile)
            actor.feed(fact)
        elif isinstance(fact, f.CallEntered):
            self._enter(asterisk, call_uuid, fact)
        elif isinstance(fact, f.ChannelReplaced):  # of a call that is over: nobody else ends it
            self._pbxs[asterisk].perform(i.HangUp(channel_id=fact.new_id))

    def lost(self, asterisk: str) -> None:
        """The connection to that Asterisk is away."""
        for actor in list(self._actors.values()):
            if actor.state.asterisk == asterisk:
                actor.feed(f.PbxLost())

    def tell(self, call_uuid: str, fact: f.Fact) -> None:
        """A fact of our own."""
        actor = self._actors.get(call_uuid)
        if actor is not None:
            actor.feed(fact)

    def take_up(self, row: CallRow) -> Actor:
        """Adopt a call that the store knows; it waits to be told what Asterisk has of it."""
        state = rows.decode(row.state)
        actor = self._adopt(row.call_uuid, self._actor(state, row.version, row.fence))
        self._pbxs[state.asterisk].adopt(
            state.call_uuid, state.channel_id, list(state.former), machine.legs(state)
        )
        actor.feed(f.PbxLost(restarted=True))
        return actor

    def _enter(self, asterisk: str, call_uuid: str, fact: f.CallEntered) -> None:
        full = self.most is not None and len(self._actors) >= self.most
        if full or not self.accepting():
            reason = "service.max_calls is reached" if full else "the database is away, or we stop"
            self._refuse(asterisk, call_uuid, fact.channel_id, reason)
            return
        application = matched(self._applications, call_uuid, fact)
        step = machine.enter(
            asterisk,
            fact,
            application.profile,
            secrets.token_hex(16),
            self._clock(),
            self.room(asterisk),
        )
        self._adopt(call_uuid, self._actor(step.state, 0)).begin(step, fact)

    def take_back(self, row: CallRow) -> Actor:
        """A call that was over and whose channel is here again."""
        actor = self._actor(rows.decode(row.state), row.version, row.fence)
        return self._adopt(row.call_uuid, actor)

    def room_changed(self) -> None:
        """Tell every call where there is no room now, or that there is again (N-4)."""
        for actor in list(self._actors.values()):
            full = self.room(actor.state.asterisk)
            if full != actor.state.full:
                actor.feed(f.RoomSeen(full=full))

    def _refuse(self, asterisk: str, call_uuid: str, channel_id: str, reason: str) -> None:
        """N-8: the dialplan sees it by the variable, offers the call again, takes its fallback."""
        log.warning("call_refused", call_uuid=call_uuid, reason=reason)
        for intent in (i.SetVariable(channel_id, *REFUSED), i.SendBack(channel_id=channel_id)):
            self._pbxs[asterisk].perform(intent)

    # -- what is asked of calls (engine.live.Actors)

    def pbxs(self) -> list[Pbx]:
        return list(self._pbxs.values())

    def overhear(
        self, asterisk: str, found: f.CallEntered, profile: Profile, known: CallRow | None
    ) -> Actor:
        call_uuid = ids.call_uuid(asterisk, found.channel_id)
        if known is None:
            seed = secrets.token_hex(16)
            full = self.room(asterisk)
            step = machine.overhear(asterisk, found, profile, seed, self._clock(), full)
            actor = self._adopt(call_uuid, self._actor(step.state, 0))
            actor.begin(step)
            return actor
        actor = self.take_back(known)
        actor.feed(f.Overheard(at=self._clock(), answered=found.answered))
        self.room_changed()
        return actor

    def discard(self, asterisk: str, names: tuple[str, ...]) -> None:
        if names and asterisk in self._pbxs:
            self._pipeline.discard(self._pbxs[asterisk], names)

    def _actor(self, state: Call, version: int, fence: int = 0) -> Actor:
        return Actor(
            state,
            version,
            fence,
            store=self._store,
            commits=self.commits,
            hands=self,
            clock=self._clock,
        )

    def _adopt(self, call_uuid: str, actor: Actor) -> Actor:
        self._actors[call_uuid] = actor
        return actor

    # -- what machines want (engine.actor.Hands)

    def act(self, actor: Actor, intent: i.Intent) -> None:
        """Do one intent of the call's machine."""
        state = actor.state
        pbx = self._pbxs[state.asterisk]
        match intent:
            case i.Pbx():
                pbx.perform(intent)
            case i.LoadFlow(request_id=request_id):
                actor.feed(documents.local(self._applications, state.profile, request_id))
            case i.Collect():
                self._pipeline.collect(pbx, intent, state.call_uuid, actor.feed)
            case i.FetchMedia() | i.Synthesise():
                self._prompts.prepare(pbx, intent, actor.feed)
            case i.Discard(names=names):
                self._pipeline.discard(pbx, names)
            case i.MakeDurable(request_id=request_id):
                self._outbox.make_durable(request_id)
            case i.Abandon(request_id=request_id):
                self._outbox.abandon(request_id)
            case i.Transcribe():
                self.transcribe(rows.transcript_row(state, intent))
            case i.Reply():
                self.commands.pop(intent.asked_id, None)
                self.replies.tell(intent)
            case i.Agi():
                self.lines.perform(intent)
            case _:
                raise AssertionError(intent)

    @property
    def _outbox(self) -> Deliveries:
        assert self.deliveries is not None
        return self.deliveries

    def noted(self, note: i.Note) -> None:
        """Count what the machine tells: the results of recordings (O-2)."""
        if note.event == "recording_settled":
            self._settled(note.fields["mode"], note.fields["result"]).inc()
        elif note.event == "recording_refused":
            self._metrics.recordings_refused.labels("disk").inc()

    def requested(self, row: RequestRow) -> None:
        self._outbox.submit(row)

    def released(self, actor: Actor) -> None:
        self._actors.pop(actor.state.call_uuid, None)

    def dropped(self, actor: Actor, *, hang_up: bool) -> None:
        """Forget the call. Its row stays open: its recordings are found by whoever takes it up."""
        state = actor.state
        if actor.entered is not None and not hang_up and self.returned is not None:
            self.returned(state.asterisk, actor.entered)
        if hang_up and not state.outside:
            self._pbxs[state.asterisk].perform(i.HangUp(channel_id=state.channel_id))
        self._actors.pop(actor.state.call_uuid, None)
        self.replies.dropped(actor.state.call_uuid)
        self.lines.dropped(actor.state.call_uuid)
        if hang_up:
            self.broken(state.asterisk, state.call_uuid)

    def settled(self, row: RequestRow, outcome: Outcome | None) -> None:
        """A request was answered or has used up its fragment (`deliveries.Settled`)."""
        if not row.wants_document or outcome is None:
            self.tell(row.call_uuid, f.RequestSettled(request_id=row.request_id))
            return
        actor = self._actors.get(row.call_uuid)
        if actor is None:
            return
        if row.kind in PROMPT_KINDS:
            actor.feed(documents.prompts(row, outcome))
            return
        fact = documents.fetched(self._applications, actor.state.profile, row, outcome)
        _count_document(self._metrics, fact)
        actor.feed(fact)


def _count_document(metrics: Metrics, fact: f.DocumentArrived | f.DocumentFailed) -> None:
    if isinstance(fact, f.DocumentArrived):
        metrics.documents.labels("usable").inc()
        return
    metrics.documents.labels("unusable" if fact.reached else "unreachable").inc()
    if fact.kind:
        metrics.document_errors.labels(fact.kind).inc()
