"""The little Asterisk beside a service that can be killed: what was not committed is forgotten.

A step is committed when the first of its late intents goes out, else a while after it. `kill`
forgets all that the process had in hand; what it had sent to Asterisk arrives there. Then requests
that were not answered, as far as the store knows, are sent again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from recordbridge.machine import call as machine
from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from tests.unit.machine.asterisk import Asterisk
from tests.unit.machine.drive import Drive

COMMIT_MS = 50


class Mortal(Asterisk):
    """`committed` is what the store has of the call, with the number of its step."""

    def __init__(self, drive: Drive, **options: Any) -> None:
        super().__init__(drive, **options)
        self.committed = (0, drive.state)
        self._steps = 0
        self._seen = drive.state
        self._emitted: list[int] = [0] * len(drive.sent)
        self._rows: dict[str, i.Request] = {}
        self._answered: dict[str, int] = {}
        self._mute = False

    def _obey(self, until: Callable[[], bool]) -> bool:
        if self.drive.state is not self._seen:
            self._seen = self.drive.state
            self._steps += 1
            self._keep_by(self._later_commit())
        self._emitted += [self._steps] * (len(self.drive.sent) - len(self._emitted))
        return super()._obey(until)

    def _later_commit(self) -> tuple[int, Any]:
        return self._steps, self.drive.state

    def _keep_by(self, step: tuple[int, Any]) -> None:
        super()._later("store", lambda: self._keep(step), COMMIT_MS)

    def _keep(self, step: tuple[int, Any]) -> None:
        self.committed = max(self.committed, step, key=lambda each: each[0])

    def _later(self, lane: str, do: Callable[[], None], ms: int | None = None) -> None:
        if lane != "late":
            super()._later(lane, do, ms)
            return
        step = (self._steps, self.drive.state)

        def act() -> None:
            self._keep(step)
            do()

        super()._later(lane, act, ms)

    def _take(self, intent: i.Intent) -> None:
        match intent:
            case i.Request():
                self._later("late", lambda: self._row(intent))
            case i.MakeDurable(request_id=request_id) | i.Abandon(request_id=request_id):
                self._later("late", lambda: self._ignored.add(request_id))
            case _:
                super()._take(intent)

    def _row(self, request: i.Request) -> None:
        self._rows[request.request_id] = request
        self._later("", lambda: self._request(request), self.reply_ms)

    def _request(self, request: i.Request) -> None:
        super()._request(request)
        self._answered[request.request_id] = self._steps + 1

    def _tell(self, make: Callable[[int], f.Fact]) -> None:
        if not self._mute:
            super()._tell(make)

    def _refused(self, target: str, name: str, reason: str, *, gone: bool) -> None:
        if not self._mute:
            super()._refused(target, name, reason, gone=gone)

    def kill(self) -> None:
        """kill -9, and the next start; `reconnect` follows."""
        agenda, self._agenda = sorted(self._agenda, key=lambda each: each[:2]), []
        self._mute = True
        for entry in agenda:
            if entry[2] == "early" and self.connected:
                entry[3]()
            elif entry[2] == "pbx":
                self._agenda.append(entry)
        self._mute = False
        self.connected = False
        self._unbegun.clear()
        step, state = self.committed
        drive = self.drive
        kept = [n <= step for n in self._emitted]
        drive.sent = [each for each, known in zip(drive.sent, kept, strict=False) if known]
        self._emitted = [n for n in self._emitted if n <= step]
        self._obeyed = len(drive.sent)
        self._steps, self._seen = step, state
        drive.state, drive.due = state, machine.deadline(state)
        self._resume(step)

    def _resume(self, step: int) -> None:
        self._feed(f.PbxLost(restarted=True))
        for request in list(self._rows.values()):
            if self._answered.get(request.request_id, step + 1) > step:
                self._later("", lambda r=request: self._request(r), self.reply_ms)  # type: ignore[misc]
