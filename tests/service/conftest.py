"""Fixtures: a service for each module."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests import postgres
from tests.objectstore import ObjectStore
from tests.receiver import Receiver
from tests.service import service as services
from tests.service.calm import Watch
from tests.service.carrier import Carrier
from tests.service.certificates import Certificates
from tests.service.program import Program
from tests.service.service import Service
from tests.service.team import Team, team

Change = Callable[[dict[str, Any]], None]
"""Changes a configuration before it is written."""


@pytest.fixture(scope="session")
def _watch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    watch = Watch(tmp_path_factory.mktemp("watch") / "late")
    yield watch
    watch.close()


@pytest.fixture
def watch(_watch: Watch) -> Watch:
    """Whether the machine keeps its time in this test."""
    _watch.begin()
    return _watch


@pytest.fixture(scope="module")
def change() -> Change | None:
    """What a module wants changed in the configuration of its service."""
    return None


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """A real S3 server."""
    store = ObjectStore(tmp_path_factory.mktemp("objectstore"))
    yield store
    store.close()


def in_store(store: ObjectStore, **more: str) -> Change:
    """Recordings are kept there."""

    def changed(configured: dict[str, Any]) -> None:
        configured["storage"] |= store.settings() | more

    return changed


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(
    rig: Mapping[str, str], change: Change | None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """A service that must have gone without an error, and left nothing, when its tests are over."""
    async with running(rig, tmp_path_factory.mktemp("service"), change) as service:
        yield service
        await service.nothing_left()
        await service.program.stop()
        judge(service.program)


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    """A PostgreSQL of the module's own, as an operator runs it."""
    with postgres.running(fsync=True) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(
    rig: Mapping[str, str],
    server: postgres.Server,
    change: Change | None,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Team]:
    """Two workers that must have gone without an error, and left nothing."""
    changes = () if change is None else (change,)
    async with team(rig, tmp_path_factory.mktemp("pair"), server.fresh(), *changes) as pair:
        yield pair
        await pair.ends_well()


@contextlib.asynccontextmanager
async def running(
    rig: Mapping[str, str],
    folder: Path,
    change: Change | None = None,
    tls: Certificates | None = None,
) -> AsyncIterator[Service]:
    """A service, its application and its callers; whoever wants it to end well says so itself."""
    listening = Receiver(tls=None if tls is None else tls.server)
    async with listening as application, Carrier(rig) as carrier:
        configured = services.settings(rig, folder, application)
        if change is not None:
            change(configured)
        program = Program(folder, configured, tls)
        try:
            await program.start()
            yield Service(program, application, carrier, rig, configured["database"]["url"])
        finally:
            await program.discard()


def judge(program: Program) -> None:
    """Nothing went wrong inside: no line of level error, no line that is no event."""
    errors = [line for line in program.log if line["level"] == "error"]
    assert (errors, program.words) == ([], []), program.told()
