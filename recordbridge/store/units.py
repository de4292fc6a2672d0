"""Writing one unit, and telling a repeat from a call that moved on under another owner.

Everything a unit writes may be written twice: updates of a call say which version they follow,
inserts are keyed, and the rest sets values (so an unknown commit is simply repeated).
"""

from __future__ import annotations

from collections.abc import Iterable

from recordbridge.errors import FenceError
from recordbridge.ports.rows import CallRow, Unit
from recordbridge.store.statements import Cursor, Statements


class StaleError(FenceError):
    """The call's row is not at `version - 1` under this fence; `call` is what was to be written."""

    def __init__(self, call: CallRow) -> None:
        super().__init__(
            f"Call {call.call_uuid} cannot take version {call.version} under fence {call.fence}: "
            "its row has moved on."
        )
        self.call = call


def write(cursor: Cursor, sql: Statements, unit: Unit) -> None:
    """Write the unit's rows in its order. Raises StaleError before anything was written."""
    if unit.call is not None:
        hot = sql.call_insert if unit.call.version == 1 else sql.call_update
        cursor.execute(hot.sql, hot.values(unit.call))
        if cursor.rowcount != 1:
            raise StaleError(unit.call)
    for hot, rows in (
        (sql.recording, unit.recordings),
        (sql.request, unit.requests),
        (sql.request_update, unit.updates),
        (sql.attempt, unit.attempts),
    ):
        for row in rows:
            cursor.execute(hot.sql, hot.values(row))


class Repeats:
    """Knows by the calls' rows which units of a batch an earlier, unknown commit has stored.

    The batch was committed whole or not at all, so a row that stands where this unit, or a
    later one of the batch, was to put it proves that this unit is stored.
    """

    def __init__(self, units: Iterable[Unit]) -> None:
        self._states = {
            (unit.call.call_uuid, unit.call.version, unit.call.fence): unit.call.state
            for unit in units
            if unit.call is not None
        }

    def is_stored(self, cursor: Cursor, sql: Statements, call: CallRow) -> bool:
        """Whether the row of the call shows that this version of it was committed."""
        cursor.execute(sql.call_at, (call.call_uuid,))
        found = cursor.fetchone()
        if found is None:
            return False
        version, fence, state = found
        if fence != call.fence or not isinstance(version, int) or version < call.version:
            return False
        return self._states.get((call.call_uuid, version, call.fence)) == state
