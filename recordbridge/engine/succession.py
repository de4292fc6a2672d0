"""N-6: one worker in the place of another.

A dead one's calls, and those that one has given away because it stops (N-7), are adopted under a
higher fence: by a worker that is connected to their Asterisk. Their requests come with them. What
is in no row, a channel that had entered and was not kept yet, is looked after by one heir.
"""

from __future__ import annotations

import structlog

from recordbridge.engine.deliveries import Deliveries
from recordbridge.engine.recovery import Recovery
from recordbridge.engine.router import Router
from recordbridge.engine.tenure import Tenure
from recordbridge.ports.pbx import Pbx
from recordbridge.ports.store import Leases, Neighbour

log = structlog.get_logger()


class Succession:
    """Implements `engine.heartbeat.Succession`. Used by the composition root."""

    def __init__(
        self,
        *,
        leases: Leases,
        router: Router,
        recovery: Recovery,
        deliveries: Deliveries,
        tenure: Tenure,
    ) -> None:
        self._leases = leases
        self._tenure = tenure
        self._router = router
        self._recovery = recovery
        self._deliveries = deliveries
        self._left: dict[str, int] = {}

    async def adopt(self) -> None:
        """Take what dead workers have left and others gave away. Raises StorageError, PbxError."""
        neighbours = await self._leases.neighbours()
        if not neighbours:
            return
        pbxs = [pbx for pbx in self._router.pbxs() if pbx.connected]
        if await self._leases.anything_left():
            for pbx in pbxs:
                await self._adopt_calls(pbx)
            await self._adopt_requests()
        for each in neighbours:
            if not each.lives and not each.heir:
                await self._inherit(each, pbxs)

    async def _adopt_calls(self, pbx: Pbx) -> None:
        found = await self._leases.adopt_calls(pbx.name)
        if not found:
            return
        log.info("calls_adopted", asterisk=pbx.name, calls=len(found))
        await self._recovery.take_over(pbx, found)

    async def _adopt_requests(self) -> None:
        adopted = await self._leases.adopt_requests()
        for row in adopted:
            self._deliveries.submit(row)
        if adopted:
            log.info("requests_adopted", requests=len(adopted))
        left = await self._leases.calls_left()
        for worker, calls in left.items():
            if self._left.get(worker) != calls:
                log.warning("calls_left_by_dead_worker", worker=worker, calls=calls)
        self._left = left

    async def _inherit(self, dead: Neighbour, pbxs: list[Pbx]) -> None:
        """Channels that wait in its applications, and that nobody knows of."""
        if not await self._leases.inherit(dead.worker):
            return
        log.info("worker_succeeded", worker=dead.worker)
        for pbx in pbxs:
            if (app := dead.apps.get(pbx.name)) is not None:
                await self._recovery.take_in(pbx, app)

    async def drop_lost(self) -> None:
        """We were stuck: others may have adopted what was ours. Raises StorageError."""
        entered = [actor.state.entered_at for actor in self._router.calls.values()]
        lost = await self._leases.lost_calls(min(entered)) if entered else set()
        ours = await self._leases.unfinished()
        calls = [actor for each, actor in self._router.calls.items() if each in lost]
        for actor in calls:
            if actor.stored:  # else its first commit tells
                actor.lose()
        requests = self._deliveries.keep_only(ours)
        log.warning("lease_was_over", calls_lost=len(calls), requests_lost=requests)

    def go_on(self) -> None:
        """What we have is certainly ours: do what has waited for that."""
        self._tenure.tell()
        for actor in list(self._router.calls.values()):
            actor.wake()

    async def hand_over(self, call_uuids: list[str]) -> None:
        """N-7: give calls that we have put down to a worker that has their Asterisk, if there is
        one; else they wait for us. Raises StorageError.
        """
        there = {app for each in await self._leases.neighbours() if each.lives for app in each.apps}
        calls = self._router.calls
        given = [each for each in call_uuids if calls[each].state.asterisk in there]
        await self._leases.hand_over(given)
        if given:
            log.info("calls_handed_over", calls=len(given))
