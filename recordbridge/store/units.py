"""Writing one unit, and telling a repeat from a call that moved on under another owner.

Everything a unit writes may be written twice: updates of a call say which version they follow,
inserts are keyed, and the rest sets values (so an unknown commit is simply repeated).
"""

from __future__ import annotations

import enum
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
    update = sql.attempt_update if unit.call is None else sql.request_update  # the call's fence
    for hot, rows in (
        (sql.recording, unit.recordings),
        (sql.request, unit.requests),
        (update, unit.updates),
        (sql.attempt, unit.attempts),
        (sql.start, unit.starts),
        (sql.transcript, unit.transcripts),
        (sql.transcribed, unit.transcribed),
        (sql.answer, unit.answers),
    ):
        for row in rows:
            cursor.execute(hot.sql, hot.values(row))


class Standing(enum.Enum):
    """Where a call's row stands when its unit did not fit."""

    STORED = "stored"
    """This version was committed before: the unit is done."""
    BEHIND = "behind"
    """Ours, but an earlier version is missing."""
    MOVED = "moved"
    """Another owner, or another course of the call, wrote it."""


class Repeats:
    """Knows units that were stored before and are given again: they count as done.

    A call's row that stands where this unit, or a later one of the same batch, was to put it
    shows that this unit is stored.
    """

    def __init__(self, units: Iterable[Unit]) -> None:
        self._states = {
            (unit.call.call_uuid, unit.call.version, unit.call.fence): unit.call.state
            for unit in units
            if unit.call is not None
        }

    def standing(self, cursor: Cursor, sql: Statements, call: CallRow) -> Standing:
        """Where the row is, seen from the version that was to be written."""
        cursor.execute(sql.call_at, (call.call_uuid,))
        found = cursor.fetchone()
        if found is None:
            return Standing.BEHIND
        version, fence, state = found
        assert isinstance(version, int)
        if fence != call.fence:
            return Standing.MOVED
        if version < call.version:
            return Standing.BEHIND
        same = self._states.get((call.call_uuid, version, call.fence)) == state
        return Standing.STORED if same else Standing.MOVED
