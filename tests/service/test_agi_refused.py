"""FastAGI from a network that is not listed: refused, and the dialplan goes on (G-3)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.service.conftest import Change
from tests.service.dialplan import Dialplan
from tests.service.program import free_port
from tests.service.service import Service
from tests.service.steps import silence

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

PORT = free_port()


@pytest.fixture(scope="module")
def change() -> Change:
    def changed(settings: dict[str, Any]) -> None:
        settings["agi"] = {"listen": f"127.0.0.1:{PORT}", "allow_networks": ["192.0.2.0/24"]}

    return changed


@pytest.mark.rule("G-3")
async def test_the_dialplan_goes_on_without_a_recording(service: Service) -> None:
    line = service.line()
    dialplan = Dialplan(service, PORT)
    call = await dialplan.call(line, [silence(60)])
    told = await dialplan.told(line, 5)
    assert (told.status, told.recording_id) == ("", "")
    await service.program.said("agi_connection_refused", reason="not in agi.allow_networks")
    await call.hang_up()
    await service.nothing_left()
    assert not service.rows("SELECT * FROM recordings")
