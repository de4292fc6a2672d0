"""What attempts came to, until the database has it (H-6).

A crash forgets what was not kept yet: it is sent once more. A database that refuses it is given it
again, because what is done must not be taken for due.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterator

import structlog

from recordbridge.engine.commits import Commits
from recordbridge.ports.rows import AttemptRow, RequestUpdate, Unit
from recordbridge.ports.store import Store

log = structlog.get_logger()

AGAIN_S = 1.0
"""Until what the database refused is given to it again."""


class Results:
    """Gathers them, and keeps those of a moment together."""

    def __init__(self, store: Store, commits: Commits) -> None:
        self._store = store
        self._commits = commits
        self._loop = asyncio.get_running_loop()
        self._updates: list[RequestUpdate] = []
        self._attempts: list[AttemptRow] = []
        self._refused: list[RequestUpdate] = []
        self._stopping = False

    def add(self, *updates: RequestUpdate, attempt: AttemptRow | None = None) -> None:
        """After whatever the reply came to: else a call could wait for one that was given (N-1)."""
        self._updates += updates
        if attempt is not None:
            self._attempts.append(attempt)
        self._commits.replied(self._flush)

    def now(self) -> None:
        """Into the database's queue, and everything that has to come before."""
        self._commits.now(self._flush)

    def close(self) -> None:
        """Give away the last."""
        self._stopping = True
        self._flush()

    def __iter__(self) -> Iterator[RequestUpdate]:
        """What is not in the database's queue yet."""
        yield from self._updates
        yield from self._refused

    def _flush(self) -> None:
        updates, self._updates = self._updates, []
        attempts, self._attempts = self._attempts, []
        if updates:
            unit = Unit(updates=tuple(updates), attempts=tuple(attempts))
            kept = self._store.commit(unit, quiet=True)
            kept.add_done_callback(functools.partial(self._flushed, unit))

    def _flushed(self, unit: Unit, kept: asyncio.Future[None]) -> None:
        if kept.cancelled() or kept.exception() is None:
            return
        log.error("attempts_not_kept", reason=str(kept.exception()), attempts=len(unit.attempts))
        if not self._stopping:
            self._refused += unit.updates
            self._loop.call_later(AGAIN_S, self._again)

    def _again(self) -> None:
        refused, self._refused = self._refused, []
        self.add(*refused)
