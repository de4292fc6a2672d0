"""After a start and each gap in Asterisk's events: store and Asterisk are brought together.

`load` takes up the calls that were open. `reconcile` tells every call what Asterisk has of it,
takes up calls that nobody knows of, and takes away what belongs to no open call (N-1, N-3). New
calls may come in meanwhile: they have nothing to do with the old ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import structlog
from msgspec.structs import replace

from recordbridge import ids
from recordbridge.engine import rows
from recordbridge.engine.actor import Actor
from recordbridge.engine.pipeline import Pipeline
from recordbridge.engine.router import Router
from recordbridge.machine import call as machine
from recordbridge.machine import intents as i
from recordbridge.machine import life
from recordbridge.machine.state import Call
from recordbridge.ports.pbx import Belongings, Pbx, Survey
from recordbridge.ports.rows import CallRow
from recordbridge.ports.store import Store

log = structlog.get_logger()

LOOKS = 8
"""Calls that are looked at at once."""
FILED = ("collecting", "done")
"""Phases of recordings in which Asterisk has closed the files."""


class Recovery:
    """Used by the composition root; `router` owns the calls."""

    def __init__(
        self, *, router: Router, store: Store, pipeline: Pipeline, worker: str = ""
    ) -> None:
        self._worker = worker
        """Our name, if other workers may be on this database."""
        self._router = router
        self._store = store
        self._pipeline = pipeline

    async def load(self, asterisk: str) -> int:
        """Take up the open calls of that Asterisk; nothing is done for them before `reconcile`."""
        found = await self._store.take_calls(asterisk)
        for row in found:
            self._router.take_up(row)
        return len(found)

    async def reconcile(self, pbx: Pbx) -> None:
        """Raises PbxError, StorageError: nothing is certain then, and it is to be done again."""
        # A call that comes in while Asterisk is asked is in no list: it is not to be looked for.
        actors = [a for a in self._router.calls.values() if a.state.asterisk == pbx.name]
        survey = await self._brought_in(pbx, actors)
        gate = asyncio.Semaphore(LOOKS)
        await asyncio.gather(*(self._look(pbx, survey, actor, gate) for actor in actors))
        await self._adopt(pbx, survey, gate)
        for call_uuid, found in survey.belongings.items():
            if call_uuid not in self._router.calls:
                await self._clear(pbx, survey, call_uuid, found)

    async def take_over(self, pbx: Pbx, adopted: list[CallRow]) -> None:
        """N-6: calls of another worker are ours now. Raises PbxError: then the connection ends as
        well, and the next `reconcile` does it.
        """
        actors = [self._router.take_up(row) for row in adopted]
        survey = await self._brought_in(pbx, actors)
        gate = asyncio.Semaphore(LOOKS)
        await asyncio.gather(*(self._look(pbx, survey, actor, gate) for actor in actors))

    async def _brought_in(self, pbx: Pbx, actors: list[Actor]) -> Survey:
        """What is there, with the calls' channels in our application: those that another worker,
        or we by another name, had, are brought here first.
        """
        survey = await pbx.survey()
        elsewhere = [found for actor in actors if (found := _elsewhere(actor.state, survey))]
        if not elsewhere:
            return survey
        await asyncio.gather(*(pbx.bring_in(*each) for each in elsewhere))
        return await pbx.survey()

    async def take_in(self, pbx: Pbx, app: str) -> None:
        """N-6: calls that wait in a dead worker's application, and were never kept."""
        waiting = await pbx.in_application(app)
        unknown = [
            each
            for each in waiting
            if await self._store.call(ids.call_uuid(pbx.name, each)) is None
        ]
        if not unknown:
            return
        await pbx.bring_in(unknown, [], [])
        await self._adopt(pbx, await pbx.survey(), asyncio.Semaphore(LOOKS))

    async def _look(self, pbx: Pbx, survey: Survey, actor: Actor, gate: asyncio.Semaphore) -> None:
        state = actor.state
        recordings = (r for r in state.recordings if r.phase not in FILED)
        taps = [t for r in recordings for t in (*r.taps, *r.earlier)]
        async with gate:
            seen = await pbx.look(
                state.channel_id,
                survey,
                captures=[life.capture_name(tap) for tap in taps if not tap.lost],
                playbacks=machine.playbacks(state),
            )
        actor.feed(seen)
        self._router.lines.tell_broken(actor)

    async def _adopt(self, pbx: Pbx, survey: Survey, gate: asyncio.Semaphore) -> None:
        """Calls that wait in our application: their first commit was never made, or they came
        back while nobody listened.
        """
        unknown = [
            each for each in survey.calls if ids.call_uuid(pbx.name, each) not in self._router.calls
        ]
        if not unknown:
            return
        wanted = replace(survey, calls={each: survey.calls[each] for each in unknown})
        for call_uuid, entered in await pbx.calls_present(wanted):
            if call_uuid in self._router.calls:
                continue
            row = await self._store.call(call_uuid)
            if row is not None and row.open and self._is_others(row):
                continue  # a snoop of it, or the call itself for a moment, is in our application
            log.info("call_adopted", call_uuid=call_uuid)
            if row is not None and row.open:
                await self._look(pbx, survey, self._router.take_up(row), gate)
            elif row is not None and not self._worker:
                self._router.take_back(row)
            self._router.fact(pbx.name, call_uuid, entered)

    async def _clear(self, pbx: Pbx, survey: Survey, call_uuid: str, found: Belongings) -> None:
        """What a call has left that is over. Of a call that the store does not know, another
        service's perhaps, only what is in our own application is touched.
        """
        row = await self._store.call(call_uuid)
        if row is not None and row.open and self._is_others(row):
            return
        for name in found.snoops:
            if name in survey.ours:
                pbx.perform(i.EndSnoop(channel_id=name, snoop_id=name))
        for name in found.legs:
            if name in survey.ours:
                pbx.perform(i.EndLeg(channel_id=name, leg_id=name))
        if row is None or row.open or call_uuid in self._router.calls:
            return
        for name in found.bridges:
            pbx.perform(i.EndBridge(channel_id=row.channel_id, bridge_id=name))
        stored = set(found.stored)
        copies = tuple(name for name in _safe(rows.decode(row.state)) if name in stored)
        if copies:
            self._pipeline.discard(pbx, copies)

    def _is_others(self, row: CallRow) -> bool:
        return self._worker not in ("", row.owner)


def _elsewhere(call: Call, survey: Survey) -> tuple[list[str], list[str], list[str]] | None:
    """Channels of the call to be brought into our application, others of it, and its bridges;
    None when all of it is in ours.
    """
    of = survey.belongings.get(call.call_uuid) or Belongings()
    legs = {*of.legs, *(leg for leg in machine.legs(call) if leg in survey.channels)}
    main = {call.channel_id} & {*survey.channels, *of.legs}
    channels, others = {*main, *legs} - survey.ours, {*of.snoops} - survey.ours
    if call.outside:
        channels, others = set(), others | channels
    if not channels and not others:
        return None
    return sorted(channels), sorted(others), sorted(of.bridges)


def _safe(call: Call) -> Iterator[str]:
    """Asterisk's files of recordings that are stored here, or that never began."""
    for recording in call.recordings:
        if recording.size is not None or recording.captured_at is None:
            yield from life.capture_names(recording)
            yield from map(life.first_name, recording.taps)
