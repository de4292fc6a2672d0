"""One call: its machine, its timer, its place in the commit queue.

Facts go in one at a time, in order; what they come to is done and committed (commit and act):
intents that can be found again and undone go out at once, all others after the commit. Steps
whose commit nobody waits for share one (`engine.commits`). Nothing is asked of Asterisk for a call
that the store does not know yet: whatever is found there after a crash belongs to a known call.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog
from msgspec.structs import replace

from recordbridge import failpoints
from recordbridge.engine import rows, units
from recordbridge.engine.commits import Commits
from recordbridge.errors import FenceError
from recordbridge.instant import Clock, Instant
from recordbridge.machine import call as machine
from recordbridge.machine.facts import CallEntered, Fact
from recordbridge.machine.intents import (
    AgiResult,
    BeginCapture,
    BeginLeg,
    BeginPlayback,
    Discard,
    EndCapture,
    EndLeg,
    EndPlayback,
    Intent,
    Note,
    Pbx,
    Recognise,
    Release,
    Reply,
    Request,
    Transcribe,
)
from recordbridge.machine.state import Call
from recordbridge.ports.rows import RequestRow, Unit
from recordbridge.ports.store import Store

log = structlog.get_logger()

URGENT = (Request, Pbx, Reply, AgiResult)
"""Intents for which somebody out there waits: their commit is made at once."""
UNHURRIED = (Note, Discard, Release, Transcribe, Recognise)
"""Intents for which nobody waits, not even a later step."""

BEGINS, ENDS = (BeginLeg, BeginPlayback), (EndLeg, EndPlayback)
WRITTEN = (Request, Recognise)
"""Nothing is left to do for them when their row is committed."""

Requests = tuple[RequestRow, ...]


class Hands(Protocol):
    """Does what the machine of a call wants (`engine.hands`)."""

    @property
    def commands(self) -> Mapping[str, str]:
        """N-6: what other workers ask of our calls: id of the command by `asked_id`."""
        ...

    def doubtful(self) -> bool:
        """Another worker may own our calls: nothing is done until we know."""
        ...

    def when_sure(self, act: Callable[[], None]) -> None:
        """Now, if they are certainly ours."""
        ...

    def hurry(self) -> None:
        """A call waits for what is done now."""
        ...

    def act(self, actor: Actor, intent: Intent) -> None: ...

    def noted(self, note: Note) -> None: ...

    def requested(self, row: RequestRow) -> None:
        """The request's row is committed: send it."""
        ...

    def released(self, actor: Actor) -> None: ...

    def dropped(self, actor: Actor, *, hang_up: bool) -> None:
        """The call is not ours any more; or it cannot go on, then it must not be stuck either."""
        ...


