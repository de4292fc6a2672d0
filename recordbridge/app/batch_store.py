"""Transcribing without a service: this process writes to the database and runs the engine."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncIterator
from importlib.metadata import version
from pathlib import Path

from recordbridge.app.batch_desk import GONE, Found
from recordbridge.app.storage import storage
from recordbridge.app.transcripts import transcribing
from recordbridge.engine.texts import Texts
from recordbridge.instant import Instant, SystemClock
from recordbridge.ports.lists import RecordingFilter, Span
from recordbridge.settings import Settings
from recordbridge.store import Database, open_store
from recordbridge.telemetry.metrics import Metrics

PAGE = 200


@contextlib.asynccontextmanager
async def store_desk(settings: Settings) -> AsyncIterator[StoreDesk]:
    """Raises StorageError when the database is another's, or away."""
    async with contextlib.AsyncExitStack() as stack:
        database = settings.database.url.get_secret_value()
        store = await stack.enter_async_context(
            open_store(database, worker=settings.service.worker)
        )
        metrics = Metrics(version("recordbridge"))
        blobs = await stack.enter_async_context(storage(settings.storage, metrics))
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="recordbridge-")))
        made = transcribing(settings, store, blobs, work, _later, SystemClock(), metrics)
        await stack.enter_async_context(made.transcriber.running())
        yield StoreDesk(store, made.texts)


def _later(_row: object) -> None:
    """The service sends it when it starts: the row is there."""


class StoreDesk:
    """Implements `batch_desk.Desk`."""

    def __init__(self, store: Database, texts: Texts) -> None:
        self._store = store
        self._texts = texts

    async def known(self, recording_id: str) -> bool:
        """See the port."""
        row = await self._store.recording(recording_id)
        return row is not None and row.deleted_at is None

    async def since(self, at: Instant) -> list[str]:
        """See the port."""
        wanted = RecordingFilter(status=("ready", "failed"), deleted=False, added=Span(since=at))
        found: list[str] = []
        while page := await self._store.recordings(wanted, limit=PAGE, offset=len(found)):
            found += [row.recording_id for row in page]
        return found[::-1]

    async def found(self, recording_id: str) -> Found | None:
        """See the port."""
        row = await self._texts.find(recording_id)
        return None if row is None else Found(row.state == "waiting", row.error, row.engine)

    async def ask(self, recording_id: str, model: str) -> str:
        """See the port."""
        row = await self._store.recording(recording_id)
        if row is None:
            return GONE
        refused = await self._texts.again(row, model, None)
        return "" if refused is None else refused.sentence
