"""A channel that was a call before comes back: to whichever worker claims it (N-6), or after a
restart.

Only the database knows the call then. That a channel is an old one shows when its first commit is
refused: nothing was asked of Asterisk for it before.
"""

from __future__ import annotations

import structlog

from recordbridge import ids
from recordbridge.engine import rows
from recordbridge.engine.errands import Errands
from recordbridge.engine.router import Router
from recordbridge.errors import PbxError, StorageError
from recordbridge.machine.facts import CallEntered
from recordbridge.ports.store import Leases, Store

log = structlog.get_logger()


class Returns:
    """Takes such calls up. Lives on the event loop."""

    def __init__(self, leases: Leases, store: Store, router: Router) -> None:
        self._leases = leases
        self._store = store
        self._router = router
        self._errands = Errands()

    def take(self, asterisk: str, entered: CallEntered) -> None:
        """Go on with the call that this channel was."""
        self._errands.start(self._take(asterisk, entered), f"return {entered.channel_id}")

    async def close(self) -> None:
        """What is not taken is found in our application by the next start."""
        await self._errands.close()

    async def _take(self, asterisk: str, entered: CallEntered) -> None:
        call_uuid = ids.call_uuid(asterisk, entered.channel_id)
        try:
            row = await self._leases.take_call(call_uuid)
            if row is None:
                await self._send_on(asterisk, call_uuid, entered)
            elif call_uuid not in self._router.calls:
                self._router.take_back(row)
                self._router.fact(asterisk, call_uuid, entered)
        except (StorageError, PbxError) as error:
            log.warning("call_not_taken_back", call_uuid=call_uuid, reason=str(error))

    async def _send_on(self, asterisk: str, call_uuid: str, entered: CallEntered) -> None:
        """Another worker records the channel since it was in the dialplan: it gets the call too.

        One that is in another's application by now is not touched: it was adopted from us.
        """
        row = await self._store.call(call_uuid)
        if row is None or not rows.decode(row.state).outside:
            log.warning("call_is_another_workers", call_uuid=call_uuid)
            return
        others = {each.worker: each.apps for each in await self._leases.neighbours() if each.lives}
        app = others.get(row.owner, {}).get(asterisk)
        pbx = next(each for each in self._router.pbxs() if each.name == asterisk)
        if app is not None:
            log.info("call_sent_on", call_uuid=call_uuid, worker=row.owner)
            await pbx.send_on(entered.channel_id, app, entered.args)