class Actor:
    """Runs the machine of one call. Lives on the event loop, has no task of its own."""

    __slots__ = (
        "_clock",
        "_commits",
        "_deadline",
        "_hands",
        "_hurry",
        "_inbox",
        "_kept",
        "_late",
        "_log",
        "_loop",
        "_store",
        "_timer",
        "_timer_at",
        "_unbegun",
        "busy",
        "closed",
        "dirty",
        "entered",
        "fence",
        "lost",
        "state",
        "stored",
        "version",
    )

    def __init__(
        self,
        state: Call,
        version: int,
        fence: int = 0,
        *,
        store: Store,
        commits: Commits,
        hands: Hands,
        clock: Clock,
    ) -> None:
        self.state, self.version, self.fence = state, version, fence
        """N-6: our number as the call's owner; a commit under an older one fails."""
        self.busy = self.closed = self.lost = False
        self.dirty = False  # there are steps that are not in the commit queue yet
        self._hurry = False  # not all of them can wait a second
        self._kept = state if version else None  # as the commit queue has it
        self.stored = self._kept  # as the store has it; None while it does not know the call
        self._late: list[Intent] = []  # what waits for the next commit
        self.entered: CallEntered | None = None  # until stored: it may have been a call before
        self._unbegun: set[str] = set()
        """Legs and playbacks whose beginning waits for a commit: their end must not overtake it."""
        self._log = log.bind(call_uuid=state.call_uuid)
        self._commits, self._store = commits, store
        self._hands, self._clock = hands, clock
        self._loop = asyncio.get_running_loop()
        self._inbox: deque[Fact | None] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0
        self._deadline: Instant | None = None

    def begin(self, first: machine.Step, entered: CallEntered | None = None) -> None:
        """Do what the call's first step (`machine.enter`) came to."""
        self.entered = entered
        self._guarded(first)

    def wake(self) -> None:
        """The call is certainly ours: go on."""
        if self._inbox and not self.busy and not self.closed:
            self._guarded(None)

    def lose(self) -> None:
        """The call is another worker's now: do nothing more for it."""
        self.lost = True
        self._drop(hang_up=False)

    def feed(self, fact: Fact | None) -> None:
        """Take a fact in; None when time has passed."""
        if self.closed:
            return
        self._inbox.append(fact)
        if not self.busy and not self._hands.doubtful():
            self._guarded(None)

    def close(self) -> None:
        """Stop: no more facts, no timer. What has happened is committed."""
        self.closed = True
        if self.dirty:
            self._flush()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _guarded(self, first: machine.Step | None) -> None:
        """A fault in one call ends that call's part in the service, and nothing else."""
        try:
            self._run(first)
        except Exception:
            log.exception("call_broke", call_uuid=self.state.call_uuid)
            self._drop(hang_up=True)

    def _drop(self, *, hang_up: bool) -> None:
        self.dirty = False
        self.close()
        self._hands.dropped(self, hang_up=hang_up)

    def _run(self, first: machine.Step | None) -> None:
        self.busy = True
        step = first
        try:
            while True:
                if step is not None:
                    self._take(step)
                if not self._inbox:
                    break
                step = machine.step(self.state, self._inbox.popleft(), self._clock())
        finally:
            self.busy = False
        self._arm()
        if self._late and any(isinstance(intent, URGENT) for intent in self._late):
            self._commits.now(self._flush)
        elif self.dirty:
            self._commits.soon(self._flush, hurry=self._hurry)
        elif self._late:
            self._flush()

    def _take(self, step: machine.Step) -> None:
        self.state = step.state
        self._deadline = step.deadline
        self._hurry = self._hurry or step.durable
        self.dirty = self.dirty or step.durable or step.unhurried
        if any(not isinstance(intent, UNHURRIED) for intent in step.intents):
            self._hands.hurry()
        for intent in step.intents:
            if isinstance(intent, BEGINS):
                self._unbegun.add(_object(intent))
            elif self._unbegun and isinstance(intent, ENDS) and _object(intent) in self._unbegun:
                self.dirty = True  # after the commit that the beginning waits for
                self._late.append(intent)
                continue
            if isinstance(intent, Note):
                getattr(self._log, intent.level)(intent.event, **intent.fields)
                self._hands.noted(intent)
            elif self._waits(intent):
                # Also when the commit that it waits for is on its way already.
                self.dirty = self.dirty or isinstance(intent, BeginCapture)
                self._late.append(intent)
            else:
                self._act_now(intent)

    def _waits(self, intent: Intent) -> bool:
        """For the commit. To end a recording loses nothing: with the database away it is ended.

        What is said is recorded only for a recording that a restart will know of (N-1).
        """
        if isinstance(intent, Pbx) and self.stored is None:
            return True
        if isinstance(intent, BeginCapture):
            return self._store.available and not machine.records(self.stored, intent.name)
        if isinstance(intent, EndCapture):
            return self._store.available and not intent.told
        return not intent.early

    def _act_now(self, intent: Intent) -> None:
        if failpoints.ON:
            failpoints.reach(f"before.{type(intent).__name__}")
        self._hands.act(self, intent)
        if failpoints.ON:
            failpoints.reach(f"after.{type(intent).__name__}", sent=True)

    def _arm(self) -> None:
        """See to it that the machine is asked when something is due.

        A timer that comes too early only looks again: deadlines mostly move into the future,
        and to move a timer each time costs more than to be woken once.
        """
        due = self._deadline
        if due is None or self.closed:
            return
        if self._timer is not None:
            if self._timer_at <= due:
                return
            self._timer.cancel()
        self._timer_at = due
        self._timer = self._loop.call_later(max(0, due - self._clock()) / 1000, self._due)

    def _due(self) -> None:
        self._timer = None
        due = self._deadline
        if due is not None and self._clock() >= due:
            self.feed(None)
        else:
            self._arm()

    def _flush(self) -> None:
        """Commit what is not committed, and do what waits for it."""
        late, self._late = self._late, []
        if not self.dirty:
            if late:
                self._act(late, ())
            return
        self.dirty = self._hurry = False
        state, known = self.state, () if self._kept is None else self._kept.recordings
        self._kept = state
        now = self._clock()
        self.version += 1
        asked = units.asked(state, late, now, self._hands.commands) if late else Unit()
        unit = replace(
            asked,
            call=rows.call_row(state, self.version, self.fence, open_=not machine.finished(state)),
            recordings=units.changed(state, known),
        )
        future = self._store.commit(unit, quiet=not late)
        future.add_done_callback(lambda done: self._committed(done, state, late, unit.requests))

    def _committed(
        self, done: asyncio.Future[None], kept: Call, intents: list[Intent], requests: Requests
    ) -> None:
        if done.cancelled():
            return
        error = done.exception()
        if error is None:
            self.stored, self.entered = kept, None
            self._hands.when_sure(lambda: self._act(intents, requests))
            return
        fenced = isinstance(error, FenceError)
        if fenced and self.entered is not None:
            self._log.info("call_known")
        else:
            self._log.error("fence_lost" if fenced else "commit_failed", reason=str(error))
        self._drop(hang_up=not fenced)

    def _act(self, intents: list[Intent], requests: Requests) -> None:
        if self.lost:
            return
        for row in requests:
            if failpoints.ON:
                failpoints.reach(f"before.{row.kind}")
            self._hands.requested(row)
        for intent in intents:
            if isinstance(intent, Release):
                self._release()
            elif not isinstance(intent, WRITTEN):
                self._act_now(intent)
                if isinstance(intent, BEGINS):
                    self._unbegun.discard(_object(intent))

    def _release(self) -> None:
        if not self.closed and machine.finished(self.state):
            self.close()
            self._hands.released(self)


def _object(intent: BeginLeg | EndLeg | BeginPlayback | EndPlayback) -> str:
    return intent.leg_id if isinstance(intent, BeginLeg | EndLeg) else intent.playback_id
