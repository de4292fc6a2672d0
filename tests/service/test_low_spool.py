"""Too little room where Asterisk records: the place is named (N-4)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.service.conftest import Change
from tests.service.service import Service
from tests.service.steps import silence

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def change() -> Change:
    """More room is asked for than any disk has."""

    def changed(configured: dict[str, Any]) -> None:
        configured["asterisk"][0]["min_free_mb"] = 9_000_000

    return changed


@pytest.mark.rule("N-4")
async def test_the_first_call_already_knows_it(service: Service) -> None:
    told = await service.program.said("disk_low", place="spool:pbx", level="error")
    service.program.log.remove(told)  # the one error that was wanted
    line = service.line()
    line.answers(line.record())
    call = await line.call([silence(30)])
    said = (await line.next("callback")).params
    assert said["RecordingError"] == "disk full: spool:pbx"
    await call.ended()
