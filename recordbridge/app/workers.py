"""One worker among others on its database (N-6), and how it leaves them (N-7)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine

import structlog

from recordbridge.ari.link import AriPbx
from recordbridge.engine.claims import Claims
from recordbridge.engine.commands import Commands
from recordbridge.engine.deliveries import Deliveries
from recordbridge.engine.heartbeat import Heartbeat
from recordbridge.engine.mending import Mending
from recordbridge.engine.ownership import Ownership
from recordbridge.engine.recovery import Recovery
from recordbridge.engine.returns import Returns
from recordbridge.engine.router import Router
from recordbridge.engine.succession import Succession
from recordbridge.engine.tenure import Tenure, elapsed
from recordbridge.errors import StorageError
from recordbridge.instant import Clock
from recordbridge.settings.sections import Service
from recordbridge.store import Database
from recordbridge.store.leases import Leases

log = structlog.get_logger()

SETTLE_S = 3.0
"""N-7: how long calls wait for a reply before they are put down."""
LEAVE_S = 2.0
"""How long a database that does not answer may hold up our leaving."""


class Workers:
    """Puts leases, succession and claims together; does nothing on a database of our own."""

    def __init__(self, service: Service, clock: Clock) -> None:
        self.tenure = Tenure()
        self.ownership: Ownership
        self.commands: Commands
        self._service = service
        self._clock = clock
        self._claimed: dict[str, float] = {}
        self._succession: Succession
        self._leases: Leases
        self._deliveries: Deliveries
        self._store: Database
        self._router: Router
        self._recovery: Recovery
        self._joined = self.leaving = False

    def join(
        self, store: Database, router: Router, recovery: Recovery, deliveries: Deliveries
    ) -> None:
        """With the engine that is there now."""
        self._store, leases = store, store.leases
        self.commands = Commands(store.commands, store, router, self._clock)
        self.ownership = Ownership(store, leases if leases.shared else None, self._service.worker)
        self._leases, self._deliveries = leases, deliveries
        self._router, self._recovery, self._joined = router, recovery, True
        self._succession = Succession(
            leases=leases,
            router=router,
            recovery=recovery,
            deliveries=deliveries,
            tenure=self.tenure,
        )

    @contextlib.asynccontextmanager
    async def beating(self, links: Callable[[], list[AriPbx]]) -> AsyncIterator[None]:
        """Live for the others, if there may be any. Raises StorageError."""
        returns = Returns(self._leases, self._store, self._router)
        mending = Mending(self._leases, self._router, self._recovery)
        self._router.returned, self._router.broken = returns.take, mending.take
        try:
            async with self._beating(links):
                yield
        finally:
            await asyncio.gather(returns.close(), mending.close())

    @contextlib.asynccontextmanager
    async def _beating(self, links: Callable[[], list[AriPbx]]) -> AsyncIterator[None]:
        if not self._leases.shared:
            yield
            return
        heartbeat = Heartbeat(
            self._leases,
            self._succession,
            self.tenure,
            apps=lambda: {each.name: each.app for each in links() if each.connected},
            sure=self._succession.go_on,
            now=elapsed,
        )
        async with heartbeat.running(), self.commands.running():
            yield

    def database(self, there: bool) -> None:
        """It went away, or is back."""
        self.tenure.database(there=there)
        if not there and self._joined:
            self._succession.go_on()

    def claims(self, asterisk: str) -> Claims:
        """What is claimed of the calls that an Asterisk offers to all."""
        return Claims(
            asterisk,
            self._claimed,
            calls=lambda: self._router.calls,
            accepting=lambda: self._router.accepting() and not self.tenure.doubtful(),
            most=self._service.max_calls,
            now=elapsed,
        )

    async def put_down(self) -> None:
        """N-7: every call is kept as it is, and goes on elsewhere or with our next start. One that
        a reply is on its way for waits for it: else it would be asked for twice.
        """
        if self.leaving:
            return
        self.leaving = True
        calls = self._router.calls
        await self._close({*calls} - self._deliveries.trying())
        await self._deliveries.settle(SETTLE_S)
        await self._close({*calls})

    async def _close(self, call_uuids: set[str]) -> None:
        actors = [self._router.calls[each] for each in call_uuids]
        open_ones = [actor for actor in actors if not actor.closed]
        for actor in open_ones:
            actor.close()
        if self._leases.shared and open_ones:
            given = [actor.state.call_uuid for actor in open_ones]
            await self._parting(self._succession.hand_over(given))

    async def resign(self) -> None:
        """N-7: all is kept; whatever we still own may be adopted at once."""
        if self._leases.shared:
            await self._parting(self._leases.resign())

    async def _parting(self, work: Coroutine[None, None, None]) -> None:
        try:
            async with asyncio.timeout(LEAVE_S):
                await work
        except (StorageError, TimeoutError) as error:
            log.warning("not_handed_over", reason=str(error) or "the database does not answer")
