"""A call that a mistake of ours has broken is hung up; what it has recorded is told of anyway.

It is taken up as after a restart, from what the database has of it, once: a call that breaks again
is left to the next start.
"""

from __future__ import annotations

import structlog

from recordbridge.engine.errands import Errands
from recordbridge.engine.recovery import Recovery
from recordbridge.engine.router import Router
from recordbridge.errors import PbxError, StorageError
from recordbridge.ports.store import Leases

log = structlog.get_logger()


class Mending:
    """Takes such calls up. Lives on the event loop."""

    def __init__(self, leases: Leases, router: Router, recovery: Recovery) -> None:
        self._leases = leases
        self._router = router
        self._recovery = recovery
        self._tried: set[str] = set()
        self._errands = Errands()

    def take(self, asterisk: str, call_uuid: str) -> None:
        """It has broken, and is being hung up."""
        if call_uuid in self._tried:
            return
        self._tried.add(call_uuid)
        self._errands.start(self._take(asterisk, call_uuid), f"mend {call_uuid}")

    async def close(self) -> None:
        """What is not taken is found by the next start."""
        await self._errands.close()

    async def _take(self, asterisk: str, call_uuid: str) -> None:
        pbx = next(each for each in self._router.pbxs() if each.name == asterisk)
        try:
            row = await self._leases.take_call(call_uuid)
            if row is None or not row.open or call_uuid in self._router.calls:
                return
            log.info("call_taken_up_again", call_uuid=call_uuid)
            await self._recovery.take_over(pbx, [row])
        except (StorageError, PbxError) as error:
            log.warning("call_not_taken_up_again", call_uuid=call_uuid, reason=str(error))
