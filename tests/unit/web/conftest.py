"""A running application on loopback, its rows and files in the hands of the test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from recordbridge.blobs.local import LocalFile
from recordbridge.errors import StorageError
from recordbridge.ports.audio import Opened
from recordbridge.ports.rows import RecordingRow
from recordbridge.web import RecordUrls, application
from recordbridge.web.signing import Access

NOW = 1_790_000_000_000
Client = TestClient[web.Request, web.Application]


@dataclass
class World:
    """Everything the doors depend on, and one client of theirs."""

    folder: Path
    access: Access = "signed"
    now: int = NOW
    rows: dict[str, RecordingRow] = field(default_factory=dict)
    checks: dict[str, Callable[[], Awaitable[str]]] = field(default_factory=dict)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    asked: list[str] = field(default_factory=list)
    broken: str = ""
    store: str = ""
    """An object store to which whoever fetches is sent."""

    @property
    def urls(self) -> RecordUrls:
        return RecordUrls("", ["k"], 30, self.access)

    async def recording(self, recording_id: str) -> RecordingRow | None:
        self.asked.append(recording_id)
        if self.broken:
            raise StorageError(self.broken)
        return self.rows.get(recording_id)

    async def open(self, name: str) -> Opened | None:
        place = self.folder / name
        return LocalFile(place.open("rb")) if place.exists() else None

    async def link(self, name: str, method: str) -> str | None:
        return f"{self.store}{name}?{method}" if self.store else None

    def clock(self) -> int:
        return self.now

    def application(self) -> web.Application:
        return application(
            rows=self,
            files=self,
            urls=self.urls,
            accounts={"MA1": ("secret", "older"), "MA2": ("other",)},
            clock=self.clock,
            checks=self.checks,
            registry=self.registry,
        )


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    async with TestClient(TestServer(world.application())) as client:
        yield client
