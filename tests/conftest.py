"""What holds for every test: no task is left behind, no error of the event loop goes unseen."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from tests import rigged
from tests.postgres import Server, running

# A service that a test starts would compile all it imports, which takes five seconds of a core.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Without this, the first test makes pytest-asyncio ask for "the current loop", for which Python
# 3.11 creates one that nobody closes; whichever test runs when it is collected would fail.
asyncio.set_event_loop(None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A real PostgreSQL for this test process; each test makes databases of its own in it."""
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """A real Asterisk for this test process, and its carrier; whoever uses it leaves it empty."""
    with rigged.running(tmp_path_factory.mktemp("rig")) as facts:
        yield facts


@pytest_asyncio.fixture
async def _tidy_loop() -> AsyncIterator[None]:
    """Fails the test that leaves a task behind or lets an exception reach the loop."""
    loop = asyncio.get_running_loop()
    unseen: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: unseen.append(context))
    before = asyncio.all_tasks()
    yield
    for _ in range(3):  # what was cancelled at the test's end gets its turns to end
        await asyncio.sleep(0)
    left = [t for t in asyncio.all_tasks() - before if t is not asyncio.current_task()]
    assert not left, f"the test left tasks behind: {left}"
    assert not unseen, f"exceptions reached the event loop: {unseen}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The guard goes first, so that it ends last, after the test's own fixtures."""
    for item in items:
        if isinstance(item, pytest.Function) and asyncio.iscoroutinefunction(item.function):
            item.fixturenames.insert(0, "_tidy_loop")
